/** "Never" rule 1: removals that would open many namespaces are held until somebody confirms them. */
import assert from 'node:assert/strict';
import { shortHash } from '../../src/api/hash.ts';
import { parseBaseline } from '../../src/kube/objects.ts';
import type { AuditMark } from '../control-plane/audit-log.ts';
import { refused } from '../support/admission.ts';
import { BASELINES, type Json } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { DEFAULT_DENY_SPEC, DENY_INGRESS_SPEC, WIDE_OPEN } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const BOTH = ['allow-dns', 'default-deny'];
const CONFIRM = 'netbaseline.io/confirm';
const WINDOW_MS = 10 * 60_000;

describe('hold and confirm', function () {
  this.timeout(120_000);
  const clock = jumpingClock();
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  const start = async (flags: Record<string, string> = {}): Promise<void> => {
    operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms', ...flags } });
  };
  before(async () => {
    world = await aWorld();
    await start();
    witness = await aWitness(world);
  });
  afterEach(() => world.clear());
  after(async () => {
    await witness.end();
    await world.end();
  });

  /** Those of this scenario with `env: prod` and no `tier`. */
  const inUse = (): Json => ({ namespaceSelector: { matchLabels: { ...world.labels, env: 'prod' } } });
  const withoutOld = (): Json => ({ namespaceSelector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] } });
  const elsewhere = (): Json => ({ namespaceSelector: { matchLabels: { env: 'elsewhere' } } });

  interface Covered { readonly baseline: string; readonly old: readonly string[]; readonly staying: readonly string[] }
  /** A baseline in force over namespaces of which `old` have a label that `withoutOld` leaves out. Names are sorted. */
  async function covered(old: number, staying: number, spec: Json = {}): Promise<Covered> {
    const oldNames = await world.namespaces(old, { labels: { env: 'prod', tier: 'old' } });
    const stayingNames = await world.namespaces(staying, { labels: { env: 'prod' } });
    const baseline = await world.baseline({ ...inUse(), ...spec });
    const all = old + staying;
    await world.status(baseline, ({ protected: count }) => assert.equal(count, `${all}/${all}`), { withinMs: 15_000 }); // a jump may have cut the watch of namespaces off
    await world.applied(baseline);
    return { baseline, old: oldNames.sort(), staying: stayingNames.sort() };
  }

  const condition = ({ conditions = [] }: Json, type: string): Json => conditions.find((each: Json) => each.type === type);
  const isHeld = (baseline: string, namespaces: number): Promise<Json> => world.status(baseline, (status) => {
    assert.deepEqual([condition(status, 'Held')?.status, status.held?.namespaces], ['True', namespaces]);
  }, { withinMs: 15_000 });
  const isReleased = (baseline: string): Promise<Json> => world.status(baseline, (status) => {
    assert.deepEqual([status.held, condition(status, 'Held'), condition(status, 'Stalled'), condition(status, 'Ready')?.status], [undefined, undefined, undefined, 'True']);
  }, { withinMs: 15_000 });
  const confirm = async (baseline: string, token: string): Promise<void> => {
    const { code } = await world.admin.patch(`${BASELINES}/${baseline}`, { metadata: { annotations: { [CONFIRM]: token } } });
    assert.equal(code, 200);
  };
  /** Names of the namespaces in which the baseline has a default-deny; sorted. */
  const denied = async (baseline: string): Promise<string[]> => {
    const selector = `netbaseline.io/baseline=${baseline},netbaseline.io/template=default-deny`;
    const { body } = await world.admin.get(`/apis/networking.k8s.io/v1/networkpolicies?labelSelector=${selector}`);
    return body.items.map(({ metadata }: Json) => metadata.namespace).sort();
  };
  const areDenied = (baseline: string, namespaces: readonly string[]): Promise<unknown> => eventually(() => denied(baseline), (found) => assert.deepEqual(found, [...namespaces].sort()), { withinMs: 15_000 });
  const policyWrites = async (mark: AuditMark): Promise<string[]> => (await witness.writes(mark))
    .filter(({ resource }) => resource === 'networkpolicies').map(({ verb, namespace, name }) => `${verb} ${namespace}/${name}`);
  /** The event that says that something of this baseline is held, or was. */
  const holdOf = async (baseline: string): Promise<Json> => (await world.admin.get('/apis/events.k8s.io/v1/namespaces/default/events')).body.items
    .find(({ reason, regarding }: Json) => reason === 'RemovalsHeld' && regarding.name === baseline);
  const heldMetric = (baseline: string): Promise<number> => operator.metric('netpol_baseline_held_removals', { baseline });
  const specHash = (object: Json): string => parseBaseline(object).specHash;

  describe('what is held', () => {
    it('Never 1: a selector that would open more than ten is held, and everybody is told', async () => {
      const { baseline, old, staying } = await covered(11, 3);
      const mark = await witness.settled();
      await world.edit(baseline, withoutOld());
      const status = await isHeld(baseline, 11);
      const stored = await world.getBaseline(baseline);
      assert.deepEqual(Object.keys(status.held).sort(), ['generation', 'namespaces', 'since', 'token']);
      assert.deepEqual([status.held.token, status.held.generation], [specHash(stored), stored.metadata.generation]);
      assert.ok(Math.abs(Date.parse(status.held.since) - clock.wallMs()) < 60_000, status.held.since);
      const { message } = condition(status, 'Held');
      assert.ok(message.includes(`kubectl annotate --overwrite npb ${baseline} ${CONFIRM}=${status.held.token}`), message);
      assert.ok(old.some((name) => message.includes(name)), message);
      assert.ok(!staying.some((name) => message.includes(name)), message);
      assert.deepEqual([condition(status, 'Stalled')?.status, condition(status, 'Stalled')?.reason], ['True', 'RemovalsHeld']);
      assert.equal(condition(status, 'Ready').status, 'False');
      await eventually(() => holdOf(baseline), (event) => assert.deepEqual([event?.type, event?.note], ['Warning', message]));
      assert.equal(await heldMetric(baseline), 11);
      assert.equal(await operator.metric('netpol_baseline_status_condition', { baseline, condition: 'Held' }), 1);
      assert.deepEqual(await policyWrites(mark), []);
      await areDenied(baseline, [...old, ...staying]);
    });

    it('Never 1: ten of more are let through', async () => {
      const { baseline, old, staying } = await covered(10, 3);
      await world.edit(baseline, withoutOld());
      await areDenied(baseline, staying);
      for (const namespace of old) await world.becomes(namespace);
      await isReleased(baseline);
      assert.equal(await holdOf(baseline), undefined);
    });

    it('Never 1: all of them are held when they are two, and let through when it is one', async () => {
      const { baseline, old: two } = await covered(2, 0);
      const mark = await witness.settled();
      await world.edit(baseline, withoutOld());
      await isHeld(baseline, 2);
      assert.deepEqual(await policyWrites(mark), []);
      await areDenied(baseline, two);
      await world.deleteNamespace(two[0] ?? '');
      await world.becomes(two[1] ?? '', ...BOTH);
      await isHeld(baseline, 1);
      await world.clear();
      const { baseline: other } = await covered(1, 0);
      await world.edit(other, withoutOld());
      await areDenied(other, []);
      await isReleased(other);
    });

    it('Never 1: relabelled one by one, ten pass and the eleventh is held, with a token of the namespaces', async () => {
      const { baseline, staying } = await covered(0, 13);
      const generation = (await world.getBaseline(baseline)).metadata.generation;
      for (const namespace of staying.slice(0, 10)) {
        await world.label(namespace, { env: null });
        await world.becomes(namespace);
      }
      assert.equal((await world.getBaseline(baseline)).status.held, undefined);
      const mark = await witness.settled();
      const [eleventh = ''] = staying.slice(10);
      await world.label(eleventh, { env: null });
      const { held } = await isHeld(baseline, 1);
      assert.equal(held.token, shortHash(`${generation}\n${eleventh}`));
      assert.deepEqual(await policyWrites(mark), []);
      await areDenied(baseline, staying.slice(10));
      await world.label(eleventh, { env: 'prod' });
      await isReleased(baseline);
      assert.deepEqual(await policyWrites(mark), []);
    });

    it('Never 1: what was removed more than ten minutes ago does not count any more', async () => {
      const { baseline, staying } = await covered(0, 23);
      const remove = async (namespaces: readonly string[]): Promise<void> => {
        await Promise.all(namespaces.map((namespace) => world.label(namespace, { env: null })));
        await Promise.all(namespaces.map((namespace) => world.becomes(namespace)));
      };
      await remove(staying.slice(0, 10));
      clock.jump(WINDOW_MS + 1_000);
      await remove(staying.slice(10, 20));
      await world.label(staying[20] ?? '', { env: null });
      await isHeld(baseline, 1);
      await areDenied(baseline, staying.slice(20));
    });

    it('Never 1: two of two relabelled one after the other: the second is held', async () => {
      const { baseline, staying: [first = '', second = ''] } = await covered(0, 2);
      await world.label(first, { env: null });
      await world.becomes(first);
      await world.label(second, { env: null });
      await isHeld(baseline, 1);
      await world.becomes(second, ...BOTH);
    });

    const causes: readonly { readonly cause: string; readonly edit: (names: readonly string[]) => Json }[] = [
      { cause: 'excludedNamespaces', edit: (names) => ({ excludedNamespaces: names }) },
      { cause: 'an exemption by label', edit: () => ({ exemptions: [{ namespaceSelector: { matchLabels: { tier: 'old' } }, reason: 'test' }] }) },
      { cause: 'exemptions by name', edit: (names) => ({ exemptions: names.map((namespace) => ({ namespace, reason: 'test' })) }) },
    ];
    for (const { cause, edit } of causes) {
      it(`Never 1: ${cause} can be an accident too`, async () => {
        const { baseline, old, staying } = await covered(11, 1);
        const mark = await witness.settled();
        await world.edit(baseline, edit(old));
        const { held } = await isHeld(baseline, 11);
        assert.equal(held.token, specHash(await world.getBaseline(baseline)));
        assert.deepEqual(await policyWrites(mark), []);
        await confirm(baseline, held.token);
        await areDenied(baseline, staying);
        await isReleased(baseline);
      });
    }

    it('Never 1: so can another list of system namespaces', async () => {
      const { baseline, old, staying } = await covered(11, 1);
      await operator.stop();
      try {
        await start({ 'system-namespaces': ['kube-system', ...old].join(',') });
        const mark = await witness.settled();
        const { held } = await isHeld(baseline, 11);
        const { metadata: { generation } } = await world.getBaseline(baseline);
        assert.equal(held.token, shortHash(`${generation}\n${old.join('\n')}`), 'no change of the spec is the cause');
        assert.deepEqual(await policyWrites(mark), []);
        await confirm(baseline, held.token);
        await areDenied(baseline, staying);
      } finally {
        await operator.stop();
        await start();
      }
    });

    it('Never 1: one direction is enough: an exemption from Egress is held, and opens Egress only', async () => {
      const { baseline, old } = await covered(11, 1);
      const exempt = { exemptions: [{ namespaceSelector: { matchLabels: { tier: 'old' } }, directions: ['Egress'], reason: 'test' }] };
      const mark = await witness.settled();
      await world.edit(baseline, exempt);
      const { held } = await isHeld(baseline, 11);
      assert.deepEqual(await policyWrites(mark), []);
      await confirm(baseline, held.token);
      for (const namespace of old) {
        await world.becomes(namespace, 'default-deny');
        await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DENY_INGRESS_SPEC));
      }
      await isReleased(baseline);
    });

    it('Never 1: a hold is of a direction: what was asked for in the other one is done', async () => {
      const { baseline, old, staying } = await covered(11, 1);
      await world.edit(baseline, { ingress: { mode: 'Audit' }, exemptions: [{ namespaceSelector: { matchLabels: { tier: 'old' } }, directions: ['Egress'], reason: 'test' }] });
      await isHeld(baseline, 11);
      for (const namespace of [...old, ...staying]) {
        await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, { podSelector: {}, policyTypes: ['Egress'] }));
        await world.becomes(namespace, ...BOTH);
      }
    });
  });

  describe('what goes on meanwhile', () => {
    it('Never 1: new namespaces are covered, drift is repaired, also where a removal is held', async () => {
      const { baseline, old, staying: [staying = ''] } = await covered(11, 1);
      await world.edit(baseline, withoutOld());
      const { held } = await isHeld(baseline, 11);
      const fresh = await world.namespace({ labels: { env: 'prod' } });
      await world.becomes(fresh, ...BOTH);
      await world.deletePolicy(staying, 'allow-dns');
      await world.becomes(staying, ...BOTH);
      const [waiting = ''] = old;
      await world.patchPolicy(waiting, 'default-deny', { spec: WIDE_OPEN });
      await eventually(() => world.policy(waiting, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      assert.deepEqual((await isHeld(baseline, 11)).held, held);
      await areDenied(baseline, [...old, staying, fresh]);
    });
  });

  describe('how it ends', () => {
    it('Never 1: the command in the condition confirms it, and deny goes first', async () => {
      const { baseline, old, staying } = await covered(11, 1);
      const mark = await witness.settled();
      await world.edit(baseline, withoutOld());
      const { message } = condition(await isHeld(baseline, 11), 'Held');
      const [, command = ''] = /kubectl (annotate .*)$/.exec(message) ?? [];
      const { stdout } = await world.plane.kubectl(command.split(' '));
      assert.match(stdout, /annotated/);
      for (const namespace of old) await world.becomes(namespace);
      await isReleased(baseline);
      await areDenied(baseline, staying);
      for (const namespace of old) assert.deepEqual(await witness.policyWrites(mark, namespace), ['delete default-deny', 'delete allow-dns']);
      assert.equal(await heldMetric(baseline), 0);
      const { metadata } = await world.getBaseline(baseline);
      assert.ok(metadata.annotations[CONFIRM] !== undefined, 'an annotation of the user stays');
    });

    it('Never 1: the token of a change of the spec is known beforehand, so that both are committed together', async () => {
      const { baseline, staying } = await covered(11, 1);
      const { body: planned } = await world.admin.patch(`${BASELINES}/${baseline}?dryRun=All`, { spec: withoutOld() });
      const { code } = await world.admin.patch(`${BASELINES}/${baseline}`, { spec: withoutOld(), metadata: { annotations: { [CONFIRM]: specHash(planned) } } });
      assert.equal(code, 200);
      await areDenied(baseline, staying);
      await isReleased(baseline);
    });

    it('Never 1: another token does nothing, nor does one of an earlier change', async () => {
      const { baseline, old, staying } = await covered(11, 1);
      await world.edit(baseline, withoutOld());
      const { held: first } = await isHeld(baseline, 11);
      const mark = await witness.settled();
      await world.edit(baseline, { priority: 1 });
      await eventually(() => isHeld(baseline, 11), ({ held }) => assert.notEqual(held.token, first.token));
      const { held: second } = await isHeld(baseline, 11);
      assert.equal(second.token, specHash(await world.getBaseline(baseline)));
      for (const token of [first.token, '', second.token.toUpperCase(), `${second.token} `]) {
        await confirm(baseline, token);
        await witness.heardOfBaselines();
        assert.deepEqual(await policyWrites(mark), [], `with "${token}"`);
      }
      assert.deepEqual((await world.getBaseline(baseline)).status.held, second);
      await confirm(baseline, second.token);
      await areDenied(baseline, staying);
      for (const namespace of old) await world.becomes(namespace);
    });

    it('Never 1: taking the change back releases it, and no policy was ever written', async () => {
      const { baseline, old, staying } = await covered(11, 1);
      const mark = await witness.settled();
      await world.edit(baseline, withoutOld());
      await isHeld(baseline, 11);
      await world.edit(baseline, { namespaceSelector: { matchExpressions: null } });
      await isReleased(baseline);
      assert.deepEqual(await policyWrites(mark), []);
      await areDenied(baseline, [...old, ...staying]);
      assert.equal(await heldMetric(baseline), 0);
    });

    it('Never 1: at most as many as were confirmed; the others trip anew, with another token', async () => {
      const { baseline, old, staying } = await covered(11, 5);
      await world.edit(baseline, withoutOld());
      const { held: first } = await isHeld(baseline, 11);
      await operator.stop();
      for (const namespace of staying.slice(0, 3)) await world.label(namespace, { tier: 'old' });
      await confirm(baseline, first.token);
      await start();
      const { held: second } = await isHeld(baseline, 3);
      assert.notEqual(second.token, first.token);
      assert.equal((await denied(baseline)).length, old.length + staying.length - 11);
      await confirm(baseline, second.token);
      await areDenied(baseline, staying.slice(3));
      await isReleased(baseline);
    });

    it('Never 1: a confirmation that was carried out lets nothing more through', async () => {
      const { baseline, staying } = await covered(11, 3);
      await world.edit(baseline, withoutOld());
      const { held } = await isHeld(baseline, 11);
      await confirm(baseline, held.token);
      await areDenied(baseline, staying);
      await isReleased(baseline);
      await world.label(staying[0] ?? '', { tier: 'old' });
      const { held: again } = await isHeld(baseline, 1);
      assert.notEqual(again.token, held.token);
      await areDenied(baseline, staying);
    });
  });

  describe('an explicit undo is never held', () => {
    const undone: readonly { readonly what: string; readonly spec: Json; readonly left: readonly string[] }[] = [
      { what: 'ingress set to Audit', spec: { ingress: { mode: 'Audit' } }, left: BOTH },
      { what: 'egress set to Disabled', spec: { egress: { mode: 'Disabled' } }, left: ['default-deny'] },
      { what: 'both directions', spec: { ingress: { mode: 'Disabled' }, egress: { mode: 'Audit' } }, left: [] },
    ];
    for (const { what, spec, left } of undone) {
      it(`Never 1: ${what}`, async () => {
        const { baseline, old } = await covered(11, 0);
        await world.edit(baseline, spec);
        for (const namespace of old) await world.becomes(namespace, ...left);
        await isReleased(baseline);
        assert.equal(await holdOf(baseline), undefined);
      });
    }

    it('Never 1: a baseline deleted with deletionPolicy Delete, also while something of it is held', async () => {
      const { baseline, old } = await covered(11, 0);
      await world.edit(baseline, elsewhere());
      await isHeld(baseline, 11);
      await world.edit(baseline, { deletionPolicy: 'Delete' });
      await isHeld(baseline, 11);
      await eventually(() => world.getBaseline(baseline), ({ metadata }) => assert.equal(metadata.finalizers?.length, 1));
      await world.deleteBaseline(baseline);
      for (const namespace of old) await world.becomes(namespace);
      await eventually(() => world.admin.get(`${BASELINES}/${baseline}`), ({ code }) => assert.equal(code, 404));
    });

    it('Never 1: the deletion of the namespaces themselves; what is on its way out does not count as holding', async () => {
      const { baseline, old, staying: [first = '', second = ''] } = await covered(11, 2);
      await Promise.all(old.map((namespace) => refused(world, { namespace, operations: ['DELETE'], policy: 'default-deny' })));
      await Promise.all(old.map((namespace) => world.deleteNamespace(namespace)));
      const { held } = await world.status(baseline, ({ protected: text }) => assert.equal(text, '2/2'));
      assert.equal(held, undefined);
      await world.label(first, { env: null });
      await world.becomes(first);
      await world.label(second, { env: null });
      await isHeld(baseline, 1);
      await areDenied(baseline, [...old, second]);
    });
  });

  describe('a restart', () => {
    it('Never 1: still held: the same token since the same time, and nothing is written', async () => {
      const { baseline, old, staying } = await covered(11, 1);
      await world.edit(baseline, withoutOld());
      await isHeld(baseline, 11);
      const mark = await witness.settled();
      const before = await world.getBaseline(baseline);
      await operator.stop();
      await start();
      assert.deepEqual((await witness.writes(mark)).map(({ verb, requestURI }) => `${verb} ${requestURI}`), []);
      await eventually(() => heldMetric(baseline), (value) => assert.equal(value, 11));
      assert.equal((await world.getBaseline(baseline)).metadata.resourceVersion, before.metadata.resourceVersion);
      await areDenied(baseline, [...old, ...staying]);
      await confirm(baseline, before.status.held.token);
      await areDenied(baseline, staying);
    });

    it('Never 1: what is held of relabelled namespaces keeps its token too', async () => {
      const { baseline, staying } = await covered(0, 12);
      await operator.stop();
      for (const namespace of staying.slice(0, 11)) await world.label(namespace, { env: null });
      await start();
      const { held } = await isHeld(baseline, 11);
      await operator.stop();
      await start();
      const mark = await witness.settled();
      assert.deepEqual((await isHeld(baseline, 11)).held, held);
      assert.deepEqual(await policyWrites(mark), []);
      await confirm(baseline, held.token);
      await areDenied(baseline, staying.slice(11));
    });

    it('Never 1: what was removed before it counts after it', async () => {
      const { baseline, staying } = await covered(0, 24);
      for (const namespace of staying.slice(0, 10)) await world.label(namespace, { env: null });
      await areDenied(baseline, staying.slice(10));
      await operator.stop();
      const { status } = await world.getBaseline(baseline);
      assert.equal(status.recentRemovals.namespaces, 10);
      assert.ok(Math.abs(Date.parse(status.recentRemovals.until) - clock.wallMs() - WINDOW_MS) < 60_000, status.recentRemovals.until);
      await start();
      await world.label(staying[10] ?? '', { env: null });
      await isHeld(baseline, 1);
      await areDenied(baseline, staying.slice(10));
      clock.jump(WINDOW_MS + 1_000);
      await world.status(baseline, ({ recentRemovals }) => assert.equal(recentRemovals, undefined), { withinMs: 15_000 });
    });

    it('Never 1: the last of two that lose it is held, also when the first did before it', async () => {
      const { baseline, staying } = await covered(0, 2);
      await world.label(staying[0] ?? '', { env: null });
      await areDenied(baseline, staying.slice(1));
      await operator.stop();
      await world.label(staying[1] ?? '', { env: null });
      await start();
      await isHeld(baseline, 1);
      await areDenied(baseline, staying.slice(1));
    });

    it('Never 1: half carried out, it goes on to exactly the confirmed number', async () => {
      await operator.stop();
      await start({ 'status-interval': '1h' });
      const { baseline, old, staying } = await covered(24, 12);
      await world.edit(baseline, withoutOld());
      const { held } = await isHeld(baseline, 24);
      const obstacles = await Promise.all(old.slice(18).map((namespace) => refused(world, { namespace, policy: 'default-deny', operations: ['DELETE'] })));
      await confirm(baseline, held.token);
      await areDenied(baseline, [...old.slice(18), ...staying]);
      await operator.stop();
      await Promise.all(obstacles.map((obstacle) => obstacle.end()));
      for (const namespace of staying.slice(0, 4)) await world.label(namespace, { tier: 'old' });
      await start();
      const { held: rest } = await isHeld(baseline, 4);
      assert.notEqual(rest.token, held.token);
      const left = await denied(baseline);
      assert.equal(left.length, old.length + staying.length - 24, left.join(' '));
    });
  });
});
