/**
 * The audit of a snapshot: each namespace with its level, how isolated it is in each direction, and what was found.
 *
 * Promises: the same for a cluster and for a dump of it; the order of objects does not matter; work is proportional to what
 * there is. Must not: guess. What depends on objects that could not be read is `unknown`.
 */
import { areOurLabels, BASELINE_LABEL, MANAGED_BY_LABEL, TEMPLATE_LABEL } from '../../api/names.ts';
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import { createClassifier, type Classifier } from '../../netpol/classifier.ts';
import { policyTypesOf } from '../../netpol/compile-network-policy.ts';
import type { Options } from '../../netpol/model.ts';
import { buildWorld } from '../../netpol/world.ts';
import { worldInputOf, type SnapshotNamespace, type SnapshotPod, type SnapshotWorld } from '../world.ts';
import { holdsItsPods } from '../workloads.ts';
import type { Origin, Snapshot } from '../snapshot.ts';
import { baselinesIn } from './baselines.ts';
import { classesOf, type DirectionClasses, type NetworkPolicyObject } from './classes.ts';
import { findDns } from './dns.ts';
import { compared, levelOf, sortedFindings, type Draft, type Finding, type ObjectName } from './finding.ts';
import { isolationOf, type Defeats, type Placed } from './isolation.ts';
import { takeInventory, type Inventory } from './inventory.ts';
import { createDnsLint } from './lint-dns.ts';
import { lintPolicy, type Lints } from './lint-policy.ts';
import { lintRefused } from './lint-refused.ts';
import { createSelectorLint } from './lint-selectors.ts';
import { dnsOf, metadataOf, type Around } from './reach.ts';
import type { Audit, AuditedPolicy, DirectionAudit, NamespaceAudit } from './result.ts';
import { servicesOf } from './services.ts';
import { createStanding, isExcused, type Standing } from './standing.ts';
import { summaryOf, worstFirst } from './summary.ts';

export interface AuditOptions extends Options {
  /** Exact names, the operator's own namespace among them. */
  readonly systemNamespaces: ReadonlySet<string>;
  readonly includeSystem: boolean;
  /** Which namespaces are told about; all are looked at. */
  readonly includes: (namespace: SnapshotNamespace) => boolean;
  /** Milliseconds since the epoch: exemptions end. */
  readonly nowMs: number;
}

/** Everything that the audit of one namespace needs to know of the others. */
interface Parts {
  readonly classifier: Classifier;
  readonly inventory: Inventory;
  readonly around: Around;
  readonly lints: Lints;
  readonly standing: (namespace: SnapshotNamespace) => Standing;
}

/** A namespace with what is in it. */
interface Contents {
  readonly namespace: SnapshotNamespace;
  readonly pods: readonly SnapshotPod[];
  readonly policies: readonly NetworkPolicyObject[];
  /** As good as absent. */
  readonly refused: readonly NetworkPolicyObject[];
}

export function auditSnapshot(snapshot: Snapshot, options: AuditOptions): Audit {
  const { ipBlockMatchesPods, systemNamespaces, nowMs } = options;
  const input = worldInputOf(snapshot, { ipBlockMatchesPods });
  const { usable, unusable } = baselinesIn(snapshot);
  const parts = partsOf(snapshot, input, createStanding({ baselines: usable, systemNamespaces, nowMs }));
  const pods = Map.groupBy(input.pods, ({ namespace }) => namespace);
  const [policies, refused] = [input.policies, input.refused].map((all) => Map.groupBy(all.filter((policy) => policy.kind === 'NetworkPolicy'), ({ namespace }) => namespace));
  const asked = input.namespaces.filter((namespace) => !namespace.terminating && options.includes(namespace));
  const wanted = options.includeSystem ? asked : asked.filter(({ name }) => !systemNamespaces.has(name));
  const contentsOf = (namespace: SnapshotNamespace): Contents => (
    { namespace, pods: pods.get(namespace.name) ?? [], policies: policies?.get(namespace.name) ?? [], refused: refused?.get(namespace.name) ?? [] });
  const namespaces = worstFirst(wanted.map((namespace) => auditNamespace(contentsOf(namespace), parts)));
  return { source: snapshot.source, from: snapshot.from, namespaces, summary: summaryOf(namespaces, asked.length - wanted.length), unread: snapshot.unread, unusable };
}

