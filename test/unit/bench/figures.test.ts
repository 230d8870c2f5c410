import assert from 'node:assert/strict';
import { figuresOf, mostRequested, type Figure } from '../../bench/figures.ts';
import { digits, renderDisturbance, renderMachine, renderTable } from '../../bench/report.ts';
import type { Burst } from '../../bench/burst.ts';
import type { BenchResult } from '../../bench/run.ts';
import type { Session } from '../../bench/session.ts';

const burst = (over: Partial<Burst> = {}): Burst => ({
  namespaces: 500, durationMs: 1250, createdMs: 1200, namespacesPerSecond: 400, lagMs: 50, latenciesMs: [20, 30, 40], reads: 0,
  cpuMs: { subject: 0.5, apiserver: 3, etcd: 1, creators: 0.4 }, requests: new Map([['POST networkpolicies', 1000], ['POST namespaces', 500]]), ...over,
});
const session = (scale: number, over: Partial<Burst> = {}): Session => ({
  idleMs: [4, 5, 6].map((ms) => ms * scale), idleAtOnceMs: [3, 4, 50], burst: burst(over),
  repairs: { deletedMs: [4 * scale], editedMs: [5 * scale] }, disturbance: { others: 0.02, stolen: 0 },
});
const coldStart = {
  namespaces: 10_001, readyMs: 1500, plannedMs: 2000, cpuMs: 1900, peakBytes: 150 * 1024 * 1024, requests: new Map(), writes: 0, own: { reads: 4, writes: 1 },
};
const result = (over: Partial<BenchResult> = {}): BenchResult => ({
  pairs: [1, 2, 3].map(() => ({ floor: session(1), operator: session(1.2, { namespacesPerSecond: 380 }) })),
  filling: undefined,
  coldStarts: [coldStart, { ...coldStart, plannedMs: 3000, peakBytes: 160 * 1024 * 1024 }],
  idle: { seconds: 60, requests: new Map(), writes: 0, own: { reads: 0, writes: 12 }, cpuShare: 0.002, residentBytes: 150 * 1024 * 1024 },
  ...over,
});
const find = (figures: readonly Figure[], name: string): Figure => figures.find((figure) => figure.name === name) ?? assert.fail(`no figure ${name}`);
const verdict = (figures: readonly Figure[], name: string): string | undefined => find(figures, name).goal?.verdict;

describe('bench figures', () => {
  it('compares with the floor that waits, and shows the one that does not', () => {
    const figures = figuresOf(result());
    const p50 = find(figures, 'p50, floor: 2 ms wait');
    assert.deepEqual([p50.floor, p50.operator, p50.ratio?.ratio.toFixed(2), p50.goal], [5, 6, '1.20', { text: '≤ 1.5x', verdict: 'met' }]);
    assert.equal(find(figures, 'p50, floor: at once').floor, 4);
  });

  it('meets every goal in a good run', () => {
    const missed = figuresOf(result()).filter(({ goal }) => goal !== undefined && goal.verdict !== 'met');
    assert.deepEqual(missed, []);
  });

  it('misses a ratio only where noise cannot explain it', () => {
    const slow = result({ pairs: [1, 2, 3].map(() => ({ floor: session(1), operator: session(3) })) });
    assert.equal(verdict(figuresOf(slow), 'p50, floor: 2 ms wait'), 'missed');
    const unsteady = result({ pairs: [1, 1, 1.4, 3, 3].map((scale) => ({ floor: session(1), operator: session(scale * 1.3) })) });
    assert.equal(verdict(figuresOf(unsteady), 'p50, floor: 2 ms wait'), 'unclear');
  });

  it('misses a throughput that is surely too low', () => {
    const slow = result({ pairs: [1, 2, 3].map(() => ({ floor: session(1), operator: session(1, { namespacesPerSecond: 300 }) })) });
    assert.equal(verdict(figuresOf(slow), 'namespaces per second'), 'missed');
  });

  it('counts one needless write in thousands, and one read', () => {
    const wasteful = session(1, { requests: new Map([['POST networkpolicies', 1000], ['PUT networkpolicies', 1]]), reads: 1 });
    const figures = figuresOf(result({ pairs: [{ floor: session(1), operator: session(1) }, { floor: session(1), operator: wasteful }] }));
    assert.equal(verdict(figures, 'policy writes per namespace'), 'missed');
    assert.equal(verdict(figures, 'reads per namespace'), 'missed');
  });

  it('takes the middle of times and the worst of writes and memory', () => {
    const figures = figuresOf(result({ coldStarts: [coldStart, { ...coldStart, plannedMs: 4000, writes: 1, peakBytes: 300 * 1024 * 1024 }] }));
    assert.equal(find(figures, 'started → all planned').operator, 3);
    assert.deepEqual([verdict(figures, 'writes, worst'), verdict(figures, 'peak memory, worst')], ['missed', 'missed']);
  });

  it('does not claim what was not measured', () => {
    const figures = figuresOf(result({ coldStarts: [{ ...coldStart, peakBytes: undefined }], idle: undefined }));
    assert.equal(verdict(figures, 'peak memory, worst'), 'unknown');
    assert.ok(figures.every(({ section }) => !section.includes('nothing happens')));
    assert.ok(figuresOf(result({ coldStarts: [] })).every(({ section }) => !section.includes('cold start')));
  });

  it('tells processor time that cannot be read as such', () => {
    const blind = result({ pairs: [{ floor: session(1, { cpuMs: {} }), operator: session(1, { cpuMs: {} }) }] });
    assert.match(renderTable(figuresOf(blind)), /CPU per namespace: client +n\/a +n\/a\n/);
  });
});

describe('bench report', () => {
  it('is a table with its sections', () => {
    const [head, , section, first] = renderTable(figuresOf(result())).split('\n');
    assert.match(head ?? '', /^ +floor +operator +ratio +95 % +goal$/);
    assert.equal(section, 'namespace created → policies seen, idle');
    assert.match(first ?? '', /^ {2}p50, floor: 2 ms wait +5 ms +6 ms +1\.20x +\d\.\d\d–\d\.\d\d +≤ 1\.5x +met$/);
  });

  it('shows three digits that count', () => {
    assert.deepEqual([0, 12, 1234.5, 12.345, 1.2345, 0.12345].map(digits), ['0', '12', '1235', '12.3', '1.23', '0.123']);
  });

  it('warns when others used the processors', () => {
    assert.doesNotMatch(renderDisturbance([{ others: 0.04, stolen: 0.01 }, undefined]), /NOISY/);
    assert.match(renderDisturbance([{ others: 0.04, stolen: 0 }, { others: 0.2, stolen: 0 }]), /12 % \(worst 20 %\)[^]*NOISY/);
    assert.match(renderDisturbance([{ others: 0, stolen: 0.3 }]), /NOISY/);
    assert.match(renderDisturbance([undefined]), /not known/);
  });

  it('says on what was measured', () => {
    const machine = {
      cores: 2, processor: 'Xeon', memoryBytes: 8 * 1024 ** 3, system: 'Linux 6', loadBefore: 0.5,
      versions: { node: 'v24.0.0', undici: '8.0.0', kubernetes: 'v1.36.3', etcd: '3.6.16' },
    };
    assert.equal(renderMachine(machine, 3).split('\n')[0], '2 cores of Xeon, 8 GB, Linux 6; load 0.50 before, 3.00 after');
  });

  it('names requests by number', () => {
    assert.equal(mostRequested(new Map([['GET a', 1], ['PUT b', 12]])), '12 PUT b, 1 GET a');
    assert.equal(mostRequested(new Map()), 'none');
  });
});
