/** What the evaluator says, in words: places of rules, reasons, and the questions that only the network plugin answers. */
import type { Direction } from '../../api/network-policy.ts';
import type { Decider, DirectionAnswer, Reason, Verdict } from '../../netpol/answer.ts';
import type { Code, PolicyRef } from '../../netpol/model.ts';

/** `NetworkPolicy shop/web`. */
export function refText({ kind, namespace, name }: PolicyRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Where in a policy something stands, as a path in its object. */
export type Path = readonly (string | number)[];

export type Spot = Pick<Decider, 'kind' | 'rule' | 'peer' | 'port'>;

export function rulePath({ rule }: Pick<Decider, 'rule'>, direction: Direction): Path {
  return ['spec', direction.toLowerCase(), rule];
}

/** `spec.ingress[0], from[1], ports[0]`: peers and ports are lists of the rule; absent where the rule takes any. */
export function spotText({ kind, rule, peer, port }: Spot, direction: Direction): string {
  const peers = direction === 'Ingress' ? 'from' : 'to';
  const ports = kind === 'ClusterNetworkPolicy' ? 'protocols' : 'ports';
  return [pathText(rulePath({ rule }, direction)), ...(peer === undefined ? [] : [`${peers}[${peer}]`]), ...(port === undefined ? [] : [`${ports}[${port}]`])].join(', ');
}

export function pathText(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}

/** Why one side is as it is, without naming the pod. Several outcomes: the first, which is the likeliest, and that there are others. */
export function reasonText({ outcomes, isolating, opaque }: Pick<DirectionAnswer, 'outcomes' | 'isolating' | 'opaque'>, direction: Direction): string {
  if (opaque.length > 0) return `${listed(opaque.map(refText))} may change this and ${opaque.length === 1 ? 'is' : 'are'} not evaluated`;
  return [...new Set(outcomes.map(({ reason }) => oneReason(reason, isolating, direction)))].join(', or ');
}

function oneReason(reason: Reason, isolating: readonly PolicyRef[], direction: Direction): string {
  switch (reason.kind) {
    case 'rule': return `${VERBS[reason.decider.action]} ${refText(reason.decider)}, ${spotText(reason.decider, direction)}`;
    case 'isolated': return `isolated by ${listed(isolating.map(refText))}, and no rule allows this`;
    case 'default': return 'no policy decides: allowed by default';
    case 'not governed': return 'policies do not govern this side';
    case 'own node': return "it comes from the pod's own node, which is always allowed";
    case 'self': return 'a pod reaches itself';
  }
}

const VERBS = { Allow: 'allowed by', Deny: 'denied by', Pass: 'passed on by' } as const;

/** `a, b and c`; beyond four, `a, b, c and 7 more`. */
export function listed(items: readonly string[]): string {
  const shown = items.length > 4 ? [...items.slice(0, 3), `${items.length - 3} more`] : items;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export const VERDICT_WORDS: Readonly<Record<Verdict | 'mixed', string>> = { allowed: 'ALLOWED', denied: 'DENIED', unknown: 'UNKNOWN', mixed: 'MIXED' };

/** What the network plugin may do otherwise, or nobody defines. */
export const CODE_WORDS: Readonly<Record<Code, string>> = {
  'cidr-vs-pod': 'Whether an ipBlock matches the address of a pod depends on the network plugin: Calico, Antrea and OVN-Kubernetes say yes, Cilium says no. --ip-block-matches-pods tells which it is.',
  'host-network': 'A hostNetwork pod has the address of its node. Most network plugins treat it as the node, so that no selector matches it.',
  'node-traffic': 'What policies see of traffic between pods and nodes depends on the network plugin.',
  hairpin: 'A pod that reaches itself through a Service: no rule says what happens. Cilium and Antrea let it pass.',
  'service-vip': 'Whether rules see the address of a Service or of the pod behind it is undefined. Ask for the Service by its name.',
  icmp: 'Policies cannot name ICMP. A rule without ports allows it on most network plugins.',
  sctp: 'Not every network plugin supports SCTP.',
  'end-port': 'A range of ports (endPort) decides. Cilium honours it from version 1.17 on; some network plugins do not at all.',
  established: 'Whether a change of policies cuts connections that are open already depends on the network plugin.',
  startup: 'A pod has no address yet: rules by address cannot be decided, and policies may not be in force for it.',
  'equal-priority': 'Cluster policies of equal rank disagree, and their order is undefined. Give them different priorities.',
  'domain-names': 'A rule by domain name may match; names are not resolved here.',
  'ip-family': 'IPv4 and IPv6 are answered differently.',
  'namespace-labels': 'No manifest declares the namespace, so its labels are not known: it may have any, and may have none. Add its Namespace object.',
};
