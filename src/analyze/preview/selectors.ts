/** How the ends of a need are written in a policy: pods by labels that stay, everything else by addresses. */
import type { LabelSelector, Peer } from '../../api/network-policy.ts';
import { parseAddress } from '../../netpol/address.ts';
import { lastingLabels } from '../../netpol/lasting-labels.ts';
import { NAMESPACE_NAME_LABEL } from '../../netpol/model.ts';
import type { Party, PodParty } from '../needs/need.ts';

/** One namespace by its name, or several; the label is set by the API server, and tenants cannot change it. */
export function namespacesSelector(names: readonly string[]): LabelSelector {
  const [only, ...others] = names;
  if (others.length === 0) return { matchLabels: { [NAMESPACE_NAME_LABEL]: only ?? '' } };
  return { matchExpressions: [{ key: NAMESPACE_NAME_LABEL, operator: 'In', values: [...names].sort() }] };
}

/** These last, and say who made a pod, not who it is. */
const OF_ITS_MAKER = new Set(['app.kubernetes.io/managed-by', 'app.kubernetes.io/part-of', 'heritage']);
/** What says who a pod is; where one of these sets is there, the rest is left out. */
const TELLING: readonly (readonly string[])[] = [['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component'], ['app', 'component'], ['k8s-app']];
const MOST_LABELS = 16;
const NO_LABELS: ReadonlyMap<string, string> = new Map();

/** What its object says; otherwise the labels that all its pods have and keep. `{}` where there are none: the whole namespace. */
export function podSelectorOf({ selector, pods }: PodParty): LabelSelector {
  if (selector !== undefined) return selector;
  const [first, ...others] = pods;
  const common = [...lastingLabels(first?.labels ?? NO_LABELS)].filter(([key, value]) => !OF_ITS_MAKER.has(key) && others.every(({ labels }) => labels.get(key) === value));
  const telling = TELLING.map((keys) => common.filter(([key]) => keys.includes(key))).find((found) => found.length > 0) ?? common.slice(0, MOST_LABELS);
  return telling.length === 0 ? {} : { matchLabels: Object.fromEntries(telling.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Pods on the network of their node have no labels to policies, only addresses. */
export function peersOf(party: Party): Peer[] {
  if (party.kind === 'addresses') return (party.ranges ?? party.ips.flatMap(rangeOf)).map(blockPeer);
  const nodes = [...new Set(party.pods.filter(({ hostNetwork }) => hostNetwork).flatMap(({ ips }) => ips))].sort();
  const ofNodes = nodes.flatMap(rangeOf).map(blockPeer);
  if (party.pods.every(({ hostNetwork }) => hostNetwork)) return ofNodes;
  return [{ namespaceSelector: namespacesSelector([party.namespace]), podSelector: podSelectorOf(party) }, ...ofNodes];
}

export function namespacePeer(namespace: string): Peer {
  return { namespaceSelector: namespacesSelector([namespace]) };
}

const blockPeer = (cidr: string): Peer => ({ ipBlock: { cidr } });

function rangeOf(ip: string): string[] {
  const address = parseAddress(ip);
  return address === undefined ? [] : [`${ip}/${address.family === 'IPv4' ? 32 : 128}`];
}
