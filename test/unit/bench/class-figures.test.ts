import assert from 'node:assert/strict';
import { classFigures, type ClassBench } from '../../bench/class-figures.ts';
import { measureClasses } from '../../bench/classify.ts';
import { policyCluster } from '../../bench/policy-cluster.ts';

const bench = (over: Partial<ClassBench> = {}): ClassBench => ({
  namespaces: 10_000, pods: 50_000, policies: 40_010, heapBytes: 3 * 1024 * 1024, staleSeconds: [0.2, 0.1, 0.3],
  rounds: [1, 2, 3].map((seconds) => ({ floorSeconds: 0.5, classesSeconds: seconds })),
  changes: [{ name: 'a change', microseconds: [10, 20, 30], touched: [5, 5, 5] }], ...over,
});

describe('bench of classes: figures', () => {
  it('from scratch beside the floor, with a goal', () => {
    const [first] = classFigures(bench());
    assert.deepEqual([first?.name, first?.floor, first?.operator, first?.ratio?.ratio, first?.goal], ['CPU from scratch', 0.5, 2, 4, { text: '≤ 5 s', verdict: 'met' }]);
    assert.match(first?.section ?? '', /50,000 pods, 40,010 policies, 10,000 namespaces/);
    assert.equal(classFigures(bench({ rounds: [{ floorSeconds: 1, classesSeconds: 6 }] }))[0]?.goal?.verdict, 'missed');
  });
  it('each change with its time and the pods that it touched', () => {
    assert.deepEqual(classFigures(bench()).slice(3).map(({ name, operator, unit }) => [name, operator?.toFixed(1), unit]), [['a change: p50', '20.0', 'µs'], ['a change: p99', '29.8', 'µs'], ['a change: pods classified', '5.0', '']]);
  });
});

describe('bench of classes: what is measured', () => {
  it('a cluster of 4 policies and 5 pods in each namespace, and 10 for the cluster', () => {
    const { namespaces, pods, policies } = policyCluster(100);
    assert.deepEqual([namespaces.length, pods.length, policies.length], [100, 500, 410]);
    assert.deepEqual(policyCluster(100), policyCluster(100));
  });
  it('a change touches the pods that it concerns and no other, however large the cluster', () => {
    const touched = (namespaces: number): Map<string, number> => new Map(measureClasses(namespaces, { rounds: 1, samples: 4 }).changes.map(({ name, touched: pods }) => [name, Math.max(...pods)]));
    assert.deepEqual([...touched(100)], [
      ['an allow-all policy in a namespace', 5], ['a policy like no other, for one pod', 1], ['a pod relabelled', 1], ['a pod that comes', 1], ['a pod whose status changes', 0],
      ['a namespace relabelled', 5], ['a cluster policy for one namespace in fifty', 10],
    ]);
    assert.deepEqual([...touched(200)].slice(0, -1), [...touched(100)].slice(0, -1));
  });
});
