/**
 * What lies between the operator and its API server fails: answers lost, late, refused, watches cut, frames dropped.
 *
 * The operator goes through a proxy that does it; the API server behind is real, and its audit log says what was
 * written.
 */
import assert from 'node:assert/strict';
import type { AuditMark } from '../control-plane/audit-log.ts';
import type { Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/control-plane.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { failure, startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { DEFAULT_DENY_SPEC, allowFrom } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const BOTH = ['allow-dns', 'default-deny'];
const CREATED = ['create allow-dns 201', 'create default-deny 201'];
/** The collection of every namespace: what is watched. */
const WATCHED = /^\/apis\/networking\.k8s\.io\/v1\/networkpolicies$/;
const ANY_POLICY = /\/networkpolicies(\/|$)/;
const of = (namespace: string): RegExp => new RegExp(`/namespaces/${namespace}/networkpolicies(/|$)`);
const one = (namespace: string, name: string): RegExp => new RegExp(`/namespaces/${namespace}/networkpolicies/${name}$`);

describe('faults', function () {
  this.timeout(120_000);
  const clock = jumpingClock();
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  let proxy: FaultProxy;
  let kubeconfig: string;
  const start = async (): Promise<void> => {
    operator = await world.operator({ clock, kubeconfig, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
  };
  before(async () => {
    world = await aWorld();
    proxy = await startFaultProxy(world.plane);
    kubeconfig = await proxy.through(await world.plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT));
    await start();
    witness = await aWitness(world);
  });
  afterEach(async () => {
    proxy.clear();
    assert.equal(await operator.metric('controller_runtime_reconcile_panics_total'), 0);
    await world.clear();
  });
  after(async () => {
    await witness.end();
    await world.end();
    await proxy.stop();
  });

  const covered = async (spec: Json = {}): Promise<{ namespace: string; baseline: string }> => {
    const namespace = await world.namespace();
    const baseline = await world.baseline(spec);
    await world.becomes(namespace, ...BOTH, ...(spec.policies ?? []).map(({ name }: Json) => name));
    await world.status(baseline, (status) => assert.equal(status.protected, '1/1'));
    return { namespace, baseline };
  };
  const isRepaired = (namespace: string) => eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC), { withinMs: 15_000 });
  /** The writes of policies by namespace, with the codes of their answers. */
  const writesSince = async (mark: AuditMark): Promise<Map<string, string[]>> => {
    const events = (await witness.writes(mark)).filter(({ resource }) => resource === 'networkpolicies');
    return new Map([...Map.groupBy(events, ({ namespace }) => namespace)].map(([namespace, list]) => [namespace, list.map(({ verb, name, code }) => `${verb} ${name} ${code}`)]));
  };
  const askedFor = (method: string, path: RegExp): number[] => proxy.asked.filter((asked) => asked.method === method && path.test(asked.path)).map(({ atMs }) => atMs);
  /** Of what these tests break; others are listed again when their own time has come. */
  const relists = async (): Promise<number> => await operator.metric('netpol_baseline_relists_total', { resource: 'namespaces' }) + await operator.metric('netpol_baseline_relists_total', { resource: 'networkpolicies' });

  describe('writes', () => {
    it('a create, an update and a delete are applied and their answers lost: none is made twice', async () => {
      const { namespace, baseline } = await covered({ policies: [allowFrom('going')] });
      const mark = await witness.settled();
      proxy.rule({ method: 'PUT', path: one(namespace, 'default-deny'), times: 1 }, { kind: 'resetAfter' });
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await isRepaired(namespace);
      proxy.rule({ method: 'DELETE', path: one(namespace, 'going'), times: 1 }, { kind: 'resetAfter' });
      await world.edit(baseline, { policies: [] });
      await world.becomes(namespace, ...BOTH);
      const fresh = `${namespace}-fresh`;
      const lost = proxy.rule({ method: 'POST', path: of(fresh), times: 2 }, { kind: 'resetAfter' });
      await world.namespace({ name: fresh });
      await world.becomes(fresh, ...BOTH);
      assert.equal(lost.appliedMs.length, 2);
      const writes = await writesSince(mark);
      assert.deepEqual(writes.get(namespace), ['update default-deny 200', 'delete going 200']);
      assert.deepEqual(writes.get(fresh), CREATED);
      await world.status(baseline, (status) => assert.equal(status.protected, '2/2'));
    });

    it('the answer lost and the event too, and the watch gone on since: the retry meets 409, looks, and writes no more', async () => {
      const { namespace } = await covered();
      const lonely = `${namespace}-lonely`;
      proxy.rule({ path: WATCHED }, { kind: 'frames', each: (frame) => (frame.object.metadata.namespace === lonely ? [] : [frame]) });
      const mark = await witness.settled();
      const goneOn = Promise.withResolvers<void>();
      const lost = proxy.rule({ method: 'POST', path: of(lonely), times: 1 }, { kind: 'resetAfter' });
      proxy.rule({ method: 'POST', path: of(lonely), times: 1 }, { kind: 'hold', until: goneOn.promise });
      await world.namespace({ name: lonely });
      await lost.applied;
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await isRepaired(namespace);
      goneOn.resolve();
      await world.becomes(lonely, ...BOTH);
      await eventually(() => operator.metric('netpol_baseline_namespaces', { state: 'pending' }), (pending) => assert.equal(pending, 0));
      assert.deepEqual((await writesSince(mark)).get(lonely), ['create allow-dns 201', 'create allow-dns 409', 'create default-deny 201']);
    });

    it('429 with Retry-After: everybody waits so long, not only who was told, and nothing is lost', async () => {
      const { namespace } = await covered();
      const mark = await witness.settled();
      const told = proxy.rule({ method: 'POST', path: ANY_POLICY, times: 1 }, failure(429, 'TooManyRequests', { details: { retryAfterSeconds: 2 } }));
      const names = await world.namespaces(6);
      await told.applied;
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      for (const name of names) await world.becomes(name, ...BOTH);
      await isRepaired(namespace);
      const toldMs = told.appliedMs[0] ?? 0;
      const early = proxy.asked.filter(({ atMs, method, path }) => method !== 'GET' && ANY_POLICY.test(path) && atMs >= toldMs && atMs < toldMs + 1_950);
      assert.deepEqual(early.filter(({ method }) => method !== 'POST'), [], 'the repair waited');
      const paths = early.map(({ path }) => path); // those that were on their way: each worker's one
      assert.deepEqual(paths.filter((path, index) => paths.indexOf(path) !== index), [], 'nobody went on to the next write');
      const writes = await writesSince(mark);
      for (const name of names) assert.deepEqual(writes.get(name), CREATED);
      assert.deepEqual(writes.get(namespace), ['update default-deny 200']);
    });

    for (const [code, reason] of [[429, 'TooManyRequests'], [500, 'InternalError'], [502, 'BadGateway'], [503, 'ServiceUnavailable'], [504, 'Timeout']] as const) {
      it(`${code} without Retry-After: the key alone waits, longer each time, and the write is made once`, async () => {
        const baseline = await world.baseline();
        const [first, other] = await Promise.all([world.namespace(), world.namespace()]);
        await world.becomes(first, ...BOTH);
        await world.becomes(other, ...BOTH);
        const mark = await witness.settled();
        const namespace = `${first}-refused`;
        const refusals = proxy.rule({ method: 'POST', path: of(namespace) }, failure(code, reason));
        await world.namespace({ name: namespace });
        await refusals.applied;
        await world.deletePolicy(other, 'allow-dns');
        await world.becomes(other, ...BOTH); // it did not wait
        await eventually(() => refusals.appliedMs.length, (count) => assert.ok(count >= 4), { withinMs: 15_000 });
        refusals.end();
        await world.becomes(namespace, ...BOTH);
        const asked = askedFor('POST', of(namespace));
        const gaps = asked.slice(1, 5).map((atMs, index) => atMs - (asked[index] ?? 0));
        [125, 250, 500, 1_000].forEach((least, index) => assert.ok((gaps[index] ?? 0) >= least, `${gaps.join(', ')} ms`));
        assert.deepEqual((await writesSince(mark)).get(namespace), CREATED);
        await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.protected, 3));
      });
    }

    it('connections that are reset before anything is done cost no more than time', async () => {
      await covered();
      const mark = await witness.settled();
      const resets = proxy.rule({ method: 'POST', path: ANY_POLICY, times: 3 }, { kind: 'resetBefore' });
      const names = await world.namespaces(3);
      for (const name of names) await world.becomes(name, ...BOTH);
      assert.equal(resets.appliedMs.length, 3);
      const writes = await writesSince(mark);
      for (const name of names) assert.deepEqual(writes.get(name), CREATED);
    });

    it('a request that hangs is given up after 10 s and made again; the others go on, and no connection is left', async () => {
      await covered();
      const mark = await witness.settled();
      const stuck = `${await world.namespace()}-stuck`;
      const before = proxy.connections();
      const hanging = proxy.rule({ method: 'POST', path: of(stuck), times: 1 }, { kind: 'hang' });
      await world.namespace({ name: stuck });
      await hanging.applied;
      const startedMs = performance.now();
      const others = await world.namespaces(3);
      for (const other of others) await world.becomes(other, ...BOTH);
      assert.deepEqual(await world.policyNames(stuck), [], 'it hangs still');
      await eventually(() => world.policyNames(stuck), (names) => assert.deepEqual(names, BOTH), { withinMs: 20_000 });
      assert.ok(performance.now() - startedMs > 9_000);
      assert.deepEqual((await writesSince(mark)).get(stuck), CREATED);
      assert.ok(proxy.connections() <= Math.max(before, 24 + 3), `${before} before, ${proxy.connections()} now`);
    });

    it('409 on PUT: read again, and written on what is there now', async () => {
      const { namespace } = await covered();
      const mark = await witness.settled();
      const { promise, resolve } = Promise.withResolvers<void>();
      const held = proxy.rule({ method: 'PUT', path: one(namespace, 'default-deny'), times: 1 }, { kind: 'hold', until: promise });
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await held.applied;
      await world.patchPolicy(namespace, 'default-deny', { metadata: { annotations: { 'somebody/note': 'meanwhile' } } });
      resolve();
      await isRepaired(namespace);
      assert.equal((await world.policy(namespace, 'default-deny')).metadata.annotations['somebody/note'], 'meanwhile');
      assert.deepEqual((await writesSince(mark)).get(namespace), ['update default-deny 409', 'update default-deny 200']);
    });

    it('409 again and again is survived, and not answered with a storm', async () => {
      const { namespace } = await covered();
      const mark = await witness.settled();
      const conflicts = proxy.rule({ method: 'PUT', path: one(namespace, 'default-deny'), times: 6 }, failure(409, 'Conflict'));
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await isRepaired(namespace);
      assert.equal(conflicts.appliedMs.length, 6);
      assert.ok((conflicts.appliedMs[5] ?? 0) - (conflicts.appliedMs[0] ?? 0) > 100, 'without a pause');
      assert.deepEqual((await writesSince(mark)).get(namespace), ['update default-deny 200']);
    });

    it('a namespace that turns to terminating before the write: its key is dropped without a retry or an error', async () => {
      const { baseline } = await covered();
      const errors = await operator.metric('controller_runtime_reconcile_errors_total');
      const { promise, resolve } = Promise.withResolvers<void>();
      const going = `${await world.namespace()}-going`;
      const held = proxy.rule({ method: 'POST', path: of(going), times: 1 }, { kind: 'hold', until: promise });
      const mark = await witness.settled();
      await world.namespace({ name: going });
      await held.applied;
      await world.admin.post(`/api/v1/namespaces/${going}/configmaps`, { metadata: { name: 'stuck', finalizers: ['test.netbaseline.io/stuck'] } });
      await world.deleteNamespace(going);
      resolve();
      try {
        await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.selected, 2));
        await witness.settled();
        assert.deepEqual((await writesSince(mark)).get(going), ['create allow-dns 403']);
        assert.equal(await operator.metric('controller_runtime_reconcile_errors_total'), errors);
        assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace: going }), 0);
      } finally {
        await world.admin.patch(`/api/v1/namespaces/${going}/configmaps/stuck`, { metadata: { finalizers: null } });
      }
    });

    it('a namespace that is gone before the write: nothing is tried again, nothing is remembered', async () => {
      await covered();
      const errors = await operator.metric('controller_runtime_reconcile_errors_total');
      const { promise, resolve } = Promise.withResolvers<void>();
      const gone = `${await world.namespace()}-gone`;
      const held = proxy.rule({ method: 'POST', path: of(gone), times: 1 }, { kind: 'hold', until: promise });
      const mark = await witness.settled();
      await world.namespace({ name: gone });
      await held.applied;
      await world.deleteNamespace(gone);
      await eventually(async () => { // at once and by our own hand: its controller would take its time, and the held write has a deadline
        const { code, body } = await world.admin.get(`/api/v1/namespaces/${gone}`);
        if (code === 200) await world.admin.put(`/api/v1/namespaces/${gone}/finalize`, { ...body, spec: { finalizers: [] } });
        return code;
      }, (code) => assert.equal(code, 404), { withinMs: 9_000 });
      resolve();
      await witness.settled();
      assert.deepEqual((await writesSince(mark)).get(gone), ['create allow-dns 404']);
      assert.equal(await operator.metric('controller_runtime_reconcile_errors_total'), errors);
      await eventually(() => operator.metrics(), (text) => assert.ok(!text.includes(gone)));
    });

    it('never 1: what is held is stored in the status before any of it is removed, also when its token came with the change', async () => {
      const names = await world.namespaces(3);
      const baseline = await world.baseline();
      for (const name of names) await world.becomes(name, ...BOTH);
      const narrowed = (value: string | null): Json => ({ namespaceSelector: { matchLabels: { 'test.netbaseline.io/nowhere': value } } });
      await world.edit(baseline, narrowed(''));
      const { held: { token } } = await world.status(baseline, ({ held }) => assert.equal(held?.namespaces, names.length));
      await world.edit(baseline, narrowed(null));
      await world.status(baseline, ({ held }) => assert.equal(held, undefined));
      const from = proxy.asked.length;
      await world.admin.patch(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${baseline}`, { metadata: { annotations: { 'netbaseline.io/confirm': token } }, spec: narrowed('') });
      for (const name of names) await world.becomes(name);
      const asked = proxy.asked.slice(from);
      const stored = asked.findIndex(({ method, path, body }) => method === 'PATCH' && path.endsWith(`/${baseline}/status`) && JSON.parse(body).status?.held?.token === token);
      const removed = asked.findIndex(({ method }) => method === 'DELETE');
      assert.ok(stored !== -1 && stored < removed, `held is stored by request ${stored}, and request ${removed} removes`);
    });

    it('GB-78 GB-79: one namespace always fails: it backs off alone and is visible everywhere, the others go at normal speed', async () => {
      const baseline = await world.baseline();
      const bad = `${await world.namespace()}-bad`;
      const refusals = proxy.rule({ method: 'POST', path: of(bad) }, failure(500, 'InternalError'));
      await world.namespace({ name: bad });
      await refusals.applied;
      const mark = await witness.settled();
      const startedMs = performance.now();
      const others = await world.namespaces(30);
      for (const other of others) await world.becomes(other, ...BOTH);
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 25_000, `${tookMs} ms for 30: nobody waits for the one that fails`);
      const writes = await writesSince(mark);
      for (const other of others) assert.deepEqual(writes.get(other), CREATED);
      const tries = refusals.appliedMs.length;
      const elapsedMs = performance.now() - (refusals.appliedMs[0] ?? 0);
      assert.ok(tries <= 2 + Math.log2(elapsedMs / 125), `${tries} tries in ${elapsedMs} ms`);
      const startedLate = refusals.appliedMs.length;
      clock.jump(31_000); // default-deny is not held back any longer, and it is no passing matter
      const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.failed, 1));
      assert.deepEqual([worst[0].namespace, worst[0].state, worst[0].reason], [bad, 'failed', 'Unavailable']);
      assert.match(worst[0].message, /500 InternalError/);
      assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace: bad, reason: 'Unavailable' }), 1);
      assert.ok(await operator.metric('netpol_baseline_policy_writes_total', { action: 'create', result: 'failed' }) >= tries);
      await eventually(async () => (await world.admin.get(`/apis/events.k8s.io/v1/namespaces/${bad}/events`)).body.items, (events: Json[]) => {
        assert.ok(events.some(({ reason, note }) => reason === 'PolicyRefused' && /500 InternalError/.test(note)));
      });
      assert.ok(refusals.appliedMs.length - startedLate <= 8, 'each policy with its own backoff, also when default-deny is not held back any longer');
      refusals.end();
      clock.jump(61_000); // the longest wait
      await world.becomes(bad, ...BOTH);
      await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.failed, namespaces.protected], [0, 32]));
    });
  });

  describe('watches', () => {
    it('every watch is closed each second: it goes on where it was, without a list and without a needless write', async () => {
      const { namespace } = await covered();
      const lists = await relists();
      const mark = await witness.settled();
      const closing = setInterval(() => proxy.endWatches(), 1_000);
      try {
        const names: string[] = [];
        const endMs = performance.now() + 3_500;
        while (performance.now() < endMs) {
          names.push(await world.namespace());
          await world.becomes(names.at(-1) ?? '', ...BOTH);
          await world.deletePolicy(namespace, 'allow-dns');
          await world.becomes(namespace, ...BOTH);
        }
        clearInterval(closing);
        const writes = await writesSince(mark);
        for (const name of names) assert.deepEqual(writes.get(name), CREATED);
        assert.deepEqual(writes.get(namespace), names.map(() => 'create allow-dns 201'));
        assert.equal(await relists(), lists);
      } finally {
        clearInterval(closing);
      }
    });

    it('every frame comes twice, and the one before it once more: nothing is written twice', async () => {
      const { namespace } = await covered();
      let before: Json;
      const twice = (frame: Json): Json[] => {
        const frames = before === undefined ? [frame, frame] : [frame, before, frame];
        before = frame;
        return frames;
      };
      const mark = await witness.settled();
      const repeating = proxy.rule({ path: WATCHED }, { kind: 'frames', each: twice });
      const fresh = await world.namespace();
      await world.becomes(fresh, ...BOTH);
      await world.patchPolicy(namespace, 'default-deny', { spec: { egress: [{}] } });
      await isRepaired(namespace);
      await world.deletePolicy(namespace, 'allow-dns');
      await world.becomes(namespace, ...BOTH);
      const writes = await writesSince(mark);
      assert.deepEqual(writes.get(fresh), CREATED);
      assert.deepEqual(writes.get(namespace), ['update default-deny 200', 'create allow-dns 201']);
      assert.ok(repeating.appliedMs.length > 0);
    });

    it('GB-77: a watch that falls silent is given up and resumed where it was; nothing is lost', async () => {
      const { namespace } = await covered();
      const mark = await witness.settled();
      const lists = await relists();
      proxy.freezeWatches();
      await world.deletePolicy(namespace, 'allow-dns');
      const fresh = await world.namespace();
      await consistently(async () => [await world.policyNames(namespace), await world.policyNames(fresh)], (names) => assert.deepEqual(names, [['default-deny'], []]), 300);
      clock.jump(151_000);
      await world.becomes(namespace, ...BOTH);
      await world.becomes(fresh, ...BOTH);
      const writes = await writesSince(mark);
      assert.deepEqual(writes.get(fresh), CREATED);
      assert.equal(await relists(), lists);
      assert.deepEqual(writes.get(namespace), ['create allow-dns 201']);
    });

    for (const shape of ['an answer 410', 'an ERROR frame']) {
      it(`GB-77: ${shape}: listed anew and compared; what happened meanwhile is found, nothing is written needlessly`, async () => {
        const { namespace } = await covered();
        const edited = await world.namespace();
        await world.becomes(edited, ...BOTH);
        const lists = await relists();
        const mark = await witness.settled();
        const { body } = failure(410, 'Expired') as { body: Json };
        const expired = proxy.rule({ path: WATCHED, query: 'watch', times: 1 }, shape === 'an answer 410'
          ? failure(410, 'Expired') : { kind: 'answer', code: 200, body: `${JSON.stringify({ type: 'ERROR', object: body })}\n` });
        proxy.endWatches();
        await world.deletePolicy(namespace, 'allow-dns');
        await world.patchPolicy(edited, 'default-deny', { spec: { ingress: [{}] } });
        await expired.applied;
        await world.becomes(namespace, ...BOTH);
        await isRepaired(edited);
        const writes = await writesSince(mark);
        assert.deepEqual(writes.get(namespace), ['create allow-dns 201']);
        assert.deepEqual(writes.get(edited), ['update default-deny 200']);
        assert.equal(await relists(), lists + 1);
      });
    }
  });

  describe('starts', () => {
    it('what a watch never said is found by the list beside it', async () => {
      const { namespace } = await covered();
      const unseen = `${namespace}-unseen`;
      proxy.rule({ path: WATCHED }, { kind: 'frames', each: (frame) => (frame.type === 'DELETED' && frame.object.metadata.namespace === namespace ? [] : [frame]) });
      proxy.rule({ path: /^\/api\/v1\/namespaces$/ }, { kind: 'frames', each: (frame) => (frame.object.metadata.name === unseen ? [] : [frame]) });
      await world.deletePolicy(namespace, 'allow-dns');
      await world.namespace({ name: unseen });
      const mark = await witness.settled();
      assert.deepEqual([await world.policyNames(namespace), await world.policyNames(unseen)], [['default-deny'], []], 'nobody told the operator');
      proxy.clear();
      clock.jump(2 * 3_600_000);
      await world.becomes(namespace, ...BOTH);
      await world.becomes(unseen, ...BOTH);
      const writes = await writesSince(mark);
      assert.deepEqual(writes.get(namespace), ['create allow-dns 201']);
      assert.deepEqual(writes.get(unseen), CREATED);
    });

    it('a list of policies that is empty although there are some: creates meet 409, nothing is overwritten, nothing storms', async () => {
      const { namespace, baseline } = await covered();
      const versions = async (): Promise<string[]> => [...(await world.policies(namespace)).values()].map(({ metadata }) => metadata.resourceVersion);
      const before = await versions();
      await operator.stop();
      const blind = proxy.rule({ path: WATCHED }, { kind: 'frames', each: (frame) => (frame.type === 'ADDED' && frame.object.metadata.namespace === namespace ? [] : [frame]) });
      const startedMs = performance.now();
      await start();
      await eventually(() => askedFor('POST', of(namespace)).filter((atMs) => atMs > startedMs), (tries) => assert.ok(tries.length > 0));
      blind.end();
      await witness.settled();
      const tries = askedFor('POST', of(namespace)).filter((atMs) => atMs > startedMs);
      const took = performance.now() - startedMs;
      assert.ok(tries.length <= 2 * (3 + Math.log2(took / 5)), `${tries.length} tries in ${took} ms`);
      assert.deepEqual(await versions(), before);
      clock.jump(2 * 3_600_000); // the next list is a true one
      await world.status(baseline, (status) => assert.equal(status.protected, '1/1'));
      assert.deepEqual(await versions(), before);
    });
  });

  describe('afterwards', () => {
    it('nothing of all this is left', async () => {
      const { namespace, baseline } = await covered();
      await world.status(baseline, ({ isolated }) => assert.equal(isolated, '1/1')); // not known while the watches that a jump has cut are opened again
      const mark = await witness.settled();
      await consistently(() => world.policyNames(namespace), (names) => assert.deepEqual(names, BOTH), 300);
      assert.deepEqual((await witness.writes(mark)).map(({ requestURI }) => requestURI), []);
      assert.equal((await operator.ready()).code, 200);
    });
  });
});
