/**
 * What pods can and cannot reach that matters to all of them: names, and the address where clouds hand out credentials.
 *
 * Asks the evaluator, once for all pods of a namespace to which the same policies apply.
 */
import { contains, parseAddress } from '../../netpol/address.ts';
import { applyingTo, evaluate } from '../../netpol/evaluate.ts';
import { familiesOf } from '../../netpol/side.ts';
import type { Pod, Protocol } from '../../netpol/model.ts';
import type { Peer } from '../../netpol/rules.ts';
import type { World } from '../../netpol/world.ts';
import type { SnapshotPod } from '../world.ts';
import { podTemplateOf } from '../workloads.ts';
import type { Classified, DirectionClasses, NetworkPolicyObject } from './classes.ts';
import { isGuarded, mayResolve, type Dns, type DnsAnswer } from './dns.ts';
import { NOBODY_YET, whoOf, type Placed } from './isolation.ts';
import { labelsKey } from './label-index.ts';
import { METADATA_ADDRESSES } from './lint-blocks.ts';
import { listed, objectText, placeText } from './text.ts';

export type DnsState = 'allowed' | 'partly' | 'blocked' | 'unknown';

export interface Around { readonly world: World; readonly dns: Dns }

export function dnsOf(namespace: string, { classified, direction }: DirectionClasses, { world, dns }: Around): { readonly state: DnsState; readonly findings: readonly Placed[] } {
  const asking = classified.filter(({ pod }) => pod === undefined || asksCluster(pod));
  const known = asking.filter(({ found }) => found.class !== 'unknown');
  const answers = perKind(known, namespace, { world, ask: (pod) => mayResolve(world, pod, dns), byLabels: isGuarded(world, dns) });
  const without = answers.filter(({ answer }) => answer.blocked.includes('UDP'));
  const overUdpOnly = answers.filter(({ answer }) => answer.blocked.length === 1 && answer.blocked[0] === 'TCP');
  const state: DnsState = known.length < asking.length ? 'unknown' : stateOf(answers.length, without.length);
  const finding = (some: typeof answers, message: (who: string, cause: string) => string): Placed => ({
    id: 'dns-blocked', level: 'WARN', path: [], direction, object: { kind: 'Namespace', name: namespace },
    message: message(whoOf(some.flatMap((each) => each.classified), known).text, causeText(some[0]?.answer)), fix: fixFor(some[0]?.answer, dns),
  });
  return {
    state,
    findings: [
      ...(without.length === 0 ? [] : [finding(without, (who, cause) => `${who === NOBODY_YET ? 'no pod that comes can resolve names' : `names cannot be resolved by ${who}`}: ${cause}`)]),
      ...(overUdpOnly.length === 0 ? [] : [finding(overUdpOnly, (who) => `names can be resolved over UDP only by ${who}: long answers come over TCP and will fail`)]),
    ],
  };
}

interface Answered<T> { readonly answer: T; readonly classified: readonly Classified[] }

/** Others ask the servers of their node, or servers of their own; so do the DNS pods themselves. */
function asksCluster({ object }: SnapshotPod): boolean {
  const spec = object.kind === 'Pod' ? object['spec'] : podTemplateOf(object)?.spec;
  const { dnsPolicy } = (spec ?? {}) as { dnsPolicy?: unknown };
  return dnsPolicy !== 'Default' && dnsPolicy !== 'None';
}

function causeText({ deniedThere = [] }: Partial<DnsAnswer> = {}): string {
  if (deniedThere.length === 0) return 'egress is denied, and no rule allows DNS';
  return `${listed(deniedThere.map(objectText))} ${deniedThere.length === 1 ? 'isolates' : 'isolate'} the DNS pods`;
}

function fixFor(answer: DnsAnswer | undefined, { name }: Dns): string {
  if ((answer?.deniedThere.length ?? 0) > 0) return `let the pods of ${name} be reached from every namespace on UDP and TCP 53`;
  return `add a NetworkPolicy that allows egress to the pods of ${name} on UDP and TCP 53 (on OpenShift 5353)`;
}

function stateOf(all: number, blocked: number): DnsState {
  if (blocked === 0) return 'allowed';
  return blocked === all ? 'blocked' : 'partly';
}

