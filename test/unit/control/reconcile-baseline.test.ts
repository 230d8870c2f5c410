/** The status writer: written when it differs, at once when somebody waits for it, and never while catching up. */
import assert from 'node:assert/strict';
import { reconcileBaseline, type BaselineParts } from '../../../src/control/reconcile-baseline.ts';
import type { HeldRemovals } from '../../../src/control/removal-gate.ts';
import type { BaselineStatus } from '../../../src/api/v1alpha1.ts';
import { compileBaseline, type CompiledBaseline } from '../../../src/plan/compile.ts';
import { parseBaseline, type BaselineRecord } from '../../../src/kube/objects.ts';
import { aRowIsolation } from '../../support/build.ts';

const NOTHING_HELD: HeldRemovals = { held: undefined, confirmed: false, namespaces: [], recent: undefined };
const NOW_MS = Date.parse('2026-06-01T12:00:00Z');

interface Wire { spec?: object; status?: BaselineStatus; statusWrittenAt?: string; generation?: number; finalizers?: string[]; deleting?: boolean }

function record({ spec = {}, status, statusWrittenAt, generation = 1, finalizers, deleting = false }: Wire): BaselineRecord {
  return parseBaseline({
    metadata: {
      name: 'b', uid: 'u', resourceVersion: '5', generation,
      ...(statusWrittenAt === undefined ? {} : { managedFields: [{ manager: 'namespace-policy-baseline-status', time: statusWrittenAt }] }),
      ...(finalizers === undefined ? {} : { finalizers }), ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec, ...(status === undefined ? {} : { status }),
  });
}

function world(wire: Wire, over: Partial<BaselineParts> = {}) {
  const state = { baseline: compileBaseline(record(wire)) as CompiledBaseline | undefined, clock: 0, patches: [] as object[], notKept: new Set<string>(), said: [] as string[], statuses: [] as { status: BaselineStatus }[] };
  const parts: BaselineParts = {
    baseline: () => state.baseline,
    rows: () => [],
    rowsChangeAtMs: () => Infinity,
    assessed: () => true,
    forget: () => {},
    processed: () => true,
    isolation: () => ({ kind: 'Known' }),
    held: () => NOTHING_HELD,
    holding: () => 0,
    async patchMetadata(_record, patch) { state.patches.push(patch); },
    async patchStatus(_record, patch) {
      const { status } = patch as { status: BaselineStatus };
      state.statuses.push({ status });
      const stored = record({ ...wire, status: Object.fromEntries(Object.entries(status).filter(([field, value]) => value !== null && !state.notKept.has(field))) as BaselineStatus });
      state.baseline = compileBaseline(stored);
      return stored.status;
    },
    statusWritten: () => {},
    statusNotKept: (name, fields) => void state.said.push(`${name}: ${fields.join()}`),
    exemptionEnded: () => {},
    lookedAtMs: new Map(),
    written: new Map(),
    statusIntervalMs: 5_000,
    now: () => state.clock,
    wallMs: () => NOW_MS + state.clock,
    ...over,
  };
  return { state, run: () => reconcileBaseline('b', parts, new AbortController().signal), parts };
}

const row = (state: 'protected' | 'pending', namespace = 'team-a') => ({ namespace, verdict: { state, reason: 'InPlace', message: '' } as never, note: undefined, owner: '', young: false, isolation: undefined });

describe('status of a baseline', () => {
  it('is written once, and not again while nothing changes', async () => {
    const { state, run } = world({});
    await run();
    state.clock += 60_000;
    await run();
    assert.equal(state.statuses.length, 1);
    assert.equal(state.statuses[0]?.status.observedGeneration, 1);
  });

  it('is tried again after ten minutes where the API server does not keep all of it, and that is said once', async () => {
    const rows = [row('protected')];
    const { state, run } = world({}, { rows: () => rows });
    state.notKept.add('isolation');
    await run();
    for (const _look of [1, 2, 3]) {
      state.clock += 60_000;
      assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 600_000 });
    }
    assert.deepEqual([state.statuses.length, state.said], [1, ['b: isolation']]);
    rows.push(row('protected', 'team-b'));
    await run();
    await run();
    assert.deepEqual([state.statuses.map(({ status }) => status.protected), state.said.length], [['1/1', '2/2'], 1], 'what is kept is written as ever');
    state.notKept.clear();
    state.clock += 600_000;
    await run();
    assert.deepEqual([state.statuses.length, await run()], [3, {}], 'and the rest when the CRD is the right one');
  });

  it('waits for the interval when only a count changes, and says when to look again', async () => {
    const rows = [row('protected')];
    const { state, run } = world({}, { rows: () => rows });
    await run();
    rows.push(row('protected', 'team-b'));
    state.clock += 1_000;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 5_000 });
    assert.equal(state.statuses.length, 1);
    state.clock += 4_000;
    await run();
    assert.equal(state.statuses[1]?.status.protected, '2/2');
  });

  it('takes away counts that are not known any more: a merge patch would keep them', async () => {
    let known = true;
    const { state, run } = world({}, { isolation: () => (known ? { kind: 'Known' } : { kind: 'Unknown', reason: 'NotReadable', why: 'pods: 403' }) });
    await run();
    assert.deepEqual([state.statuses[0]?.status.isolated, state.statuses[0]?.status.namespaces?.isolated], ['0/0', 0]);
    known = false;
    state.clock += 10_000;
    await run();
    const { namespaces, isolated, isolation } = state.statuses[1]?.status ?? {};
    assert.deepEqual([isolated, namespaces?.isolated, namespaces?.overridden, isolation], ['unknown', null, null, null]);
  });

  it('tells within half a second that another namespace is overridden, but not of pods', async () => {
    const rows = [{ ...row('protected'), isolation: aRowIsolation() }];
    const { state, run } = world({}, { rows: () => rows });
    await run();
    rows[0] = { ...row('protected'), isolation: aRowIsolation({ isolated: false, overridden: 'egress is open' }) };
    state.clock += 100;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 500 });
    state.clock += 400;
    await run();
    assert.equal(state.statuses[1]?.status.namespaces?.overridden, 1);
    state.clock += 60_000;
    await run();
    assert.equal(state.statuses.length, 2);
  });

  it('tells at the usual interval that one is not overridden any more, and soon that another one is in its place', async () => {
    const closed = aRowIsolation();
    const open = aRowIsolation({ isolated: false, overridden: 'egress is open' });
    const rows = [{ ...row('protected'), isolation: open }, { ...row('protected', 'team-b'), isolation: closed }];
    const { state, run } = world({}, { rows: () => rows });
    await run();
    rows[0] = { ...row('protected'), isolation: closed };
    state.clock += 1_000;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 5_000 });
    rows[1] = { ...row('protected', 'team-b'), isolation: open };
    await run();
    assert.deepEqual(state.statuses[1]?.status.worst?.map(({ namespace }) => namespace), ['team-b']);
  });

  it('keeps count of a confirmation that is being carried out twice a second', async () => {
    const held = { token: 't', generation: 1, namespaces: 20, since: '2026-06-01T11:00:00Z' };
    let left = 20;
    const { state, run } = world({}, { held: () => ({ held: { ...held, namespaces: left }, confirmed: true, namespaces: [], recent: undefined }) });
    await run();
    left = 12;
    state.clock += 100;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 500 });
    state.clock += 400;
    await run();
    assert.deepEqual(state.statuses.map(({ status }) => status.held?.namespaces), [20, 12]);
  });

  it('is written at once when a condition turns', async () => {
    const rows = [row('protected')];
    const { state, run } = world({}, { rows: () => rows });
    await run();
    rows[0] = row('pending');
    state.clock += 1;
    await run();
    assert.equal(state.statuses[1]?.status.conditions?.find(({ type }) => type === 'NamespacesUpToDate')?.status, 'False');
  });

  it('says what was let through within half a second, and takes it back when it does not count any more', async () => {
    let recent: HeldRemovals['recent'];
    const { state, run } = world({}, { held: () => ({ ...NOTHING_HELD, recent }) });
    await run();
    recent = { namespaces: 10, until: '2026-06-01T12:10:00Z' };
    state.clock += 100;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 500 });
    state.clock += 400;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 600_000 });
    assert.deepEqual(state.statuses[1]?.status.recentRemovals, recent);
    recent = undefined;
    state.clock = 600_000;
    await run();
    assert.equal((state.statuses[2]?.status as { recentRemovals: unknown } | undefined)?.recentRemovals, null);
  });

  it('says how much of a hold is left and what was let through also while it catches up, and nothing else', async () => {
    const status: BaselineStatus = { observedGeneration: 1, protected: '5/5', held: { token: 't', generation: 1, namespaces: 20, since: '2026-06-01T11:00:00Z' } };
    const recent = { namespaces: 8, until: '2026-06-01T12:10:00Z' };
    const { state, run } = world({ status }, { processed: () => false, held: () => ({ held: { ...status.held ?? assert.fail(), namespaces: 12 }, confirmed: true, namespaces: [], recent }) });
    await run();
    assert.deepEqual(state.statuses.map((each) => each.status), [{ ...status, held: { ...status.held, namespaces: 12 }, recentRemovals: recent }]);
  });

  it('is written no more often than otherwise where the API server does not keep what was let through', async () => {
    let namespaces = 1;
    const { state, run } = world({}, { held: () => ({ ...NOTHING_HELD, recent: { namespaces, until: '2026-06-01T12:10:00Z' } }) });
    state.notKept.add('recentRemovals');
    await run();
    state.clock += 600;
    namespaces = 2;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 5_000 });
    assert.equal(state.statuses.length, 1);
  });

  it('names what is gone with null, since a merge patch would keep it', async () => {
    const held: HeldRemovals = { held: { token: 't', generation: 1, namespaces: 20, since: '2026-06-01T12:00:00Z' }, confirmed: false, namespaces: ['team-a'], recent: undefined };
    const now = { held };
    const { state, run } = world({}, { held: () => now.held });
    await run();
    assert.equal(state.statuses[0]?.status.held?.token, 't');
    assert.equal(state.statuses[0]?.status.conditions?.find(({ type }) => type === 'Stalled')?.reason, 'RemovalsHeld');
    now.held = NOTHING_HELD;
    await run();
    assert.equal((state.statuses[1]?.status as { held: unknown } | undefined)?.held, null);
  });

  it('stays as it is after a start until every namespace has been looked at', async () => {
    const { state, run } = world({ status: { observedGeneration: 1, protected: '5/5' } }, { processed: () => false });
    await run();
    assert.deepEqual(state.statuses, []);
  });

  it('says nothing of a generation before its removals were assessed, so that a hold is in the first status that names it', async () => {
    const held = { token: 't', generation: 1, namespaces: 20, since: '2026-06-01T11:00:00Z' };
    const now = { assessed: false };
    const { state, run } = world({ generation: 2, status: { observedGeneration: 1, held } }, { assessed: () => now.assessed });
    await run();
    assert.equal(state.statuses.length, 0);
    now.assessed = true;
    await run();
    assert.equal(state.statuses[0]?.status.observedGeneration, 2);
  });

  it('looks again when a namespace has been pending for long enough to be counted', async () => {
    const { state, run } = world({}, { rowsChangeAtMs: () => 5_000 });
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 5_000 });
    state.clock += 1_000;
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 5_000 });
  });

  it('says Reconciling for a new generation that is under way', async () => {
    const { state, run } = world({ generation: 2, status: { observedGeneration: 1 } }, { processed: () => false });
    await run();
    assert.ok(state.statuses[0]?.status.conditions?.some(({ type }) => type === 'Reconciling'));
  });
});

