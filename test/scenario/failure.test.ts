/** GB 1.7: killed, cut off, refused, handed over. The operator runs as a process of its own, on a control plane of its own. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { markAtRest, readAudit, type AuditEvent, type AuditMark } from '../control-plane/audit-log.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { BASELINES, type Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, startInstalled } from '../support/control-plane.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { startFaultProxy, type FaultProxy, type Target } from '../support/fault-proxy.ts';
import { spawnOperator, whenServing, type OperatorProcess } from '../support/operator-process.ts';
import { allowFrom } from '../support/templates.ts';
import { aWorld, type World } from '../support/world.ts';

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;
const BOTH = ['allow-dns', 'default-deny'];

/** Where it is killed: so many of its writes were done, and the next one did not arrive, or was done and not answered. */
interface Cut { readonly written: number; readonly last: 'hang' | 'unanswered' }
/** All that there are where each of two namespaces gets two writes. */
const CUTS: readonly Cut[] = Array.from({ length: 4 }, (_, written) => (['hang', 'unanswered'] as const).map((last) => ({ written, last }))).flat();
/** Of these, one for each number of writes that are done, from one to four. */
const SOME_CUTS: readonly Cut[] = [{ written: 0, last: 'unanswered' }, { written: 2, last: 'hang' }, { written: 2, last: 'unanswered' }, { written: 3, last: 'unanswered' }];

/** Requests as the proxy meets them, and as they are in the audit log. */
interface Requests { readonly target: Target; readonly isOne: (event: AuditEvent) => boolean }
const isWrite = ({ user, resource, verb }: AuditEvent): boolean => user === OPERATOR && resource === 'networkpolicies' && ['create', 'update', 'delete', 'patch'].includes(verb);
/** It reads none of a single namespace, but after a conflict. */
const OF_POLICIES: Requests = { target: { path: /\/namespaces\/[^/]+\/networkpolicies(\/|$)/ }, isOne: isWrite };
const patchOf = (path: RegExp, of: string): Requests => ({
  target: { method: 'PATCH', path },
  isOne: ({ user, resource, subresource, verb }) => user === OPERATOR && resource === 'namespacepolicybaselines' && subresource === of && verb === 'patch',
});
const OF_STATUS = patchOf(/\/namespacepolicybaselines\/[^/]+\/status$/, 'status');
const OF_FINALIZERS = patchOf(/\/namespacepolicybaselines\/[^/]+$/, '');

/** A change that takes policies away. */
interface Removal {
  readonly how: string;
  readonly spec: Json;
  readonly change: (world: World, baseline: string, names: readonly string[]) => Promise<void>;
  /** How many of three namespaces it concerns. */
  readonly from: number;
  readonly writes: readonly string[];
  readonly left: readonly string[];
  readonly isDone: (world: World, baseline: string) => Promise<unknown>;
}
const isGone = (world: World, baseline: string) => eventually(() => world.admin.get(`${BASELINES}/${baseline}`), ({ code }) => assert.equal(code, 404), { withinMs: 30_000 });
const isApplied = (world: World, baseline: string) => world.applied(baseline);
const BOTH_GO = ['delete default-deny 200', 'delete allow-dns 200'];
const REMOVALS: readonly Removal[] = [
  { how: 'namespaces are excluded', spec: {}, change: (world, baseline, names) => world.edit(baseline, { excludedNamespaces: names.slice(0, 2) }), from: 2, writes: BOTH_GO, left: [], isDone: isApplied },
  { how: 'a direction is disabled', spec: {}, change: (world, baseline) => world.edit(baseline, { egress: { mode: 'Disabled' } }), from: 3, writes: ['update default-deny 200', 'delete allow-dns 200'], left: ['default-deny'], isDone: isApplied },
  { how: 'the baseline is deleted with Delete', spec: { deletionPolicy: 'Delete' }, change: (world, baseline) => world.deleteBaseline(baseline), from: 3, writes: BOTH_GO, left: [], isDone: isGone },
];

/** A change after which the operator writes to the baseline itself. */
interface OwnWrite extends Pick<Removal, 'spec' | 'isDone'> {
  readonly what: string;
  readonly requests: Requests;
  readonly change: (world: World, baseline: string) => Promise<void>;
  /** How often its finalizers are written. */
  readonly finalizers: number;
  readonly writes: readonly string[];
}
const OWN_WRITES: readonly OwnWrite[] = [
  { what: 'its status', spec: {}, requests: OF_STATUS, change: (world, baseline) => world.edit(baseline, { paused: true }), finalizers: 0, writes: [], isDone: isApplied },
  { what: 'the finalizer, put on', spec: {}, requests: OF_FINALIZERS, change: (world, baseline) => world.edit(baseline, { deletionPolicy: 'Delete' }), finalizers: 1, writes: [], isDone: isApplied },
  { what: 'the finalizer, taken off', spec: { deletionPolicy: 'Delete' }, requests: OF_FINALIZERS, change: (world, baseline) => world.deleteBaseline(baseline), finalizers: 1, writes: BOTH_GO, isDone: isGone },
];

