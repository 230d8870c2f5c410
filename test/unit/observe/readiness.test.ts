/** When a replica can be relied on, and what it says when it cannot. */
import assert from 'node:assert/strict';
import { livenessOf, readinessOf, type SourceHealth } from '../../../src/observe/readiness.ts';

const NOW_MS = 1_000_000;
const MINUTE_MS = 60_000;
const health = (fields: Partial<SourceHealth> = {}): SourceHealth => ({ resource: 'namespaces', synced: true, lastFrameAtMs: NOW_MS, problem: undefined, ...fields });
const problem = (kind: string, forMs = 0): SourceHealth['problem'] => ({ kind, message: `it is ${kind}`, sinceMs: NOW_MS - forMs });

describe('readiness', () => {
  const cases: readonly [string, Partial<SourceHealth>, boolean, string][] = [
    ['synced and watching', {}, true, 'namespaces: synced and watching'],
    ['silent for 150 s', { lastFrameAtMs: NOW_MS - 150_000 }, true, 'namespaces: synced and watching'],
    ['silent for longer', { lastFrameAtMs: NOW_MS - 151_000 }, false, 'namespaces: nothing heard for 151 s'],
    ['silent for longer, with a cause', { lastFrameAtMs: NOW_MS - 200_000, problem: problem('Unavailable') }, false, 'namespaces: nothing heard for 200 s: it is Unavailable'],
    ['never heard of', { lastFrameAtMs: undefined }, false, 'namespaces: nothing heard for Infinity s'],
    ['being opened again for a moment', { problem: problem('Unavailable') }, true, 'namespaces: synced and watching'],
    ['failing for 150 s', { problem: problem('Malformed', 150_000) }, true, 'namespaces: synced and watching'],
    ['failing for longer, though bytes come', { problem: problem('Malformed', 151_000) }, false, 'namespaces: failing for 151 s: it is Malformed'],
    ['listing for the first time', { synced: false }, false, 'namespaces: first list is under way'],
    ['without a list so far', { synced: false, problem: problem('Unavailable') }, false, 'namespaces: no list yet: it is Unavailable'],
    ['refused by RBAC although synced', { problem: problem('Forbidden') }, false, 'namespaces: it is Forbidden'],
    ['refused for its token', { problem: problem('Unauthorized') }, false, 'namespaces: it is Unauthorized'],
    ['not served any more', { problem: problem('NotFound') }, false, 'namespaces: it is NotFound'],
  ];
  for (const [what, fields, ok, line] of cases) {
    it(`of a source that is ${what}: ${ok ? 'yes' : 'no'}`, () => assert.deepEqual(readinessOf([health(fields)], NOW_MS, false), { ok, lines: [line] }));
  }

  it('needs every source, and names all of them', () => {
    const found = readinessOf([health(), health({ resource: 'networkpolicies', synced: false })], NOW_MS, false);
    assert.deepEqual(found, { ok: false, lines: ['namespaces: synced and watching', 'networkpolicies: first list is under way'] });
  });

  it('is over as soon as it stops', () => assert.deepEqual(readinessOf([health()], NOW_MS, true), { ok: false, lines: ['stopping'] }));
});

describe('liveness', () => {
  it('ends when a reconcile has been running for ten minutes, which its deadline should have ended', () => {
    assert.deepEqual(livenessOf(10 * MINUTE_MS - 1), { ok: true, lines: ['ok'] });
    assert.deepEqual(livenessOf(10 * MINUTE_MS), { ok: false, lines: ['a reconcile has been running for 600 s'] });
  });
});