describe('finalizer of a baseline', () => {
  it('is there only with deletionPolicy Delete, beside those of others', async () => {
    const added = world({ spec: { deletionPolicy: 'Delete' }, finalizers: ['other/one'] });
    await added.run();
    assert.deepEqual(added.state.patches, [{ metadata: { resourceVersion: '5', finalizers: ['other/one', 'netbaseline.io/cleanup'] } }]);
    const removed = world({ finalizers: ['netbaseline.io/cleanup'] });
    await removed.run();
    assert.deepEqual(removed.state.patches, [{ metadata: { resourceVersion: '5', finalizers: [] } }]);
  });

  it('stays while policies are there, and goes with the last', async () => {
    const left = { count: 1 };
    const { state, run } = world({ spec: { deletionPolicy: 'Delete' }, finalizers: ['netbaseline.io/cleanup'], deleting: true }, { holding: () => left.count });
    await run();
    assert.deepEqual(state.patches, []);
    left.count = 0;
    await run();
    assert.deepEqual(state.patches, [{ metadata: { resourceVersion: '5', finalizers: [] } }]);
  });

  it('goes at once when the policy was set back to Retain', async () => {
    const { state, run } = world({ finalizers: ['netbaseline.io/cleanup'], deleting: true }, { holding: () => 3 });
    await run();
    assert.equal(state.patches.length, 1);
  });
});