describe('failure and restart', function () {
  this.timeout(300_000);
  let plane: ControlPlane;
  let world: World;
  let kubeconfig: string;
  const running = new Set<OperatorProcess>();

  const start = async (options = { leading: true }, through = kubeconfig): Promise<OperatorProcess> => {
    const operator = await spawnOperator(through);
    running.add(operator);
    return whenServing(operator, options);
  };
  const kill = async (operator: OperatorProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | NodeJS.Signals> => {
    operator.kill(signal);
    running.delete(operator);
    return operator.ended;
  };
  const killAll = () => Promise.all([...running].map((operator) => kill(operator)));
  /** Its Lease is still held by a process that is gone; tests that do not measure that do not wait for it. */
  const freeLease = () => world.admin.delete(`/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/namespace-policy-baseline`);
  const eventsSince = (mark: AuditMark): Promise<AuditEvent[]> => readAudit(plane.auditLogPath ?? '', mark);
  const writesAtRest = (): Promise<AuditMark> => markAtRest(plane.auditLogPath ?? '', (event) => [isWrite, OF_STATUS.isOne, OF_FINALIZERS.isOne].some((isOne) => isOne(event)));
  /** Once no more of them come. */
  const writesSince = async (mark: AuditMark): Promise<AuditEvent[]> => {
    await writesAtRest();
    return (await eventsSince(mark)).filter(isWrite);
  };
  const isProtected = (namespace: string) => eventually(() => world.policyNames(namespace), (names) => assert.deepEqual(names, BOTH), { withinMs: 30_000 });

  before(async () => {
    plane = await startInstalled();
    kubeconfig = await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT);
  });
  beforeEach(async () => { world = await aWorld(plane); });
  afterEach(async () => {
    await killAll();
    await freeLease();
    await world.end();
  });
  after(() => plane.stop());

  describe('killed before or after any of its writes and started again, it converges and writes nothing twice', () => {
    let proxy: FaultProxy;
    let proxied: string;
    before(async () => {
      proxy = await startFaultProxy(plane);
      proxied = await proxy.through(await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT));
    });
    beforeEach(() => start({ leading: true }, proxied));
    afterEach(() => proxy.clear());
    after(() => proxy.stop());

    /** Kills it there, once the API server has done what reached it, and starts it again; returns what `change` made, and the mark before it. */
    const killedAt = async <T>({ written, last }: Cut, { target, isOne }: Requests, change: () => Promise<T>): Promise<{ made: T; mark: AuditMark }> => {
      const mark = await writesAtRest();
      const passed = proxy.rule({ ...target, times: written }, { kind: 'delay', ms: 0 });
      const stuck = proxy.rule({ ...target, ...(last === 'unanswered' && { times: 1 }) }, { kind: last });
      if (last === 'unanswered') proxy.rule(target, { kind: 'hang' });
      const made = await change();
      await stuck.applied;
      await eventually(() => eventsSince(mark), (events) => assert.equal(events.filter(isOne).length, written + (last === 'unanswered' ? 1 : 0)), { withinMs: 30_000 });
      assert.equal(passed.appliedMs.length, written);
      await killAll();
      proxy.clear();
      await freeLease();
      await start({ leading: true }, proxied);
      return { made, mark };
    };
    /** The writes of policies, of all that ran: those of each namespace in the order in which they arrived. */
    const policyWrites = async (mark: AuditMark): Promise<Record<string, string[]>> => {
      const writes = (await writesSince(mark)).toSorted((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
      return Object.fromEntries([...Map.groupBy(writes, ({ namespace }) => namespace)].map(([namespace, list]) => [namespace, list.map(({ verb, name, code }) => `${verb} ${name} ${code}`)]));
    };
    const each = (names: readonly string[], writes: readonly string[]): Record<string, readonly string[]> => Object.fromEntries(names.map((name) => [name, writes]));

    it('while it creates policies', async () => {
      await world.baseline();
      for (const cut of CUTS) {
        const { made: names, mark } = await killedAt(cut, OF_POLICIES, () => world.namespaces(2));
        await Promise.all(names.map(isProtected));
        assert.deepEqual({ cut, writes: await policyWrites(mark) }, { cut, writes: each(names, ['create allow-dns 201', 'create default-deny 201']) });
      }
    });

    it('while it brings policies to an edited template, each in place', async () => {
      const templates = (port: number): Json => ({ dns: { ports: [{ port, protocol: 'UDP' }] }, policies: [allowFrom('allow-web', `team-${port}`)] });
      const names = await world.namespaces(2);
      const baseline = await world.baseline(templates(53));
      await world.applied(baseline);
      const policies = async (): Promise<Json[]> => (await Promise.all(names.map((name) => world.policies(name)))).flatMap((found) => [...found.values()]);
      const uids = (await policies()).map(({ metadata }) => metadata.uid);
      for (const [index, cut] of SOME_CUTS.entries()) {
        const edited = templates(5_300 + index);
        const { mark } = await killedAt(cut, OF_POLICIES, () => world.edit(baseline, edited));
        await world.applied(baseline);
        assert.deepEqual({ cut, writes: await policyWrites(mark) }, { cut, writes: each(names, ['update allow-dns 200', 'update allow-web 200']) });
        const now = await policies();
        assert.deepEqual(now.map(({ metadata }) => metadata.uid), uids);
        assert.deepEqual(now.filter(({ metadata }) => metadata.name === 'allow-web').map(({ spec }) => spec), names.map(() => edited.policies[0].networkPolicy));
        assert.deepEqual(now.filter(({ metadata }) => metadata.name === 'allow-dns').map(({ spec }) => spec.egress[0].ports), names.map(() => edited.dns.ports));
      }
    });

    for (const { how, spec, change, from, writes, left, isDone } of REMOVALS) {
      it(`while it removes policies, deny first: ${how}`, async () => {
        for (const cut of SOME_CUTS) {
          const names = await world.namespaces(3);
          const baseline = await world.baseline(spec);
          await world.applied(baseline);
          const { mark } = await killedAt(cut, OF_POLICIES, () => change(world, baseline, names));
          for (const name of names.slice(0, from)) await world.becomes(name, ...left);
          await isDone(world, baseline);
          assert.deepEqual({ cut, writes: await policyWrites(mark) }, { cut, writes: each(names.slice(0, from), writes) });
          await world.clear();
        }
      });
    }

    for (const { what, spec, requests, change, finalizers, writes, isDone } of OWN_WRITES) {
      it(`while it writes to the baseline: ${what}`, async () => {
        for (const last of ['hang', 'unanswered'] as const) {
          const names = await world.namespaces(2);
          const baseline = await world.baseline(spec);
          await world.applied(baseline);
          const from = proxy.asked.length;
          const { mark } = await killedAt({ written: 0, last }, requests, () => change(world, baseline));
          await isDone(world, baseline);
          assert.deepEqual({ last, writes: await policyWrites(mark) }, { last, writes: writes.length === 0 ? {} : each(names, writes) });
          const patches = (await eventsSince(mark)).filter(OF_FINALIZERS.isOne).map(({ verb, name, code }) => `${verb} ${name} ${code}`);
          assert.deepEqual({ last, patches }, { last, patches: Array.from({ length: finalizers }, () => `patch ${baseline} 200`) });
          const statuses = proxy.asked.slice(from).filter(({ path, fault }) => OF_STATUS.target.path.test(path) && fault !== 'hang').map(({ body }) => body.replaceAll(/"lastTransitionTime":"[^"]*"/g, ''));
          if (requests === OF_STATUS) assert.notEqual(statuses.length, 0);
          assert.deepEqual(statuses.filter((status, index) => statuses.indexOf(status) !== index), [], `${last}: what was said already`);
          await world.clear();
        }
      });
    }
  });

  it('GB-75: what happened while it was down is healed, and live drift never becomes the plan', async () => {
    const baseline = await world.baseline({ namespaceSelector: { matchLabels: { ...world.labels, in: 'scope' } } });
    const scoped = { labels: { in: 'scope' } };
    const [edited, bare, moved, reborn] = [await world.namespace(scoped), await world.namespace(scoped), await world.namespace(scoped), await world.namespace(scoped)];
    await kill(await start().then(async (operator) => {
      for (const name of [edited, bare, moved, reborn]) await isProtected(name);
      return operator;
    }));
    await freeLease();
    await world.patchPolicy(edited, 'default-deny', { spec: { ingress: [{}] } });
    await world.deletePolicy(bare, 'default-deny');
    await world.admin.patch(`/api/v1/namespaces/${moved}`, { metadata: { labels: { in: null } } });
    await world.admin.delete(`/api/v1/namespaces/${reborn}`);
    await eventually(async () => (await world.admin.get(`/api/v1/namespaces/${reborn}`)).code, (code) => assert.equal(code, 404), { withinMs: 30_000 });
    await world.namespace({ name: reborn, ...scoped });
    const fresh = await world.namespace(scoped);
    await start();
    for (const name of [edited, bare, reborn, fresh]) await isProtected(name);
    await eventually(() => world.policies(edited), (policies) => assert.deepEqual(policies.get('default-deny').spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }));
    await eventually(() => world.policyNames(moved), (names) => assert.deepEqual(names, []));
    await eventually(() => world.getBaseline(baseline), ({ status }) => assert.equal(status.protected, '4/4'));
  });

  it('GB-76: a baseline deleted with Delete while it was down is cleaned up', async () => {
    const name = await world.baseline({ deletionPolicy: 'Delete' });
    const namespace = await world.namespace();
    const operator = await start();
    await isProtected(namespace);
    await eventually(() => world.getBaseline(name), ({ metadata }) => assert.equal(metadata.finalizers?.length, 1));
    await kill(operator);
    await freeLease();
    await world.admin.delete(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`);
    await start();
    await eventually(() => world.policyNames(namespace), (names) => assert.deepEqual(names, []));
    await eventually(async () => (await world.admin.get(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`)).code, (code) => assert.equal(code, 404));
  });

  it('an API server that is killed and comes back is survived, and nothing is written twice', async () => {
    await world.baseline();
    const old = await world.namespace();
    const operator = await start();
    await isProtected(old);
    const mark = await writesAtRest();
    await plane.killApiServer();
    await delay(1_500);
    await plane.startApiServer();
    const fresh = await eventually(() => world.namespace(), () => undefined, { withinMs: 20_000 });
    await isProtected(fresh).catch((error) => { throw new Error(operator.output().split('\n').slice(-25).join('\n'), { cause: error }); });
    await world.deletePolicy(old, 'allow-dns');
    await isProtected(old);
    await eventually(operator.ready, (code) => assert.equal(code, 200), { withinMs: 30_000 });
    const done = (await writesSince(mark)).filter(({ code }) => code < 300);
    assert.equal(done.length, 3, JSON.stringify(done.map(({ verb, namespace, requestURI }) => [verb, namespace, requestURI])));
  });

  it('GB-80: a standby takes over from a leader that was killed, within 18 s, and writes nothing before', async () => {
    await world.baseline();
    const leader = await start();
    const standby = await start({ leading: false });
    assert.equal(await standby.leads(), false);
    assert.equal(await standby.ready(), 200, 'a standby with warm caches is ready');
    const first = await world.namespace();
    await isProtected(first);
    const mark = await writesAtRest();
    await kill(leader);
    const killedAtMs = Date.now();
    const orphans = await world.namespaces(20);
    await Promise.all(orphans.map(isProtected));
    const writes = await writesSince(mark);
    const firstAfterMs = Math.min(...writes.map(({ receivedAt }) => Date.parse(receivedAt))) - killedAtMs;
    assert.ok(firstAfterMs < 18_500, `taken over after ${firstAfterMs} ms`);
    assert.ok(firstAfterMs > 9_000, `a Lease that is not expired is respected: its holder renewed it at most 5 s before, and this was after ${firstAfterMs} ms`);
    const wanted = orphans.flatMap((name) => BOTH.map((policy) => `create ${name}/${policy} 201`));
    assert.deepEqual(writes.map(({ verb, namespace, name, code }) => `${verb} ${namespace}/${name} ${code}`).toSorted(), wanted.toSorted());
  });

  it('a leader that was frozen past its Lease writes nothing when it wakes up', async () => {
    await world.baseline();
    const leader = await start();
    await start({ leading: false });
    await isProtected(await world.namespace());
    leader.kill('SIGSTOP');
    const namespace = await world.namespace();
    await isProtected(namespace);
    await world.deletePolicy(namespace, 'allow-dns');
    await isProtected(namespace);
    const mark = await writesAtRest();
    leader.kill('SIGCONT');
    assert.equal(await leader.ended, 1, 'it ends, for its replacement to start fresh');
    running.delete(leader);
    assert.deepEqual(await writesSince(mark), []);
    assert.match(leader.output(), /leadership lost/);
  });

  it('two that both believe they lead come to the same state, and stop writing', async () => {
    const first = await world.operator({ flags: { 'leader-elect': 'false' } });
    const second = await world.operator({ flags: { 'leader-elect': 'false' } });
    const name = await world.baseline({ policies: [{ name: 'allow-web', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }] } }] });
    const names = await Promise.all(Array.from({ length: 10 }, () => world.namespace()));
    for (const namespace of names) await eventually(() => world.policyNames(namespace), (found) => assert.deepEqual(found, ['allow-dns', 'allow-web', 'default-deny']));
    await world.edit(name, { policies: [] });
    for (const namespace of names) await isProtected(namespace);
    await world.patchPolicy(names[0] ?? '', 'default-deny', { spec: { egress: [{}] } });
    await eventually(() => world.policies(names[0] ?? ''), (policies) => assert.equal(policies.get('default-deny').spec.egress, undefined));
    const mark = await writesAtRest();
    await delay(2_000);
    assert.deepEqual(await writesSince(mark), []);
    for (const { metric } of [first, second]) assert.equal(await metric('netpol_baseline_contended_policies'), 0);
  });

  it('GB-81: a leader that stops hands over at once, and loses nothing', async () => {
    await world.baseline();
    const leader = await start();
    const standby = await start({ leading: false });
    const names = Array.from({ length: 20 }, () => world.namespace());
    await names[3];
    const stopped = kill(leader, 'SIGTERM');
    const created = await Promise.all(names);
    assert.equal(await stopped, 0, 'a clean exit');
    const releasedMs = performance.now();
    await eventually(standby.leads, (leads) => assert.equal(leads, true), { everyMs: 25 });
    assert.ok(performance.now() - releasedMs < 5_000, `a Lease that is not released lasts 15 s; took ${performance.now() - releasedMs} ms after the exit`);
    for (const name of created) await isProtected(name);
  });

  it('GB-83: without a right to list baselines nothing is deleted, and it is not ready', async () => {
    await world.baseline();
    const namespace = await world.namespace();
    const operator = await start();
    await isProtected(namespace);
    await kill(operator);
    await freeLease();
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/namespace-policy-baseline';
    const { body } = await world.admin.get(role);
    const without = body.rules.filter((rule: { resources: string[] }) => !rule.resources.includes('namespacepolicybaselines'));
    await world.admin.patch(role, { rules: without });
    try {
      const blind = await spawnOperator(kubeconfig);
      running.add(blind);
      await eventually(blind.ready, (code) => assert.equal(code, 503), { withinMs: 30_000 });
      await eventually(() => fetch(`${blind.url}/readyz`).then((answer) => answer.text()), (text) => {
        assert.match(text, /namespacepolicybaselines.*(forbidden|cannot)/i);
        assert.match(text, /networkpolicies: synced/);
      }, { withinMs: 30_000 });
      await consistently(() => world.policyNames(namespace), (names) => assert.deepEqual(names, BOTH), 2_000, 100);
      await world.admin.patch(role, { rules: body.rules });
      await eventually(blind.ready, (code) => assert.equal(code, 200), { withinMs: 60_000, everyMs: 100 });
      const fresh = await world.namespace();
      await isProtected(fresh);
    } finally {
      await world.admin.patch(role, { rules: body.rules });
    }
  });

  it('GB-65: a missing right on policies is a condition, and heals without a restart', async () => {
    const role = '/apis/rbac.authorization.k8s.io/v1/clusterroles/namespace-policy-baseline';
    const { body } = await world.admin.get(role);
    const readOnly = body.rules.map((rule: { resources: string[]; verbs: string[] }) => (rule.resources.includes('networkpolicies') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule));
    await world.admin.patch(role, { rules: readOnly });
    try {
      const name = await world.baseline();
      const namespace = await world.namespace();
      await start();
      await eventually(() => world.getBaseline(name), ({ status }) => {
        const ready = status.conditions.find(({ type }: { type: string }) => type === 'Ready');
        assert.deepEqual([ready.status, ready.reason], ['False', 'Forbidden']);
        assert.match(ready.message, new RegExp(`${namespace}.*cannot create.*networkpolicies`));
      }, { withinMs: 20_000 });
      await world.admin.patch(role, { rules: body.rules });
      await isProtected(namespace);
      await eventually(() => world.getBaseline(name), ({ status }) => assert.equal(status.conditions.find(({ type }: { type: string }) => type === 'Ready').status, 'True'), { withinMs: 20_000 });
    } finally {
      await world.admin.patch(role, { rules: body.rules });
    }
  });
});
