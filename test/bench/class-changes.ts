/** One change each, made and undone on a classifier that knows the cluster. Pure but for the classifier. */
import type { Classifier } from '../../src/netpol/classifier.ts';
import type { Namespace, Pod, Policy } from '../../src/netpol/model.ts';
import { clusterPolicy, namespaceName } from './policy-cluster.ts';

export interface Change {
  readonly name: string;
  readonly samples: number;
  /** `index` counts the samples; each is made in another place. */
  make(classifier: Classifier, index: number): void;
  undo(classifier: Classifier, index: number): void;
}

const SAMPLES = 500;
/** Of changes that concern a thousand pods. */
const FEW = 20;
/** Apart from each other, so that neighbours share nothing. */
const STRIDE = 37;

export function changesOf({ namespaces, pods }: { readonly namespaces: readonly Namespace[]; readonly pods: readonly Pod[] }): Change[] {
  const namespaceAt = (index: number): Namespace => namespaces[(index * STRIDE) % namespaces.length]!;
  const podAt = (index: number): Pod => pods[(index * STRIDE) % pods.length]!;
  const allowAll = (index: number): Policy => ({ kind: 'NetworkPolicy', namespace: namespaceAt(index).name, name: 'oops', spec: { podSelector: {}, ingress: [{}] } });
  const onePort = (index: number): Policy => ({ kind: 'NetworkPolicy', namespace: namespaceAt(index).name, name: 'own', spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 2000 + index }] }] } });
  const upsert = (policy: (index: number) => Policy): Change['make'] => (classifier, index) => { classifier.upsertPolicy(policy(index)); };
  const remove = (policy: (index: number) => Policy): Change['make'] => (classifier, index) => { classifier.removePolicy(policy(index)); };
  const relabelled = (pod: Pod): Pod => ({ ...pod, labels: new Map([...pod.labels, ['app', pod.labels.get('app') === 'db' ? 'web' : 'db']]) });
  const newcomer = (index: number): Pod => ({ ...podAt(index), namespace: namespaceName((index * STRIDE) % namespaces.length), name: 'newcomer' });
  return [
    { name: 'an allow-all policy in a namespace', samples: SAMPLES, make: upsert(allowAll), undo: remove(allowAll) },
    { name: 'a policy like no other, for one pod', samples: SAMPLES, make: upsert(onePort), undo: remove(onePort) },
    { name: 'a pod relabelled', samples: SAMPLES, make: (classifier, index) => { classifier.upsertPod(relabelled(podAt(index))); }, undo: (classifier, index) => { classifier.upsertPod(podAt(index)); } },
    { name: 'a pod that comes', samples: SAMPLES, make: (classifier, index) => { classifier.upsertPod(newcomer(index)); }, undo: (classifier, index) => { classifier.removePod(newcomer(index).namespace, 'newcomer'); } },
    { name: 'a pod whose status changes', samples: SAMPLES, make: (classifier, index) => { classifier.upsertPod({ ...podAt(index) }); }, undo: () => undefined },
    { name: 'a namespace relabelled', samples: SAMPLES, make: (classifier, index) => { const { name, labels } = namespaceAt(index); classifier.upsertNamespace({ name, labels: new Map([...labels, ['team', 'moved']]) }); }, undo: (classifier, index) => { classifier.upsertNamespace(namespaceAt(index)); } },
    { name: 'a cluster policy for one namespace in fifty', samples: FEW, make: (classifier, index) => { classifier.upsertPolicy(clusterPolicy('late', 20 + (index % 20))); }, undo: (classifier, index) => { classifier.removePolicy(clusterPolicy('late', 20 + (index % 20))); } },
  ];
}
