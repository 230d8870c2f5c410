/**
 * One rule for one peer and one port, as narrow as its kind of policy can say it.
 *
 * Pods are named by labels that outlive them and by their namespace's name, everything else by its address.
 */
import type { Direction } from '../api/network-policy.ts';
import { addressText, type Address } from './address.ts';
import type { Decider } from './answer.ts';
import { holds, type Cube } from './cube.ts';
import type { Asked } from './evaluate.ts';
import { lastingLabels } from './lasting-labels.ts';
import type { Question } from './match.ts';
import { NAMESPACE_NAME_LABEL, type NetworkPolicy, type Pod, type PolicyRef } from './model.ts';
import { protocolOf } from './compile-network-policy.ts';
import type { Side } from './side.ts';
import type { StoredClusterPeer, StoredClusterRule, StoredPeer, StoredPort, StoredRule, StoredSelector } from './stored.ts';
import type { NamedNetworkPolicy, World } from './world.ts';

type PodSide = Extract<Side, { readonly kind: 'pod' }>;

/** What is allowed beyond the connection that was asked for, since policies cannot say it more narrowly. */
export type Wider =
  /** ICMP is in no rule with ports. */
  | 'every port'
  /** The pod or its peer has no label that outlives it: every pod of the namespace is meant. */
  | 'every pod of the namespace'
  /** A rule for the cluster is for all pods that its policy is about. */
  | 'every subject of the policy';

/** Policies see the pods behind a Service, not its address; rules of cluster scope know no sources outside; a peer without address and labels cannot be named. */
export type Unnameable = 'service address' | 'source outside' | 'no address';

export interface NewPolicy { readonly policy: NetworkPolicy; readonly rule: StoredRule; /** Those that isolate the pod and could have the rule as well, the narrowest first. */ readonly or: readonly PolicyRef[]; readonly wider: readonly Wider[] }
export interface Exception { readonly rule: StoredClusterRule; readonly wider: readonly Wider[] }

/** For a denial by isolation: a policy of the governed pod's own. */
export function newPolicyOf(world: World, { governed, applying, question }: Asked, direction: Direction): NewPolicy | Unnameable {
  const { peer } = question;
  const stored = storedPeer(peer, governed.namespace.name);
  if (typeof stored === 'string') return stored;
  const ports = portsOf(question);
  const rule: StoredRule = { [direction === 'Ingress' ? 'from' : 'to']: [stored], ...(ports === undefined ? {} : { ports }) };
  const podSelector = withinOneOf(applying.isolating, lastingLabels(governed.pod.labels), governed.pod);
  const namespace = governed.namespace.name;
  return {
    rule,
    policy: {
      kind: 'NetworkPolicy', namespace, name: freeName(world, namespace, nameFor(governed, direction, question)),
      spec: { podSelector, policyTypes: [direction], [direction === 'Ingress' ? 'ingress' : 'egress']: [rule] },
    },
    or: applying.isolating.filter((named) => keysIn(named) > 0).toSorted((a, b) => keysIn(b) - keysIn(a)).map(({ ref }) => ref),
    wider: widerOf(question, [podSelector, ...(peer.kind === 'pod' ? [stored.podSelector ?? {}] : [])]),
  };
}

function keysIn({ compiled }: NamedNetworkPolicy): number {
  return compiled.selector.cube?.size ?? 0;
}

/** Before the rule that denies: of the Admin tier a Pass, so that the namespace still decides, of the Baseline an Allow. */
export function exceptionOf({ question }: Asked, direction: Direction, decider: Decider): Exception | Unnameable {
  const { peer } = question;
  if (direction === 'Ingress' && (peer.kind === 'external' || peer.kind === 'node')) return 'source outside';
  const stored = storedClusterPeer(peer);
  if (typeof stored === 'string') return stored;
  const accept = decider.kind === 'ClusterNetworkPolicy' ? 'Accept' : 'Allow';
  const rule = { action: decider.tier === 'Admin' ? 'Pass' : accept, [direction === 'Ingress' ? 'from' : 'to']: [stored], ...clusterPortsOf(question, decider) };
  const selectors = peer.kind === 'pod' ? [stored.pods?.podSelector ?? {}] : [];
  return { rule, wider: [...widerOf(question, selectors), 'every subject of the policy'] };
}

function widerOf({ protocol }: Question, selectors: readonly StoredSelector[]): Wider[] {
  const isAll = ({ matchLabels, matchExpressions }: StoredSelector): boolean => Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
  return [...(protocol === 'ICMP' ? ['every port' as const] : []), ...(selectors.some(isAll) ? ['every pod of the namespace' as const] : [])];
}

