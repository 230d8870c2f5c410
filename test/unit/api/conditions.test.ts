/** Conditions: sorted, stamped only when the status changes, and gone when nobody sets them any more. */
import assert from 'node:assert/strict';
import { mergeConditions, type NewCondition } from '../../../src/api/conditions.ts';

const THEN = '2026-01-01T00:00:00Z';
const NOW = '2026-02-02T00:00:00Z';
const set = (type: NewCondition['type'], status: NewCondition['status'] = 'True', message = ''): NewCondition => ({ type, status, reason: 'Tested', message });

describe('mergeConditions', () => {
  it('sorts by type, so that the same state is the same list', () => {
    const types = mergeConditions([], [set('Ready'), set('Drifted'), set('Paused')], 1, NOW).map(({ type }) => type);
    assert.deepEqual(types, ['Drifted', 'Paused', 'Ready']);
  });

  it('keeps the time of the last transition while the status is the same, whatever else changes', () => {
    const before = mergeConditions([], [set('Ready', 'True', 'old')], 1, THEN);
    const [after] = mergeConditions(before, [set('Ready', 'True', 'new')], 2, NOW);
    assert.deepEqual(after, { type: 'Ready', status: 'True', reason: 'Tested', message: 'new', observedGeneration: 2, lastTransitionTime: THEN });
  });

  it('stamps a transition', () => {
    const before = mergeConditions([], [set('Ready', 'False')], 1, THEN);
    assert.equal(mergeConditions(before, [set('Ready', 'True')], 1, NOW)[0]?.lastTransitionTime, NOW);
  });

  it('drops a condition that is not set any more', () => {
    const before = mergeConditions([], [set('Ready'), set('Stalled')], 1, THEN);
    assert.deepEqual(mergeConditions(before, [set('Ready')], 1, NOW).map(({ type }) => type), ['Ready']);
  });
});
