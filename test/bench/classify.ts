/**
 * How long classes take: `node test/bench/classify.ts [namespaces] [pods] [policies] [share]`, on one core, in one process.
 *
 * The cluster: every namespace has default-deny, allow-dns and two policies of its team; a `share` of
 * the latter (0.1) differs from all others, one namespace in a hundred is opened. Ten cluster policies. Prints from scratch and after one change.
 */
import type { StoredNetworkPolicySpec } from '../../src/netpol/stored.ts';
import { createClassifier, type Classifier } from '../../src/netpol/classifier.ts';
import type { Namespace, Pod, Policy } from '../../src/netpol/model.ts';

const NAME = 'kubernetes.io/metadata.name';
const PODS_OF = ['web', 'api', 'db', 'job', 'cache'] as const;

interface Sizes { readonly namespaces: number; readonly pods: number; readonly policies: number; readonly share: number }

function teamPolicies(index: number, { count, share }: { readonly count: number; readonly share: number }): [string, StoredNetworkPolicySpec][] {
  const app = PODS_OF[index % PODS_OF.length] ?? 'web';
  const isOther = (index * 7919) % 1000 < share * 1000;
  const own: StoredNetworkPolicySpec = {
    podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }, { namespaceSelector: { matchLabels: { team: `t${index % 50}` } } }], ports: [{ protocol: 'TCP', port: 'http' }, { protocol: 'TCP', port: isOther ? 1024 + index : 8080 }] }],
  };
  const out: StoredNetworkPolicySpec = {
    podSelector: {}, policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr: index % 100 === 0 ? '0.0.0.0/0' : `10.${isOther ? index >> 8 : 0}.${isOther ? index & 255 : 0}.0/24`, except: [] } }, { namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['core', 'edge'] }] } }], ports: [{ protocol: 'TCP', port: 443 }] }],
  };
  const dns = { namespaceSelector: { matchLabels: { [NAME]: 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } };
  const all: [string, StoredNetworkPolicySpec][] = [
    ['default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }],
    ['allow-dns', { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [dns], ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] }] }],
    ['team', own], ['egress', out],
  ];
  return all.slice(0, count);
}

function clusterOf({ namespaces, pods, policies, share }: Sizes): { namespaces: Namespace[]; pods: Pod[]; policies: Policy[] } {
  const names = Array.from({ length: namespaces }, (_, index) => `ns-${index}`);
  const count = policies / namespaces;
  return {
    namespaces: names.map((name, index) => ({ name, labels: new Map([[NAME, name], ['team', `t${index % 50}`], ['tier', index % 3 === 0 ? 'core' : 'app']]) })),
    pods: Array.from({ length: pods }, (_, index): Pod => ({
      namespace: names[index % namespaces] ?? '', name: `pod-${index}`, hostNetwork: false, terminal: false,
      labels: new Map([['app', PODS_OF[Math.floor(index / namespaces) % PODS_OF.length] ?? 'web'], ['pod-template-hash', `h${index % 997}`]]),
      ips: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`], ports: [{ name: 'http', containerPort: 8000 + (index % 5), protocol: 'TCP' }],
    })),
    policies: [
      ...names.flatMap((namespace, index) => teamPolicies(index, { count, share }).map(([name, spec]): Policy => ({ kind: 'NetworkPolicy', namespace, name, spec }))),
      ...Array.from({ length: 10 }, (_, index): Policy => ({
        kind: 'ClusterNetworkPolicy', name: `cluster-${index}`,
        spec: { tier: index < 8 ? 'Admin' : 'Baseline', priority: index, subject: { namespaces: { matchLabels: { team: `t${index}` } } }, ingress: [{ action: index % 2 === 0 ? 'Deny' : 'Accept', from: [{ namespaces: { matchLabels: { team: `t${index + 1}` } } }], protocols: [{ tcp: { destinationPort: { number: 9000 + index } } }] }] },
      })),
    ],
  };
}

function timed<T>(what: string, work: () => T): T {
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  const result = work();
  const elapsed = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  console.log(`${what.padEnd(44)} ${elapsed.toFixed(1).padStart(9)} ms, ${((user + system) / 1000).toFixed(1)} ms of processor time`);
  return result;
}

function run(sizes: Sizes): void {
  const cluster = clusterOf(sizes);
  console.log(`${cluster.namespaces.length} namespaces, ${cluster.pods.length} pods, ${cluster.policies.length} policies`);
  const classifier: Classifier = createClassifier({ ipBlockMatchesPods: 'yes' });
  const before = process.memoryUsage().heapUsed;
  timed('from scratch', () => {
    for (const namespace of cluster.namespaces) classifier.upsertNamespace(namespace);
    for (const policy of cluster.policies) classifier.upsertPolicy(policy);
    for (const pod of cluster.pods) classifier.upsertPod(pod);
    classifier.flush();
  });
  console.log(`heap ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0)} MiB more`);
  for (const direction of ['Ingress', 'Egress'] as const) console.log(`${direction}: ${[...classifier.counts(direction)].map(([name, count]) => `${name} ${count}`).join(', ')}`);
  const open: Policy = { kind: 'NetworkPolicy', namespace: 'ns-7', name: 'oops', spec: { podSelector: {}, ingress: [{}] } };
  const changed = timed('an allow-all policy added to a namespace', () => { classifier.upsertPolicy(open); return classifier.flush(); });
  console.log(`  ${changed.length} changes, the first ${changed[0]?.before?.class} -> ${changed[0]?.after?.class}, by ${JSON.stringify(classifier.defeating('ns-7', changed[0]?.pod.name ?? '', 'Ingress'))}`);
  timed('a pod relabelled', () => { classifier.upsertPod({ ...cluster.pods[0]!, labels: new Map([['app', 'db']]) }); return classifier.flush(); });
  timed('a namespace relabelled', () => { classifier.upsertNamespace({ name: 'ns-8', labels: new Map([['team', 't3']]) }); return classifier.flush(); });
  timed('a cluster policy for a fiftieth of all added', () => {
    classifier.upsertPolicy({ kind: 'ClusterNetworkPolicy', name: 'late', spec: { tier: 'Admin', priority: 99, subject: { namespaces: { matchLabels: { team: 't40' } } }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] } });
    return classifier.flush();
  });
}

const [namespaces = 10_000, pods = 50_000, policies = 40_000, share = 0.1] = process.argv.slice(2).map(Number);
run({ namespaces, pods, policies, share });
