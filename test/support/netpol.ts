/** Clusters for the evaluator: only the fields that matter, everything else as plain as can be. */
import assert from 'node:assert/strict';
import type { Direction } from '../../src/api/network-policy.ts';
import type { Answer } from '../../src/netpol/answer.ts';
import { evaluate } from '../../src/netpol/evaluate.ts';
import { NAMESPACE_NAME_LABEL, type Connection, type Endpoint, type Namespace, type Pod, type Policy, type WorldInput } from '../../src/netpol/model.ts';
import type { StoredClusterPolicySpec, StoredNetworkPolicySpec } from '../../src/netpol/stored.ts';
import { buildWorld, type World } from '../../src/netpol/world.ts';

export type Labels = Record<string, string>;
const mapOf = (labels: Labels): ReadonlyMap<string, string> => new Map(Object.entries(labels));

export const aNamespaceOf = (name: string, labels: Labels = {}): Namespace => ({ name, labels: mapOf({ [NAMESPACE_NAME_LABEL]: name, ...labels }) });

export interface PodFields extends Partial<Omit<Pod, 'labels' | 'ports'>> { readonly labels?: Labels; readonly ports?: Record<string, number | [Pod['ports'][number]['protocol'], number]> }

/** `ns/name`; ports by name, TCP when only a number is given. */
export function aPodOf(id: string, { labels = {}, ports = {}, ...fields }: PodFields = {}): Pod {
  const [namespace = '', name = ''] = id.split('/');
  const declared = Object.entries(ports).map(([portName, port]) => (typeof port === 'number'
    ? { name: portName, containerPort: port, protocol: 'TCP' as const } : { name: portName, containerPort: port[1], protocol: port[0] }));
  return { namespace, name, labels: mapOf(labels), ips: ['10.0.0.9'], ports: declared, hostNetwork: false, terminal: false, ...fields };
}

export const aNetworkPolicy = (id: string, spec: StoredNetworkPolicySpec): Policy => {
  const [namespace = '', name = ''] = id.split('/');
  return { kind: 'NetworkPolicy', namespace, name, spec };
};
export const anAdminPolicy = (name: string, spec: StoredClusterPolicySpec): Policy => ({ kind: 'AdminNetworkPolicy', name, spec });
export const aBaselinePolicy = (spec: StoredClusterPolicySpec, name = 'default'): Policy => ({ kind: 'BaselineAdminNetworkPolicy', name, spec });
export const aClusterPolicy = (name: string, spec: StoredClusterPolicySpec): Policy => ({ kind: 'ClusterNetworkPolicy', name, spec });

/** x, y and z, each with pods a and b (label pod), and one more for everything that is special. */
export const PODS: readonly Pod[] = [
  aPodOf('x/a', { labels: { pod: 'a' }, ips: ['10.0.1.1', 'fd00::1:1'], ports: { web: 80, dns: ['UDP', 53] }, node: 'n1' }),
  aPodOf('x/b', { labels: { pod: 'b' }, ips: ['10.0.1.2', 'fd00::1:2'], ports: { web: 8080 }, node: 'n1' }),
  aPodOf('y/a', { labels: { pod: 'a' }, ips: ['10.0.2.1', 'fd00::2:1'], ports: { web: 80 }, node: 'n2' }),
  aPodOf('y/b', { labels: { pod: 'b' }, ips: ['10.0.2.2', 'fd00::2:2'], ports: { web: 8080, other: 80 }, node: 'n2' }),
  aPodOf('z/a', { labels: { pod: 'a' }, ips: ['10.0.3.1'], node: 'n2' }),
  aPodOf('z/host', { labels: { pod: 'a' }, ips: ['192.168.0.2'], hostNetwork: true, node: 'n2' }),
  aPodOf('z/done', { labels: { pod: 'a' }, ips: ['10.0.3.9'], terminal: true, node: 'n2' }),
  aPodOf('z/new', { labels: { pod: 'a' }, ips: [], node: 'n2' }),
];

export function aWorld(policies: readonly Policy[], fields: Partial<WorldInput> = {}): World {
  return buildWorld({
    namespaces: ['x', 'y', 'z'].map((name) => aNamespaceOf(name, { ns: name })),
    pods: PODS,
    nodes: ['n1', 'n2'].map((name, index) => ({ name, labels: mapOf({ node: name }), ips: [`192.168.0.${index + 1}`] })),
    policies, serviceIps: ['10.96.0.1'], options: { ipBlockMatchesPods: 'yes' }, ...fields,
  });
}

/** `x/a -> y/b:80/UDP`, an address or a pod on either side; TCP, IPv4 and port 80 when absent. */
export function connectionOf(text: string, world: World): Connection {
  const [, from = '', to = '', port = '80', protocol = 'TCP'] = /^(\S+) -> (\[[^\]]+\]|[^:]+)(?::(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
  assert.notEqual(to, '', `not a connection: ${text}`);
  const family = [from, to].some((side) => side.startsWith('[')) ? 'IPv6' : 'IPv4';
  return { from: endpointOf(from, world), to: endpointOf(to, world), port: Number(port), protocol: protocol as Connection['protocol'], family };
}

function endpointOf(text: string, { pods }: World): Endpoint {
  const pod = pods.find(({ namespace, name }) => `${namespace}/${name}` === text);
  return pod === undefined ? { ip: text.replace(/^\[|\]$/g, '') } : { pod };
}

export const ask = (world: World, text: string, more: Partial<Connection> = {}): Answer => evaluate(world, { ...connectionOf(text, world), ...more });

/** The verdicts of many connections under some policies. */
export function expectVerdicts(world: World, expected: Readonly<Record<string, Answer['verdict']>>): void {
  for (const [text, verdict] of Object.entries(expected)) {
    const answer = ask(world, text);
    assert.equal(answer.verdict, verdict, `${text}: ${JSON.stringify(answer, undefined, 1)}`);
  }
}

/** Where the answer comes from, as text: `NetworkPolicy x/p rule 0 peer 1 port 2`, or the kind of the reason. */
export function deciderText(answer: Answer, direction: Direction): string {
  const { outcomes } = direction === 'Ingress' ? answer.ingress : answer.egress;
  return outcomes.map(({ reason }) => {
    if (reason.kind !== 'rule') return reason.kind;
    const { kind, namespace, name, rule, peer, port } = reason.decider;
    return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} rule ${rule} peer ${peer ?? 'any'} port ${port ?? 'any'}`;
  }).join(' or ');
}
