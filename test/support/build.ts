/**
 * Values for tests of planning: a test names only the fields that matter to it.
 *
 * Everything goes through the real parsers, so that a record here is what the operator would keep.
 */
import { hashedSpec } from '../../src/api/canonical.ts';
import {
  BASELINE_LABEL, DEFAULT_SYSTEM_NAMESPACES, DESCRIPTION_ANNOTATION, FIELD_MANAGER, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL, PART_OF_LABEL, PRODUCT,
  TEMPLATE_HASH_ANNOTATION, TEMPLATE_LABEL,
} from '../../src/api/names.ts';
import { DIRECTIONS, type Direction, type NetworkPolicySpec } from '../../src/api/network-policy.ts';
import type { BaselineSpec, BaselineStatus, PolicyTemplate } from '../../src/api/v1alpha1.ts';
import { parseBaseline, parseNamespace, parsePolicy, type BaselineRecord, type NamespaceRecord, type ObjectMeta, type PolicyRecord, type WireNetworkPolicy } from '../../src/kube/objects.ts';
import { policyInterner } from '../../src/kube/policy-interner.ts';
import { byPrecedence, compileBaseline, type CompiledBaseline } from '../../src/plan/compile.ts';
import type { RowIsolation } from '../../src/plan/effect.ts';
import { planNamespace, type NamespacePlan, type PlannedName } from '../../src/plan/plan.ts';
import { defaultDeny } from '../../src/plan/templates/default-deny.ts';
import { NO_FACTS, verdictFor, type NamespaceFacts, type Verdict } from '../../src/plan/verdict.ts';
import type { NamespaceView } from '../../src/plan/view.ts';
import { nameOf, type Write } from '../../src/plan/writes.ts';

export const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
const intern = policyInterner();

export interface NamespaceFields { labels?: Record<string, string>; annotations?: Record<string, string>; terminating?: boolean; uid?: string }

export function aNamespace(name = 'team-a', { labels = {}, annotations = {}, terminating = false, uid = `uid-${name}` }: NamespaceFields = {}): NamespaceRecord {
  return parseNamespace({
    metadata: {
      name, uid, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', annotations,
      labels: { 'kubernetes.io/metadata.name': name, ...labels },
      ...(terminating ? { deletionTimestamp: '2026-06-01T00:00:00Z' } : {}),
    },
  });
}

type Deep<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Deep<T[K]> } : T;
export type SpecFields = Deep<BaselineSpec>;

export interface BaselineFields extends Omit<Partial<ObjectMeta>, 'annotations'> { confirm?: string; status?: BaselineStatus; deleting?: boolean; created?: string }

/** `spec` as a user types it; what is left out is defaulted. */
export function aRecord(name = 'default', spec: SpecFields | object = {}, { confirm, status, deleting, created, ...meta }: BaselineFields = {}): BaselineRecord {
  return parseBaseline({
    metadata: {
      name, uid: `uid-${name}`, resourceVersion: '1', generation: 1, creationTimestamp: created ?? '2026-01-01T00:00:00Z', ...meta,
      ...(confirm === undefined ? {} : { annotations: { 'netbaseline.io/confirm': confirm } }),
      ...(deleting === true ? { deletionTimestamp: '2026-06-01T00:00:00Z' } : {}),
    },
    spec, status,
  });
}

export function aBaseline(name = 'default', spec: SpecFields | object = {}, fields: BaselineFields = {}): CompiledBaseline {
  return compileBaseline(aRecord(name, spec, fields));
}

/** An allow policy of a baseline; from and to everything in the namespace unless the spec says otherwise. */
export function aTemplate(name: string, spec: Partial<NetworkPolicySpec> = {}, fields: Partial<PolicyTemplate> = {}): PolicyTemplate {
  const directions = spec.policyTypes ?? ['Ingress'];
  return {
    name,
    networkPolicy: {
      podSelector: {}, policyTypes: [...directions],
      ...(directions.includes('Ingress') ? { ingress: [{ from: [{ podSelector: {} }] }] } : {}),
      ...(directions.includes('Egress') ? { egress: [{ to: [{ podSelector: {} }] }] } : {}),
      ...spec,
    },
    ...fields,
  };
}

export interface PolicyFields {
  spec?: Partial<NetworkPolicySpec>;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managers?: readonly string[];
  uid?: string;
  resourceVersion?: string;
  ownerReferences?: unknown[];
  finalizers?: string[];
  deleting?: boolean;
  namespace?: string;
}

/** Fields of a policy as a baseline writes it: its labels, and the hash of its spec. */
export function asGenerated(name: string, fields: PolicyFields): PolicyFields {
  const { spec } = aWirePolicy(name, fields);
  return { labels: ourLabels('b', name), annotations: { [TEMPLATE_HASH_ANNOTATION]: intern.spec(spec).hash }, ...fields };
}

/** Somebody else's, unless its labels or managers say otherwise. */
export function aPolicy(name: string, fields: PolicyFields = {}): PolicyRecord {
  return parsePolicy(aWirePolicy(name, fields), intern);
}

