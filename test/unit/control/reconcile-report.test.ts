/** When a report is written, and when not yet: against a client that counts. What the API server makes of it: test/scenario/open-reports.test.ts. */
import assert from 'node:assert/strict';
import { createReportReconciler, type ReportParts, type Wanted } from '../../../src/control/reports/reconcile-report.ts';
import { KubeError } from '../../../src/kube/errors.ts';
import { parseReport, reportManifest, type ReportContent, type ReportRecord, type WireReport } from '../../../src/kube/open-reports.ts';

const never = new AbortController().signal;
const content = (message: string): ReportContent => ({
  source: 'namespace-policy-baseline', scope: { apiVersion: 'v1', kind: 'Namespace', name: 'a', uid: 'u' }, configuration: { limits: { maxResults: 100 } },
  summary: { fail: 0, error: 0, warn: 0, skip: 0, pass: 1 },
  results: [{ policy: 'b', rule: 'drift', category: 'c', severity: 'medium', result: 'pass', message, scored: true, properties: {} }],
});

describe('reconciling a report', () => {
  let nowMs: number;
  let wanted: Wanted;
  let stored: ReportRecord | undefined;
  let calls: string[];
  let pauses: number[];
  let busy: boolean;
  let open: boolean;
  let refusal: KubeError | undefined;
  let version: number;
  let gone: boolean;
  /** What a report should say costs a plan. */
  let asked: number;
  beforeEach(() => {
    [nowMs, wanted, stored, calls, pauses, busy, open, refusal, version, gone, asked] = [0, { kind: 'Report', content: content('one') }, undefined, [], [], false, true, undefined, 0, false, 0];
  });

  const answer = (call: string, said: ReportContent): WireReport => {
    calls.push(call);
    if (refusal !== undefined) throw refusal;
    const manifest = reportManifest('a', said);
    return { ...manifest, metadata: { ...manifest.metadata, uid: 'r', resourceVersion: String(version += 1) } };
  };
  const current = (): ReportContent => (wanted as { content: ReportContent }).content;
  const make = (more: Partial<ReportParts> = {}) => createReportReconciler({
    client: {
      createReport: async ({ metadata: { namespace } }) => answer(`create ${namespace}`, current()),
      patchReport: async (namespace) => answer(`patch ${namespace}`, current()),
      getReport: async () => assert.fail('nothing is there'),
      async removeReport({ namespace }) { calls.push(`delete ${namespace}`); },
    },
    isOpen: () => open, isGone: () => gone, wanted: () => { asked += 1; return wanted; }, stored: () => stored, observe: (record) => { stored = record; }, isBusy: () => busy, foreign: () => assert.fail('foreign'),
    async sleep(ms) { pauses.push(ms); }, now: () => nowMs, wallMs: () => nowMs, ...more,
  });
  const forbidden = new KubeError('may not', { kind: 'Forbidden' });

  it('writes what differs, pauses after it, and writes nothing when it says that already', async () => {
    const reconcile = make();
    for (nowMs = 0; nowMs < 60_000; nowMs += 30_000) assert.deepEqual(await reconcile('a', never), {});
    assert.deepEqual([calls, pauses], [['create a'], [50]]);
  });

  it('writes a namespace twice a minute at most, whoever fights for it, and the last state wins', async () => {
    const reconcile = make();
    await reconcile('a', never);
    for (nowMs = 1_000; nowMs < 30_000; nowMs += 1_000) {
      wanted = { kind: 'Report', content: content(`at ${nowMs}`) };
      assert.deepEqual(await reconcile('a', never), { requeueAtMs: 30_000 });
    }
    nowMs = 30_000;
    await reconcile('a', never);
    assert.deepEqual([calls, asked], [['create a', 'patch a'], 2]);
  });

  it('waits while policies are written, for a minute at most', async () => {
    const reconcile = make();
    busy = true;
    for (nowMs = 0; nowMs < 60_000; nowMs += 1_000) assert.deepEqual(await reconcile('a', never), { requeueAtMs: nowMs + 5_000 });
    assert.equal(asked, 0);
    await reconcile('a', never);
    assert.deepEqual([calls, asked], [['create a'], 1]);
  });

  it('asks for nothing while the API is not there or not everything is known', async () => {
    const reconcile = make();
    open = false;
    assert.deepEqual(await reconcile('a', never), {});
    [open, wanted] = [true, { kind: 'Later' }];
    assert.deepEqual(await reconcile('a', never), { requeueAtMs: 5_000 });
    wanted = { kind: 'None' };
    assert.deepEqual(await reconcile('a', never), {}, 'none is wanted and none is there');
    assert.deepEqual(calls, []);
  });

  it('one that is not wanted any more goes; that of a namespace which goes is left to it', async () => {
    const reconcile = make();
    stored = parseReport({ ...reportManifest('a', content('old')), metadata: { name: 'namespace-policy-baseline', namespace: 'a', uid: 'r', resourceVersion: '1' } });
    [gone, busy] = [true, true];
    assert.deepEqual([await reconcile('a', never), calls], [{ gone: true }, []], 'at once, whatever else is going on');
    [gone, busy, wanted] = [false, false, { kind: 'None' }];
    await reconcile('a', never);
    assert.deepEqual(calls, ['delete a']);
  });

  it('one that was refused is failing until it is written or wanted no more: a wait in between is no success', async () => {
    const reconcile = make();
    refusal = new KubeError('no', { kind: 'Invalid' });
    await assert.rejects(reconcile('a', never), /no/);
    assert.deepEqual([await reconcile('a', never), await reconcile('b', never).catch(() => 'refused')], [{ requeueAtMs: 30_000, failing: true }, 'refused']);
    nowMs = 30_000;
    refusal = undefined;
    assert.deepEqual([await reconcile('a', never), await reconcile('a', never)], [{}, { requeueAtMs: 60_000 }]);
    wanted = { kind: 'None' };
    stored = undefined;
    await reconcile('b', never);
    busy = true;
    assert.deepEqual(await reconcile('b', never), { requeueAtMs: 35_000 });
  });

  describe('of our name that is there already', () => {
    let there: WireReport;
    let told: string[];
    const at = (uid: string, manager: string): WireReport => ({ metadata: { name: 'namespace-policy-baseline', namespace: 'a', uid, resourceVersion: '1', managedFields: [{ manager }] } });
    const beside = (): ReturnType<typeof make> => make({
      client: {
        async createReport() { throw new KubeError('there', { kind: 'AlreadyExists' }); },
        async getReport() { calls.push('get'); return there; },
        patchReport: async (namespace) => answer(`patch ${namespace}`, current()),
        async removeReport({ uid }) { calls.push(`delete ${uid}`); },
      },
      foreign: (namespace) => { told.push(namespace); },
    });
    beforeEach(() => { told = []; });

    it('and not ours: stays, however often it is looked at, and is told of once', async () => {
      const reconcile = beside();
      there = at('theirs', 'kubectl');
      for (nowMs = 0; nowMs < 120_000; nowMs += 30_000) assert.deepEqual(await reconcile('a', never), {});
      assert.deepEqual([calls, told, stored], [['get', 'get', 'get', 'get'], ['a'], undefined]);
      there = at('another', 'kubectl');
      await reconcile('a', never);
      assert.deepEqual(told, ['a', 'a'], 'another one is news');
    });

    it('and not ours: stays when none is wanted any more', async () => {
      const reconcile = beside();
      there = at('theirs', 'kubectl');
      await reconcile('a', never);
      [nowMs, wanted] = [30_000, { kind: 'None' }];
      assert.deepEqual([await reconcile('a', never), calls], [{}, ['get']]);
    });

    it('and was written by us once: says what it should again', async () => {
      const reconcile = beside();
      there = at('r', 'namespace-policy-baseline');
      await reconcile('a', never);
      assert.deepEqual([calls, told, stored?.uid], [['get', 'patch a'], [], 'r']);
    });
  });

  it('without the right to write it tries one report in a minute, not one for each namespace', async () => {
    const reconcile = make();
    refusal = forbidden;
    await assert.rejects(reconcile('a', never), /may not/);
    assert.deepEqual(await reconcile('a', never), { requeueAtMs: 60_000, failing: true });
    for (const other of ['b', 'c', 'd']) assert.deepEqual(await reconcile(other, never), { requeueAtMs: 60_000 });
    assert.equal(asked, 1);
    nowMs = 60_000;
    refusal = undefined;
    await reconcile('b', never);
    assert.deepEqual(calls, ['create a', 'create b']);
  });
});
