/**
 * A baseline made ready for planning: selectors compiled, templates rendered once per set of directions.
 *
 * Done once per generation, shared by all namespaces, so that planning one namespace costs microseconds.
 */
import { hashedSpec, type HashedSpec } from '../api/canonical.ts';
import { ALLOW_DNS, DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction, type LabelSelector, type NetworkPolicySpec } from '../api/network-policy.ts';
import type { BaselineSpec, Exemption, Mode } from '../api/v1alpha1.ts';
import type { BaselineRecord, NamespaceRecord } from '../kube/objects.ts';
import { matcherOf, selectorProblem, type Matcher } from '../api/selector.ts';
import { anyPeerProblem, peersProblem, portsProblem, templateProblem } from './template-problem.ts';
import { allowDns } from './templates/allow-dns.ts';
import { defaultDeny } from './templates/default-deny.ts';
import { project } from './templates/project.ts';

/** One of the three sets of directions that can be enforced, spelled so that it can be a key. */
export type DirectionSet = 'Ingress' | 'Egress' | 'Ingress,Egress';

export interface CompiledTemplate {
  readonly name: string;
  readonly description: string | undefined;
  readonly selects: Matcher;
  /** The selector itself cannot exist: nobody knows which namespaces it means. */
  readonly selectsUnknown: boolean;
  /** Rendered for a set of enforced directions; `undefined` where nothing is left of the template. */
  readonly rendered: ReadonlyMap<DirectionSet, HashedSpec>;
  readonly problem: string | undefined;
}

export interface CompiledExemption {
  readonly applies: (namespace: NamespaceRecord) => boolean;
  readonly directions: ReadonlySet<Direction>;
  /** Milliseconds since the epoch; `Infinity` when it never ends. */
  readonly expiresAtMs: number;
  /** The namespace, or the selector as text: what metrics and messages call it. */
  readonly target: string;
  readonly reason: string;
}

export interface CompiledBaseline {
  readonly record: BaselineRecord;
  readonly name: string;
  /** The spec that is planned with: where the present one has a problem the last good one, switched as the present one says. */
  readonly spec: BaselineSpec;
  /** Why the stored spec cannot be used as it is; nothing is removed for such a baseline. */
  readonly problem: string | undefined;
  /** False where there is no good spec to plan with: no claims, no removals. */
  readonly usable: boolean;
  readonly selects: Matcher;
  readonly excluded: ReadonlySet<string>;
  readonly modes: Readonly<Record<Direction, Mode>>;
  readonly exemptions: readonly CompiledExemption[];
  readonly templates: readonly CompiledTemplate[];
}

export function directionSet(directions: ReadonlySet<Direction>): DirectionSet | undefined {
  const text = DIRECTIONS.filter((direction) => directions.has(direction)).join(',');
  return text === '' ? undefined : (text as DirectionSet);
}

export function compileBaseline(record: BaselineRecord, lastGood?: CompiledBaseline): CompiledBaseline {
  const problem = record.problem ?? (record.spec === undefined ? 'spec is missing' : specProblem(record.spec));
  if (problem === undefined && record.spec !== undefined) return compileSpec(record, record.spec, undefined);
  if (lastGood?.usable === true && lastGood.record.uid === record.uid) return { ...lastGood, record, problem, spec: { ...lastGood.spec, ...switchesOf(record) } };
  return { ...compileSpec(record, NOTHING, problem), usable: false };
}

/**
 * What of a spec that cannot be used as a whole counts all the same: who pauses it means it, whatever else is wrong.
 * On its way out such a baseline retains its policies.
 */
function switchesOf({ spec, deleting }: BaselineRecord): Partial<BaselineSpec> {
  const retained = deleting ? { deletionPolicy: 'Retain' as const } : {};
  if (spec === undefined) return retained;
  const { paused, driftPolicy, adoptionPolicy, deletionPolicy } = spec;
  return { paused, driftPolicy, adoptionPolicy, deletionPolicy, ...retained };
}

/** Planned with where a baseline never had a good spec: it selects nothing and removes nothing. */
const NOTHING: BaselineSpec = {
  priority: 0, namespaceSelector: {}, excludedNamespaces: [], ingress: { mode: 'Disabled' }, egress: { mode: 'Disabled' },
  dns: { enabled: false, discovery: 'Static', peers: [], ports: [] }, policies: [], exemptions: [], ownerKey: '',
  driftPolicy: 'Warn', adoptionPolicy: 'Refuse', deletionPolicy: 'Retain', paused: true,
};

