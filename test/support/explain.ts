/** A shop with its orders and database, for tests of explain and of expectations. */
import { clusterOf, type Cluster } from '../../src/analyze/explain/cluster.ts';
import { parseEnd } from '../../src/analyze/explain/end.ts';
import { explainConnection, type Explanation } from '../../src/analyze/explain/explanation.ts';
import { explanationLines } from '../../src/analyze/explain/lines.ts';
import { parseDestination } from '../../src/analyze/explain/port.ts';
import { catalogOf } from '../../src/analyze/needs/catalog.ts';
import type { Snapshot } from '../../src/analyze/snapshot.ts';
import type { SnapshotPod, SnapshotPolicy } from '../../src/analyze/world.ts';
import { linesText } from '../../src/cli/output/lines.ts';
import type { Options, WorldInput } from '../../src/netpol/model.ts';
import { buildWorld } from '../../src/netpol/world.ts';
import { snapshotOf } from './snapshot.ts';

const namespace = (name: string, labels = '{}'): string => `
apiVersion: v1
kind: Namespace
metadata: {name: ${name}, labels: ${labels}}
---`;

/** A pod of a Deployment. */
export const podYaml = (id: string, labels: string, { ip = '', ports = '[]', spec = '', phase = 'Running' } = {}): string => {
  const [ns = '', name = ''] = id.split('/');
  const owner = name.replace(/-\w+$/, '');
  return `
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: ${ns}
  labels: ${labels.replace(/}$/, ', pod-template-hash: abc}')}
  ownerReferences: [{kind: ReplicaSet, name: ${owner}-abc, controller: true}]
spec: {nodeName: node-1, containers: [{name: main, ports: ${ports}}]${spec}}
status: {phase: ${phase}${ip === '' ? '' : `, podIP: ${ip}, podIPs: [{ip: "${ip}"}]`}}
---`;
};

export const policyYaml = (id: string, spec: string): string => {
  const [ns = '', name = ''] = id.split('/');
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: ${name}, namespace: ${ns}}
spec: ${spec}
---`;
};

export const serviceYaml = (id: string, spec: string, status = '{}'): string => {
  const [ns = '', name = ''] = id.split('/');
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${ns}}
spec: ${spec}
status: ${status}
---`;
};

export const SHOP = [
  namespace('shop', '{team: shop}'), namespace('orders', '{team: orders}'), namespace('db'), namespace('open'),
  podYaml('shop/web-1', '{app: web}', { ip: '10.0.1.1' }), podYaml('shop/web-2', '{app: web}', { ip: '10.0.1.2' }),
  podYaml('orders/api-1', '{app: api}', { ip: '10.0.2.1', ports: '[{name: http, containerPort: 8080}]' }),
  podYaml('db/postgres-1', '{app: postgres}', { ip: '10.0.3.1', ports: '[{name: pg, containerPort: 5432}]' }),
  podYaml('open/tool-1', '{app: tool}', { ip: '10.0.4.1' }),
  podYaml('open/agent-1', '{app: agent}', { ip: '192.168.0.1', spec: ', hostNetwork: true' }),
  podYaml('open/done-1', '{app: done}', { phase: 'Succeeded' }),
  `
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---`,
  serviceYaml('orders/api', '{clusterIP: 10.96.0.10, selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}]}'),
  policyYaml('shop/default-deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}'),
  policyYaml('shop/allow-api', '{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: orders}}}], ports: [{port: 8080}]}]}'),
  policyYaml('orders/default-deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}'),
  policyYaml('orders/allow-shop', '{podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: web}}}], ports: [{port: http}]}]}'),
  policyYaml('db/default-deny', '{podSelector: {}, policyTypes: [Ingress]}'),
  policyYaml('db/allow-orders', '{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: orders}}, podSelector: {matchLabels: {app: api}}}], ports: [{port: 5432}]}]}'),
].join('\n');

export const shop = (more = '', { snapshot = {}, options = { ipBlockMatchesPods: 'unknown' } }: { snapshot?: Partial<Snapshot>; options?: Options } = {}): Cluster =>
  clusterOf(snapshotOf(`${SHOP}\n${more}`, snapshot), options);

/** The explanation of `FROM -> TO:PORT`, or why there is none. */
export function explained(cluster: Cluster, question: string): Explanation | string {
  const [from = '', to = ''] = question.split(' -> ');
  const [source, destination] = [parseEnd(from), parseDestination(to)];
  if ('problem' in source) return source.problem;
  if ('problem' in destination) return destination.problem;
  const found = explainConnection(cluster, source, destination);
  return 'problem' in found ? found.problem : found;
}

export function explainedText(cluster: Cluster, question: string, color = false): string {
  const found = explained(cluster, question);
  return typeof found === 'string' ? found : linesText(explanationLines(cluster, found), { color });
}

/** A cluster of random pods and policies, as `clusterOf` makes it of a snapshot; without Services. */
export function clusterOfWorld(input: WorldInput): Cluster {
  const pods = input.pods.map((pod): SnapshotPod => ({ ...pod, workload: undefined, origin: undefined, hypothetical: false, object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod.name } } }));
  return {
    source: 'cluster', from: 'https://example.test', unread: [], world: buildWorld({ ...input, pods }), pods, nodes: input.nodes ?? [],
    policies: input.policies.map((policy): SnapshotPolicy => ({ ...policy, origin: undefined, labels: new Map(), annotations: new Map() })),
    namespaces: new Map(input.namespaces.map((each) => [each.name, { ...each, annotations: new Map(), terminating: false, origin: undefined, declared: true }])),
    podsByNamespace: Map.groupBy(pods, (pod) => pod.namespace), catalog: catalogOf(snapshotOf(''), pods), serviceAt: () => undefined, families: ['IPv4', 'IPv6'],
  };
}