describe('exemptions of a baseline', () => {
  it('are said to have ended once, when that happens, and are waited for', async () => {
    const ended: string[] = [];
    const { state, run } = world({
      spec: { exemptions: [{ namespace: 'old', reason: 'r', expiresAt: '2026-01-01T00:00:00Z' }, { namespace: 'soon', reason: 'r', expiresAt: '2026-06-01T12:01:00Z' }] },
    }, { exemptionEnded: (_baseline, target) => ended.push(target) });
    assert.deepEqual(await run(), { requeueAtMs: NOW_MS + 60_000 });
    state.clock += 60_000;
    await run();
    await run();
    assert.deepEqual(ended, ['soon']);
  });

  it('that ended while nobody was there are announced, once: after the status was last written, and within a day', async () => {
    const ended: string[] = [];
    const exemptions = ['2026-05-30T00:00:00Z', '2026-06-01T11:00:00Z', '2026-06-01T11:58:00Z'].map((expiresAt, index) => ({ namespace: `ns-${index}`, reason: 'r', expiresAt }));
    const announced = async (statusWrittenAt?: string): Promise<string[]> => {
      const { run } = world({ spec: { exemptions }, ...(statusWrittenAt === undefined ? {} : { statusWrittenAt }) }, { exemptionEnded: (_baseline, target) => ended.push(target) });
      await run();
      await run();
      return ended.splice(0);
    };
    assert.deepEqual(await announced('2026-06-01T11:30:00Z'), ['ns-2']);
    assert.deepEqual(await announced('2026-05-01T00:00:00Z'), ['ns-1', 'ns-2']);
    assert.deepEqual(await announced(), [], 'a new baseline: they were never in force');
  });
});