function compileSpec(record: BaselineRecord, spec: BaselineSpec, problem: string | undefined): CompiledBaseline {
  return {
    record,
    name: record.name,
    spec,
    problem,
    usable: true,
    selects: matcherOf(spec.namespaceSelector),
    excluded: new Set(spec.excludedNamespaces),
    modes: { Ingress: spec.ingress.mode, Egress: spec.egress.mode },
    exemptions: spec.exemptions.map(compileExemption),
    templates: compileTemplates(spec),
  };
}

function compileExemption(exemption: Exemption): CompiledExemption {
  const { namespace, namespaceSelector } = exemption;
  const matches = matcherOf(namespaceSelector);
  return {
    applies: namespace === undefined ? ({ labels }) => matches(labels) : ({ name }) => name === namespace,
    directions: new Set(exemption.directions ?? DIRECTIONS),
    expiresAtMs: exemption.expiresAt === undefined ? Infinity : Date.parse(exemption.expiresAt),
    target: namespace ?? JSON.stringify(namespaceSelector),
    reason: exemption.reason,
  };
}

function compileTemplates(spec: BaselineSpec): CompiledTemplate[] {
  const everywhere = matcherOf(undefined);
  const templates = spec.policies.map((template): CompiledTemplate => {
    const selected = prefixed('namespaceSelector', selectorProblem(template.namespaceSelector));
    return {
      name: template.name,
      description: describe(template.description, template.owner),
      selects: matcherOf(template.namespaceSelector),
      selectsUnknown: selected !== undefined,
      rendered: render(template.networkPolicy),
      problem: templateProblem(template.networkPolicy) ?? anyPeerProblem(template) ?? selected,
    };
  });
  if (spec.dns.enabled) {
    templates.push({
      name: ALLOW_DNS,
      description: undefined,
      selects: everywhere,
      selectsUnknown: false,
      rendered: render(allowDns(spec.dns)),
      problem: prefixed('dns', peersProblem('peers', spec.dns.peers) ?? portsProblem(spec.dns.ports)),
    });
  }
  templates.push({
    name: DEFAULT_DENY, description: undefined, selects: everywhere, selectsUnknown: false, rendered: render(defaultDeny(DIRECTIONS)), problem: undefined,
  });
  return templates.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const DIRECTION_SETS: readonly DirectionSet[] = ['Ingress', 'Egress', 'Ingress,Egress'];

function render(spec: NetworkPolicySpec): ReadonlyMap<DirectionSet, HashedSpec> {
  const rendered = new Map<DirectionSet, HashedSpec>();
  for (const set of DIRECTION_SETS) {
    const projected = project(spec, new Set(set.split(',') as Direction[]));
    if (projected !== undefined) rendered.set(set, hashedSpec(projected));
  }
  return rendered;
}

function describe(description: string | undefined, owner: string | undefined): string | undefined {
  if (owner === undefined) return description;
  return description === undefined ? `owner: ${owner}` : `${description} (owner: ${owner})`;
}

/** Of the parts whose failure concerns all namespaces; a bad template concerns itself alone. */
function specProblem(spec: BaselineSpec): string | undefined {
  const selected = prefixed('spec.namespaceSelector', selectorProblem(spec.namespaceSelector));
  if (selected !== undefined) return selected;
  for (const [index, exemption] of spec.exemptions.entries()) {
    const problem = prefixed(`spec.exemptions[${index}]`, exemptionProblem(exemption));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The CRD says most of this too; here it is said again, since an exemption of nothing in particular opens everything. */
function exemptionProblem({ namespace, namespaceSelector, expiresAt }: Exemption): string | undefined {
  if ((namespace === undefined) === (namespaceSelector === undefined)) return 'an exemption names exactly one of namespace and namespaceSelector';
  if (namespaceSelector !== undefined && isEmptySelector(namespaceSelector)) return 'namespaceSelector: an empty one would exempt every namespace';
  if (expiresAt !== undefined && Number.isNaN(Date.parse(expiresAt))) return `expiresAt: "${expiresAt}" is not an RFC 3339 time`;
  return prefixed('namespaceSelector', selectorProblem(namespaceSelector));
}

function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function prefixed(field: string, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${field}: ${problem}`;
}

/** Higher priority, then older, then name: whose claim on a name counts. */
export function byPrecedence(a: CompiledBaseline, b: CompiledBaseline): number {
  return b.spec.priority - a.spec.priority
    || a.record.createdAtMs - b.record.createdAtMs
    || (a.name < b.name ? -1 : 1);
}
