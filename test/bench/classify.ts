/**
 * What classes cost: of a whole cluster from scratch beside the floor, and after one change. One process, no control plane.
 *
 * The floor parses the same objects from JSON, one text each as a watch brings them, and holds them by name: what everybody
 * pays who knows the cluster at all. Part of `npm run bench`, which starts this with fork; alone: `node test/bench/classify.ts [namespaces]`.
 */
import { createClassifier, type Classifier } from '../../src/netpol/classifier.ts';
import type { Namespace, Pod, Policy } from '../../src/netpol/model.ts';
import { staleIn } from '../../src/netpol/stale.ts';
import { changesOf, type Change } from './class-changes.ts';
import { classFigures, type ChangeCost, type ClassBench } from './class-figures.ts';
import { labelMap, policyCluster, type PolicyCluster } from './policy-cluster.ts';
import { renderTable } from './report.ts';

const WARM_UP = 50;

interface Extent { readonly rounds: number; /** At most so many of each change. */ readonly samples: number }
const WHOLE: Extent = { rounds: 5, samples: Number.POSITIVE_INFINITY };

if (process.argv[1] === import.meta.filename) {
  const bench = measureClasses(Number(process.argv[2] ?? 10_000));
  if (process.send === undefined) process.stdout.write(`${renderTable(classFigures(bench))}\n`);
  else process.send(bench);
}

interface Objects { readonly namespaces: readonly Namespace[]; readonly pods: readonly Pod[]; readonly policies: readonly Policy[] }

export function measureClasses(namespaces: number, { rounds: count, samples } = WHOLE): ClassBench {
  const written = policyCluster(namespaces);
  const objects: Objects = { namespaces: written.namespaces.map(labelMap), pods: written.pods.map(labelMap), policies: written.policies };
  const texts = textsOf(written);
  const rounds = Array.from({ length: count }, (_, round) => {
    const floorFirst = round % 2 === 0;
    const first = floorFirst ? cpuSeconds(() => hold(texts)) : cpuSeconds(() => classify(objects));
    const second = floorFirst ? cpuSeconds(() => classify(objects)) : cpuSeconds(() => hold(texts));
    return floorFirst ? { floorSeconds: first, classesSeconds: second } : { floorSeconds: second, classesSeconds: first };
  });
  const before = heapBytes();
  const classifier = classify(objects);
  const heap = heapBytes() - before;
  return {
    namespaces, pods: objects.pods.length, policies: objects.policies.length, rounds, heapBytes: heap,
    changes: changesOf(objects).map((change) => costOf(classifier, { ...change, samples: Math.min(samples, change.samples) })),
    staleSeconds: Array.from({ length: count }, () => cpuSeconds(() => staleIn(objects.policies, objects.namespaces, objects.pods))),
  };
}

function textsOf({ namespaces, pods, policies }: PolicyCluster): string[] {
  return [...namespaces, ...pods, ...policies].map((object) => JSON.stringify(object));
}

function hold(texts: readonly string[]): ReadonlyMap<string, unknown> {
  const held = new Map<string, unknown>();
  for (const text of texts) {
    const object = JSON.parse(text) as { readonly kind?: string; readonly namespace?: string; readonly name: string };
    held.set(`${object.kind ?? ''}/${object.namespace ?? ''}/${object.name}`, object);
  }
  return held;
}

function classify({ namespaces, pods, policies }: Objects): Classifier {
  const classifier = createClassifier({ ipBlockMatchesPods: 'yes' });
  for (const namespace of namespaces) classifier.upsertNamespace(namespace);
  for (const policy of policies) classifier.upsertPolicy(policy);
  for (const pod of pods) classifier.upsertPod(pod);
  classifier.flush();
  return classifier;
}

/** Of all threads, so that collecting garbage counts; what was left before does not. */
function cpuSeconds(work: () => unknown): number {
  globalThis.gc?.();
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Each time in another namespace, and undone after it. */
function costOf(classifier: Classifier, { name, samples, make, undo }: Change): ChangeCost {
  const microseconds: number[] = [];
  const touched: number[] = [];
  for (let sample = -Math.min(WARM_UP, samples); sample < samples; sample += 1) {
    const index = sample < 0 ? -sample : sample;
    const startMs = performance.now();
    make(classifier, index);
    const { pending } = classifier.size();
    classifier.flush();
    const tookMs = performance.now() - startMs;
    if (sample >= 0) microseconds.push(tookMs * 1000);
    if (sample >= 0) touched.push(pending);
    undo(classifier, index);
    classifier.flush();
  }
  return { name, microseconds, touched };
}