/** Pods to which the same policies apply get one answer; where policies look at the pod from the other side, its labels count, too. */
function perKind<T>(classified: readonly Classified[], namespace: string, { world, ask, byLabels }: { readonly world: World; readonly ask: (pod: Pod) => T; readonly byLabels: boolean }): Answered<T>[] {
  const groups = Map.groupBy(classified, ({ pod: real }) => {
    const pod = real ?? plainPod(namespace);
    const { isolating, clusterPolicies } = applyingTo(world, { pod, namespace: world.namespace(namespace) }, 'Egress');
    const policies = JSON.stringify([...isolating, ...clusterPolicies].map(({ ref }) => ref.name));
    return `${policies} ${[...familiesOf(world, { pod })].join()} ${byLabels ? labelsKey(pod.labels) : ''}`;
  });
  return [...groups.values()].map((group) => ({ classified: group, answer: ask(group[0]?.pod ?? plainPod(namespace)) }));
}

const NO_LABELS: Pod['labels'] = new Map();

function plainPod(namespace: string): Pod {
  return { namespace, name: '', labels: NO_LABELS, ips: [], ports: [], hostNetwork: false, terminal: false };
}

/** A range for the internet without `except`; one with it is looked at by itself. */
export function metadataOf(namespace: string, { classified }: DirectionClasses, { world }: Around, policies: readonly NetworkPolicyObject[]): Placed[] {
  const wide = classified.filter(({ found }) => found.class === 'allow-any-external');
  const rules = perKind(wide, namespace, { world, ask: (pod) => rulesToMetadata(world, pod), byLabels: false }).flatMap(({ answer }) => answer);
  const found = rules.filter(({ name, rule, peer }) => !hasExcept(policies.find((policy) => policy.name === name), rule, peer)).map(({ name, rule, peer, address, asked }): Placed => ({
    id: 'metadata-reachable', level: 'WARN', path: ['spec', 'egress', rule, ...(peer === undefined ? [] : ['to', peer])], direction: 'Egress', object: { kind: 'NetworkPolicy', namespace, name },
    message: `the rule also reaches ${address}${asked.isLeftOut ? ` on ${asked.protocol} ${asked.port}, which the except list of another peer leaves out` : ''}, where clouds hand out the credentials of the node`,
    fix: 'add except: [169.254.169.254/32] to the range (fd00:ec2::254/128 for IPv6), or name the ranges that are meant',
  }));
  return [...new Map(found.map((each) => [`${each.object.name} ${placeText(each.path)}`, each])).values()];
}

function hasExcept(policy: NetworkPolicyObject | undefined, rule: number, peer: number | undefined): boolean {
  const stored = peer === undefined ? undefined : policy?.spec.egress?.[rule]?.to?.[peer];
  return (stored?.ipBlock?.except ?? []).length > 0;
}

interface AskedPort { readonly protocol: Protocol; readonly port: number; /** Somebody meant to keep it out there. */ readonly isLeftOut: boolean }
interface RuleToMetadata { readonly name: string; readonly rule: number; readonly peer: number | undefined; readonly address: string; readonly asked: AskedPort }

function rulesToMetadata(world: World, pod: Pod): RuleToMetadata[] {
  const families = familiesOf(world, { pod });
  const addresses = [...(families.size === 0 || families.has('IPv4') ? [METADATA_ADDRESSES.IPv4] : []), ...(families.has('IPv6') ? [METADATA_ADDRESSES.IPv6] : [])];
  return addresses.flatMap((address) => portsToAsk(world, pod, address).flatMap((asked) => {
    const { egress } = evaluate(world, { from: { pod }, to: { ip: address }, protocol: asked.protocol, port: asked.port });
    return egress.outcomes.flatMap(({ verdict, reason }) => (verdict === 'allowed' && reason.kind === 'rule' && reason.decider.kind === 'NetworkPolicy'
      ? [{ name: reason.decider.name, rule: reason.decider.rule, peer: reason.decider.peer, address, asked }] : []));
  }));
}

const HTTP: AskedPort = { protocol: 'TCP', port: 80, isLeftOut: false };

/** Where clouds answer, and where an except list is about the address: another peer may let it through all the same. */
function portsToAsk(world: World, pod: Pod, text: string): AskedPort[] {
  const address = parseAddress(text);
  if (address === undefined) return [];
  const leavesOut = (peer: Peer): boolean => peer.kind === 'block' && contains({ family: peer.block.family, ranges: peer.block.excepted }, address);
  const { isolating } = applyingTo(world, { pod, namespace: world.namespace(pod.namespace) }, 'Egress');
  const found = isolating.flatMap(({ compiled }) => compiled.rules.Egress).filter(({ peers }) => peers !== 'any' && peers.some(leavesOut))
    .flatMap(({ ports }) => (ports === 'any' ? [] : ports.flatMap((port) => (port.kind === 'range' ? [{ protocol: port.protocol, port: port.first, isLeftOut: true }] : []))));
  return [...new Map([...found, HTTP].map((asked) => [`${asked.protocol} ${asked.port}`, asked])).values()];
}
