/** Looking at all namespaces for a status takes a bounded part of the time. */
import assert from 'node:assert/strict';
import { gatheringMs } from '../../../src/control/leadership.ts';

describe('gathering before a status', () => {
  for (const [namespaces, expectedMs, what] of [
    [0, 200, 'few namespaces: soon'],
    [1_000, 200, 'still soon'],
    [10_000, 1_500, 'many: fifty times as long as a look at them takes'],
    [100_000, 2_000, 'never so long that the status is old'],
  ] as const) {
    it(`${what}: ${namespaces} namespaces, ${expectedMs} ms`, () => assert.equal(gatheringMs(namespaces), expectedMs));
  }
});
