import assert from 'node:assert/strict';
import { renderSummary, summarize, type CpuProfile } from '../../bench/profile-summary.ts';

const frame = (id: number, functionName: string, url = '', lineNumber = 9) => ({ id, callFrame: { functionName, url, lineNumber } });
const PROFILE: CpuProfile = {
  nodes: [
    frame(1, '(idle)'), frame(2, '(garbage collector)'), frame(3, 'planNamespace', 'file:///x/dist/plan/plan.js'),
    frame(4, 'planNamespace', 'file:///x/dist/plan/plan.js'), frame(5, 'write', 'file:///x/node_modules/undici/lib/core.js'),
    frame(6, 'add', 'file:///x/node_modules/@scope/pkg/a.js'), frame(7, 'nextTick', 'node:internal/task'), frame(8, 'writev'), frame(9, '', 'file:///x/dist/main.js'),
  ],
  samples: [1, 3, 4, 5, 6, 7, 8, 2, 9, 1],
  timeDeltas: [90, 70, 50, 40, 30, 20, 10, 5, 4, 80],
};

describe('bench profile summary', () => {
  it('adds up self time by area, without idling', () => {
    const { areas, busyUs } = summarize(PROFILE);
    assert.equal(busyUs, 229);
    assert.deepEqual(areas.map(({ what, selfUs }) => [what, selfUs]), [
      ['src/plan', 120], ['undici', 40], ['@scope/pkg', 30], ['node', 20], ['native', 10], ['(garbage collector)', 5], ['src/', 4],
    ]);
  });

  it('adds up a function over all its callers, ours apart from others', () => {
    const { ours, others } = summarize(PROFILE);
    assert.deepEqual(ours[0], { what: 'planNamespace src/plan/plan.js:10', selfUs: 120 });
    assert.deepEqual(others.map(({ what }) => what), [
      'write undici/lib/core.js:10', 'add @scope/pkg/a.js:10', 'nextTick node:internal/task:10', 'writev', '(garbage collector)',
    ]);
  });

  it('does not charge a function for waiting for a processor', () => {
    const late: CpuProfile = { nodes: PROFILE.nodes, samples: [3, 5, 5, 5, 5], timeDeltas: [10_000, 10, 10, 10, 10] };
    assert.equal(summarize(late).ours[0]?.selfUs, 30);
  });

  it('is printed for one namespace', () => {
    assert.match(renderSummary(summarize(PROFILE), 10), /busy: 23 µs for each of 10 namespaces[^]* 12\.0 +52\.4 % +src\/plan/);
  });
});