function selectorOf(labels: ReadonlyMap<string, string>): StoredSelector {
  return labels.size === 0 ? {} : { matchLabels: Object.fromEntries(labels) };
}

const isNamed = (name: string): StoredSelector => ({ matchLabels: { [NAMESPACE_NAME_LABEL]: name } });

function storedPeer(peer: Side, ownNamespace: string): StoredPeer | Unnameable {
  if (peer.kind === 'service') return 'service address';
  if (peer.kind !== 'pod') return peer.address === undefined ? 'no address' : { ipBlock: { cidr: oneAddress(peer.address) } };
  const podSelector = selectorOf(lastingLabels(peer.pod.labels));
  return peer.namespace.name === ownNamespace ? { podSelector } : { namespaceSelector: isNamed(peer.namespace.name), podSelector };
}

function storedClusterPeer(peer: Side): StoredClusterPeer | Unnameable {
  if (peer.kind === 'service') return 'service address';
  if (peer.kind !== 'pod') return peer.address === undefined ? 'no address' : { networks: [oneAddress(peer.address)] };
  return { pods: { namespaceSelector: isNamed(peer.namespace.name), podSelector: selectorOf(lastingLabels(peer.pod.labels)) } };
}

function oneAddress(address: Address): string {
  return `${addressText(address)}/${address.family === 'IPv4' ? 32 : 128}`;
}

/** `undefined`: every one, since ICMP is in no rule with ports. */
function portsOf({ protocol, port }: Question): StoredPort[] | undefined {
  return protocol === 'ICMP' ? undefined : [{ protocol, port }];
}

function clusterPortsOf({ protocol, port }: Question, { kind }: Decider): Pick<StoredClusterRule, 'ports' | 'protocols'> {
  const known = protocolOf(protocol);
  if (known === undefined) return {};
  if (kind !== 'ClusterNetworkPolicy') return { ports: [{ portNumber: { protocol: known, port } }] };
  return { protocols: [{ [known.toLowerCase()]: { destinationPort: { number: port } } }] };
}

/** Selects the pod, and none but pods that one of these policies selects, so that no other is isolated by it. */
function withinOneOf(isolating: readonly NamedNetworkPolicy[], labels: ReadonlyMap<string, string>, pod: Pod): StoredSelector {
  const missing = isolating.map(({ compiled }) => keysBeyond(compiled.selector.cube ?? new Map(), labels)).sort((a, b) => a.length - b.length)[0] ?? [];
  const added = missing.flatMap((key) => { const value = pod.labels.get(key); return value === undefined ? [] : [[key, value] as const]; });
  const absent = missing.filter((key) => !pod.labels.has(key)).map((key) => ({ key, operator: 'DoesNotExist' }));
  return { ...selectorOf(new Map([...labels, ...added])), ...(absent.length === 0 ? {} : { matchExpressions: absent }) };
}

/** What the labels alone do not say of what the policy wants. */
function keysBeyond(cube: Cube, labels: ReadonlyMap<string, string>): string[] {
  return [...cube].filter(([key, constraint]) => { const value = labels.get(key); return value === undefined || !holds(constraint, value); }).map(([key]) => key);
}

const NAMING_LABELS = ['app.kubernetes.io/name', 'app', 'k8s-app', 'app.kubernetes.io/component'];

function calledIn({ labels, name }: Pod): string {
  return NAMING_LABELS.map((key) => labels.get(key)).find((found) => found !== undefined && found !== '') ?? name;
}

/** `allow-api-from-shop-web-tcp-8080`. */
function nameFor({ pod }: PodSide, direction: Direction, { peer, protocol, port }: Question): string {
  const other = peer.kind === 'pod' ? `${peer.namespace.name}-${calledIn(peer.pod)}` : (peer.address === undefined ? peer.kind : addressText(peer.address));
  const words = ['allow', calledIn(pod), direction === 'Ingress' ? 'from' : 'to', other, protocol, ...(protocol === 'ICMP' ? [] : [port])];
  return words.join('-').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
}

const LONGEST_NAME = 250;

function freeName(world: World, namespace: string, wanted: string): string {
  const taken = new Set(world.policiesIn(namespace).map(({ ref }) => ref.name));
  const base = wanted.slice(0, LONGEST_NAME).replace(/-$/, '');
  for (let number = 2, name = base; ; number += 1) {
    if (!taken.has(name)) return name;
    name = `${base}-${number}`;
  }
}
