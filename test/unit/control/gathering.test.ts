/** Looking at all namespaces for a status takes a bounded part of the time. */
import assert from 'node:assert/strict';
import { gatheringAfter } from '../../../src/control/leadership.ts';

describe('gathering before a status', () => {
  for (const [tookMs, gatherMs, what] of [
    [0, 200, 'few namespaces: soon'],
    [4, 200, 'at most a fiftieth of the time'],
    [10, 500, 'thousands of namespaces: fifty times as long as a look'],
    [100, 2_000, 'never so long that the status is old'],
  ] as const) {
    it(`${what}: a look of ${tookMs} ms, then ${gatherMs} ms`, () => assert.equal(gatheringAfter(tookMs), gatherMs));
  }
});