export function aWirePolicy(name: string, fields: PolicyFields = {}): WireNetworkPolicy {
  const { spec = {}, labels, annotations, managers = ['kubectl'], uid = `uid-${name}`, resourceVersion = '7', deleting = false, namespace = 'team-a', ...rest } = fields;
  return {
    metadata: {
      name, namespace, uid, resourceVersion,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(rest.ownerReferences === undefined ? {} : { ownerReferences: rest.ownerReferences }),
      ...(rest.finalizers === undefined ? {} : { finalizers: rest.finalizers }),
      ...(deleting ? { deletionTimestamp: '2026-06-01T00:00:00Z' } : {}),
      managedFields: managers.map((manager) => ({ manager, operation: 'Update' })),
    },
    spec: { podSelector: {}, policyTypes: ['Ingress'], ...spec },
  };
}

/** The labels of a generated policy. */
export function ourLabels(baseline: string, template: string): Record<string, string> {
  return { [MANAGED_BY_LABEL]: PRODUCT, [PART_OF_LABEL]: PRODUCT, [BASELINE_LABEL]: baseline, [TEMPLATE_LABEL]: template };
}

export interface GeneratedFields extends PolicyFields { isolatedFor?: string; description?: string; hash?: string | undefined }

/** As the operator wrote it for a baseline; `spec` and labels can be changed after the fact, the hash stays. */
export function aGenerated(baseline: string, name: string, written: NetworkPolicySpec, fields: GeneratedFields = {}): PolicyRecord {
  const { isolatedFor, description, hash = hashedSpec(written).hash, labels, annotations, spec, ...rest } = fields;
  return aPolicy(name, {
    spec: { ...written, ...spec },
    labels: labels ?? ourLabels(baseline, name),
    annotations: {
      ...('hash' in fields && fields.hash === undefined ? {} : { [TEMPLATE_HASH_ANNOTATION]: hash }),
      ...(description === undefined ? {} : { [DESCRIPTION_ANNOTATION]: description }),
      ...(isolatedFor === undefined ? {} : { [ISOLATED_FOR_ANNOTATION]: isolatedFor }),
      ...annotations,
    },
    managers: [FIELD_MANAGER],
    ...rest,
  });
}

/** default-deny of a baseline as the operator wrote it. */
export function aDeny(baseline: string, directions: readonly Direction[] = DIRECTIONS, fields: GeneratedFields = {}): PolicyRecord {
  return aGenerated(baseline, 'default-deny', defaultDeny(directions), fields);
}

export interface ViewFields {
  namespace?: NamespaceRecord;
  baselines?: readonly CompiledBaseline[];
  policies?: readonly PolicyRecord[];
  deleted?: readonly string[];
  system?: readonly string[];
  nowMs?: number;
}

export function aView(fields: ViewFields = {}): NamespaceView {
  const { namespace = aNamespace(), baselines = [aBaseline()], policies = [], deleted = [], system = DEFAULT_SYSTEM_NAMESPACES, nowMs = NOW_MS } = fields;
  return {
    namespace,
    policies: new Map(policies.map((policy) => [policy.name, policy])),
    cluster: {
      baselines: [...baselines].sort(byPrecedence),
      byName: new Map(baselines.map((baseline) => [baseline.name, baseline])),
      systemNamespaces: new Set(system),
      version: 1,
    },
    deleted: new Set(deleted),
    nowMs,
  };
}

/** What a test reads of a write: `Create default-deny (Missing)`. */
export function said(write: Write): string {
  return `${write.kind} ${nameOf(write)} (${write.cause})`;
}

export const writesOf = (view: NamespaceView): string[] => planNamespace(view).writes.map(said);

export function nameIn(plan: NamespacePlan, name: string): PlannedName {
  const found = plan.names.find((planned) => planned.name === name);
  if (found === undefined) throw new Error(`${name} is not planned; planned are: ${plan.names.map((planned) => planned.name).join(', ')}`);
  return found;
}

/** The spec that the plan has for a name. */
export function specOf(plan: NamespacePlan, name: string): NetworkPolicySpec | undefined {
  return nameIn(plan, name).desired?.spec.spec;
}

export function verdictOf(view: NamespaceView, baseline: string, facts: NamespaceFacts = NO_FACTS): Verdict {
  const plan = planNamespace(view);
  const scoped = plan.scopes.find((entry) => entry.baseline.name === baseline);
  if (scoped === undefined) throw new Error(`no baseline ${baseline}`);
  return verdictFor(scoped.baseline, scoped.scope, plan, facts);
}

/** `protected InPlace`, as most tests want it. */
export function stateOf(view: NamespaceView, baseline = 'default', facts: NamespaceFacts = NO_FACTS): string {
  const { state, reason } = verdictOf(view, baseline, facts);
  return `${state} ${reason}`;
}

/** A namespace that is isolated in both directions, which its baseline enforces, unless a test says otherwise. */
export function aRowIsolation(fields: Partial<RowIsolation> = {}): RowIsolation {
  return { isolated: true, enforced: DIRECTIONS, isolatedIn: DIRECTIONS, overriddenIn: [], overridden: undefined, unknown: undefined, ...fields };
}