function partsOf(snapshot: Snapshot, input: SnapshotWorld, standing: Parts['standing']): Parts {
  const inventory = takeInventory(input.namespaces.filter(({ declared }) => declared), input.pods, holdsItsPods(snapshot));
  const dns = findDns(servicesOf(snapshot), inventory);
  const selectors = createSelectorLint(inventory);
  return {
    inventory, standing,
    classifier: classified(input),
    // A rule for the address of the DNS Service is one that its author has seen working: such an address counts as any other.
    around: { dns, world: buildWorld({ ...input, serviceIps: [] }) },
    lints: { inventory, selectors, dns: createDnsLint(dns, inventory, selectors) },
  };
}

function classified({ namespaces, pods, policies, options }: SnapshotWorld): Classifier {
  const classifier = createClassifier(options, { beforeAddresses: [] });
  for (const namespace of namespaces) classifier.upsertNamespace(namespace);
  for (const policy of policies) classifier.upsertPolicy(policy);
  for (const pod of pods) classifier.upsertPod(pod);
  classifier.flush();
  return classifier;
}

function auditNamespace({ namespace, pods, policies, refused }: Contents, parts: Parts): NamespaceAudit {
  const { classifier, inventory, around, lints } = parts;
  const { name } = namespace;
  const contents = { name, pods, policies };
  const directions = { Ingress: classesOf('Ingress', contents, { classifier, inventory }), Egress: classesOf('Egress', contents, { classifier, inventory }) };
  const standing = parts.standing(namespace);
  const { findings: isolation, defeats } = isolationOf({ name, standing, directions, policies, refused: refused.length }, classifier);
  const dns = dnsOf(name, directions.Egress, around);
  const placed: Placed[] = [...isolation, ...dns.findings, ...metadataOf(name, directions.Egress, around, policies)];
  const origins = new Map(policies.map((policy) => [policy.name, policy.origin]));
  const fallback = namespace.origin ?? [...policies, ...refused].find(({ origin }) => origin !== undefined)?.origin ?? pods.find(({ origin }) => origin !== undefined)?.origin;
  const findings = sortedFindings([
    ...placed.map((found) => finding(found, { namespace: name, object: found.object, origin: found.object.kind === 'NetworkPolicy' ? origins.get(found.object.name) : fallback })),
    ...refused.flatMap((policy) => lintRefused(policy).map((draft) => finding(draft, { namespace: name, object: nameOf(policy), origin: policy.origin }))),
    ...policies.flatMap((policy) => lintPolicy(policy, lints, defeats).map((draft) => finding(excused(draft, standing), { namespace: name, object: nameOf(policy), origin: policy.origin }))),
  ]);
  return {
    name, standing, findings, level: levelOf(findings), policies: policies.length, named: [...policies, ...refused].map((policy) => namedPolicy(policy, refused.includes(policy))).toSorted((a, b) => compared(a.name, b.name)),
    pods: pods.filter(({ terminal }) => !terminal).length, dns: dns.state,
    directions: { Ingress: directionAudit(directions.Ingress, defeats), Egress: directionAudit(directions.Egress, defeats) },
  };
}

function directionAudit(classes: DirectionClasses, defeats: Readonly<Record<Direction, Defeats>>): DirectionAudit {
  const { class: name, isolated, counts, defaultDeny, hasDefaultDeny, direction } = classes;
  return { class: name, isolated, counts, defaultDeny, hasDefaultDeny, ...defeats[direction] };
}

function nameOf({ kind, namespace, name }: NetworkPolicyObject): ObjectName {
  return { kind, namespace, name };
}

function namedPolicy({ name, spec, labels }: NetworkPolicyObject, isRefused: boolean): AuditedPolicy {
  const types = policyTypesOf(spec);
  const own = { managedBy: labels.get(MANAGED_BY_LABEL), baseline: labels.get(BASELINE_LABEL), template: labels.get(TEMPLATE_LABEL) };
  return { name, directions: DIRECTIONS.filter((direction) => types.has(direction)), baseline: areOurLabels(own) ? own.baseline : undefined, refused: isRefused };
}

/** A mistake stays one, and is no reason to fail where nothing has to be kept out. */
function excused(draft: Draft, standing: Standing): Draft {
  return draft.level === 'FAIL' && draft.direction !== undefined && isExcused(standing, draft.direction) ? { ...draft, level: 'WARN' } : draft;
}

/** With the line of the field, where a manifest has it. */
function finding({ id, level, path, direction, message, fix }: Draft, { namespace, object, origin }: { readonly namespace: string; readonly object: ObjectName; readonly origin: Origin | undefined }): Finding {
  const place = origin === undefined ? {} : { file: origin.file, line: origin.lineOf(path) };
  return { id, level, namespace, object, path, message, fix, ...(direction !== undefined && { direction }), ...place };
}

