/** In which order writes are tried, and what later ones wait for. */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import type { Direction } from '../../../src/api/network-policy.ts';
import { applyPlan, DENY_HELD_BACK_MS, type Result } from '../../../src/apply/apply-plan.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import type { PolicyRecord } from '../../../src/kube/objects.ts';
import { nameOf, type Write } from '../../../src/plan/writes.ts';

const spec = (policyTypes: readonly Direction[]) => hashedSpec({ podSelector: {}, policyTypes: [...policyTypes] });
const both = ['Ingress', 'Egress'] as const;
const create = (name: string): Write => ({
  kind: 'Create', cause: 'Missing', opens: [], policy: { name, baseline: 'b', spec: spec(both), description: undefined, isolatedFor: undefined },
});
const remove = (name: string, policyTypes: readonly Direction[] = both): Write => ({
  kind: 'Remove', baseline: 'b', cause: 'NotSelected', opens: [], live: { name, policyTypes, spec: spec(policyTypes).spec } as PolicyRecord,
});
const passing = new KubeError('down', { kind: 'Unavailable' });
const refusal = new KubeError('no', { kind: 'Forbidden' });

interface Setting { readonly errors?: Record<string, Error>; readonly held?: readonly string[]; readonly failsForMs?: number; readonly mismatched?: string }

/** The results by policy, in order, and what was thrown. */
async function applied(writes: readonly Write[], { errors = {}, held = [], failsForMs = 0, mismatched }: Setting = {}) {
  const results: string[] = [];
  let againAtMs: number | undefined;
  let thrown: unknown;
  try {
    await applyPlan(writes, {
      async perform(write) {
        const error = errors[nameOf(write)];
        if (error !== undefined) throw error;
        return { mismatch: nameOf(write) === mismatched ? [{ field: 'spec', want: 'a', have: 'b' }] : [] };
      },
      permitted: (write) => (held.includes(nameOf(write)) ? undefined : write),
      notBeforeMs: () => 0,
      allowFailsForMs: () => failsForMs,
      now: () => 7,
      lookAgain: (atMs) => { againAtMs = atMs; },
      onResult: (write, { kind }: Result) => void results.push(`${nameOf(write)} ${kind}`),
    }, new AbortController().signal);
  } catch (error) {
    thrown = error;
  }
  return { results, againAtMs, thrown };
}

describe('applying a plan', () => {
  it('carries out what is permitted, in the order that is given', async () => {
    assert.deepEqual(await applied([create('allow-dns'), create('default-deny')]), { results: ['allow-dns Done', 'default-deny Done'], againAtMs: undefined, thrown: undefined });
  });

  it('leaves out what is not permitted', async () => {
    const { results } = await applied([remove('default-deny'), remove('allow-dns')], { held: ['default-deny', 'allow-dns'] });
    assert.deepEqual(results, ['default-deny Held', 'allow-dns Held']);
  });

  it('keeps an allow while a deny of its direction stays that should go first, whatever the reason', async () => {
    const writes = [remove('default-deny', ['Egress']), remove('allow-dns', ['Egress']), remove('allow-from', ['Ingress'])];
    const after = ['allow-dns Waiting', 'allow-from Done'];
    assert.deepEqual((await applied(writes, { held: ['default-deny'] })).results, ['default-deny Held', ...after]);
    assert.deepEqual((await applied(writes, { errors: { 'default-deny': refusal } })).results, ['default-deny Refused', ...after]);
    assert.deepEqual((await applied(writes, { errors: { 'default-deny': passing } })).results, ['default-deny Failed', ...after]);
  });

  it('holds the deny back for an allow that fails for a passing cause, for a while', async () => {
    const writes = [create('allow-dns'), create('default-deny')];
    const errors = { 'allow-dns': passing };
    assert.deepEqual((await applied(writes, { errors })).results, ['allow-dns Failed', 'default-deny Waiting']);
    assert.deepEqual((await applied(writes, { errors, failsForMs: DENY_HELD_BACK_MS })).results, ['allow-dns Failed', 'default-deny Done']);
  });

  it('skips what is refused, and throws it at the end', async () => {
    const { results, thrown } = await applied([create('allow-dns'), create('default-deny')], { errors: { 'allow-dns': refusal } });
    assert.deepEqual(results, ['allow-dns Refused', 'default-deny Done']);
    assert.equal(thrown, refusal);
  });

  it('throws what heals by itself rather than a refusal, since it decides when to try again', async () => {
    const { thrown } = await applied([create('a'), create('b'), create('default-deny')], { errors: { a: refusal, b: passing } });
    assert.equal(thrown, passing);
  });

  it('looks again at once after an answer that is not what was sent: it may have changed nothing', async () => {
    assert.equal((await applied([create('default-deny')], { mismatched: 'default-deny' })).againAtMs, 7);
  });

  it('says when to look again also where something else fails', async () => {
    const { againAtMs, thrown } = await applied([create('allow-dns'), create('default-deny')], { mismatched: 'default-deny', errors: { 'allow-dns': refusal } });
    assert.deepEqual([againAtMs, thrown], [7, refusal]);
  });
});
