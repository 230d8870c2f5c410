/** Classes of pods in a world, as the classifier gives them. */
import assert from 'node:assert/strict';
import type { Direction } from '../../src/api/network-policy.ts';
import { createClassifier, type Classifier } from '../../src/netpol/classifier.ts';
import type { PodClass } from '../../src/netpol/classify.ts';
import type { WorldInput } from '../../src/netpol/model.ts';

export function classifierOf({ namespaces, pods, policies, options }: Pick<WorldInput, 'namespaces' | 'pods' | 'policies' | 'options'>): Classifier {
  const classifier = createClassifier(options);
  for (const namespace of namespaces) classifier.upsertNamespace(namespace);
  for (const policy of policies) classifier.upsertPolicy(policy);
  for (const pod of pods) classifier.upsertPod(pod);
  classifier.flush();
  return classifier;
}

/** Fails when the pod has none. */
export function classIn(classifier: Classifier, id: string, direction: Direction): PodClass {
  const [namespace = '', name = ''] = id.split('/');
  const found = classifier.classOf(namespace, name, direction);
  assert.ok(found !== undefined, `${id} has no class`);
  return found;
}

/** `ns/policy[rules]`, sorted. */
export function defeatingIn(classifier: Classifier, id: string, direction: Direction): string[] {
  const [namespace = '', name = ''] = id.split('/');
  return classifier.defeating(namespace, name, direction).map(({ ref, rules }) => `${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}[${rules.join(',')}]`).sort();
}
