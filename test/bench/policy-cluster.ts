/**
 * A large cluster for the evaluator, always the same one: 4 policies and 5 pods in each namespace.
 *
 * Every namespace has default-deny, allow-dns and two policies of its team; in a tenth of the namespaces these differ from all
 * others, one namespace in a hundred is opened. Ten policies of cluster scope, each about a fiftieth of the namespaces.
 */
import type { StoredClusterPolicySpec, StoredNetworkPolicySpec } from '../../src/netpol/stored.ts';
import type { Namespace, Pod, Policy } from '../../src/netpol/model.ts';

const NAME = 'kubernetes.io/metadata.name';
const PODS_OF = ['web', 'api', 'db', 'job', 'cache'] as const;
const TEAMS = 50;

/** As they come from an API server, with labels as plain objects, so that they can be written as JSON. */
export interface PolicyCluster {
  readonly namespaces: readonly Labelled<Namespace>[];
  readonly pods: readonly Labelled<Pod>[];
  readonly policies: readonly Policy[];
}
export type Labelled<T> = Omit<T, 'labels'> & { readonly labels: Readonly<Record<string, string>> };

export const namespaceName = (index: number): string => `ns-${index}`;
export const labelMap = <T>(object: Labelled<T>): T => ({ ...object, labels: new Map(Object.entries(object.labels)) }) as T;

export function policyCluster(namespaces: number): PolicyCluster {
  const indices = Array.from({ length: namespaces }, (_, index) => index);
  return {
    namespaces: indices.map((index) => ({ name: namespaceName(index), labels: { [NAME]: namespaceName(index), team: `t${index % TEAMS}`, tier: index % 3 === 0 ? 'core' : 'app' } })),
    pods: PODS_OF.flatMap((app, at) => indices.map((index) => podOf(index, app, at * namespaces + index))),
    policies: [...indices.flatMap(policiesOf), ...Array.from({ length: 10 }, (_, index) => clusterPolicy(`cluster-${index}`, index))],
  };
}

function podOf(index: number, app: string, number: number): Labelled<Pod> {
  return {
    namespace: namespaceName(index), name: `pod-${number}`, hostNetwork: false, terminal: false, node: `node-${number % 500}`,
    labels: { app, 'pod-template-hash': `h${number % 997}` },
    ips: [`10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`], ports: [{ name: 'http', containerPort: 8000 + (number % 5), protocol: 'TCP' }],
  };
}

function policiesOf(index: number): Policy[] {
  const isOther = (index * 7919) % 1000 < 100;
  const dns = { namespaceSelector: { matchLabels: { [NAME]: 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
  const specs: Readonly<Record<string, StoredNetworkPolicySpec>> = {
    'default-deny': { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    'allow-dns': { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [dns], ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] }] },
    team: {
      podSelector: { matchLabels: { app: PODS_OF[index % PODS_OF.length] ?? '' } }, policyTypes: ['Ingress'],
      ingress: [{
        from: [{ podSelector: { matchLabels: { app: 'web' } } }, { namespaceSelector: { matchLabels: { team: `t${index % TEAMS}` } } }],
        ports: [{ protocol: 'TCP', port: 'http' }, { protocol: 'TCP', port: isOther ? 1024 + (index % 60_000) : 8080 }],
      }],
    },
    egress: {
      podSelector: {}, policyTypes: ['Egress'],
      egress: [{
        to: [
          { ipBlock: { cidr: index % 100 === 0 ? '0.0.0.0/0' : `10.${isOther ? (index >> 8) & 255 : 0}.${isOther ? index & 255 : 0}.0/24`, except: [] } },
          { namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['core', 'edge'] }] } },
        ],
        ports: [{ protocol: 'TCP', port: 443 }],
      }],
    },
  };
  return Object.entries(specs).map(([name, spec]): Policy => ({ kind: 'NetworkPolicy', namespace: namespaceName(index), name, spec }));
}

/** About the namespaces of one team. */
export function clusterPolicy(name: string, index: number): Policy {
  const spec: StoredClusterPolicySpec = {
    tier: index < 8 ? 'Admin' : 'Baseline', priority: index, subject: { namespaces: { matchLabels: { team: `t${index}` } } },
    ingress: [{ action: index % 2 === 0 ? 'Deny' : 'Accept', from: [{ namespaces: { matchLabels: { team: `t${index + 1}` } } }], protocols: [{ tcp: { destinationPort: { number: 9000 + index } } }] }],
  };
  return { kind: 'ClusterNetworkPolicy', name, spec };
}
