/** Rules 4 and 10, GB-46 and GB-47: several baselines on one namespace. */
import assert from 'node:assert/strict';
import { BASELINES, type Json } from '../support/api.ts';
import { consistently, eventually } from '../support/eventually.ts';
import { ALLOW_DNS_SPEC, DEFAULT_DENY_SPEC, DENY_EGRESS_SPEC, DENY_INGRESS_SPEC, allowFrom, allowTo, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const INGRESS_ONLY: Json = { egress: { mode: 'Disabled' } };
const EGRESS_ONLY: Json = { ingress: { mode: 'Disabled' } };
const ISOLATED_FOR = 'netbaseline.io/isolated-for';

describe('several baselines', function () {
  this.timeout(120_000);
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  const start = async (): Promise<void> => {
    operator = await world.operator({ flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
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

  /** Namespaces with baselines in force. */
  async function covered(count: number, ...specs: Json[]): Promise<{ namespaces: string[]; baselines: string[] }> {
    const namespaces = await world.namespaces(count);
    const baselines: string[] = [];
    for (const spec of specs) baselines.push(await world.baseline(spec));
    for (const baseline of baselines) await world.applied(baseline);
    return { namespaces, baselines };
  }
  const ownerOf = async (namespace: string, policy: string): Promise<string> => (await world.policy(namespace, policy)).metadata.labels['netbaseline.io/baseline'];

  describe('default-deny', () => {
    it('rule 4: covers the union of the directions that any of them enforces, and says for whom', async () => {
      const { namespaces: [namespace = ''], baselines: [first, second] } = await covered(1, { ...INGRESS_ONLY, priority: 1 }, EGRESS_ONLY);
      const { metadata, spec } = await world.policy(namespace, 'default-deny');
      assert.deepEqual(spec, DEFAULT_DENY_SPEC);
      assert.deepEqual([metadata.labels['netbaseline.io/baseline'], metadata.annotations[ISOLATED_FOR]], [first, `Egress=${second}`]);
      for (const baseline of [first, second]) await world.status(baseline ?? '', ({ protected: fraction }) => assert.equal(fraction, '1/1'));
    });

    it('rule 4: shrinks in place, with the uid that it had, to what is still asked for', async () => {
      const { namespaces: [namespace = ''], baselines: [first = '', second = ''] } = await covered(2, { ...INGRESS_ONLY, priority: 1 }, EGRESS_ONLY);
      const { uid } = (await world.policy(namespace, 'default-deny')).metadata;
      await world.edit(first, { excludedNamespaces: [namespace] });
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec, metadata }) => {
        assert.deepEqual(spec, DENY_EGRESS_SPEC);
        assert.deepEqual([metadata.uid, metadata.labels['netbaseline.io/baseline'], metadata.annotations[ISOLATED_FOR]], [uid, second, undefined]);
      });
      await world.edit(first, { excludedNamespaces: [] });
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec, metadata }) => assert.deepEqual([spec, metadata.uid], [DEFAULT_DENY_SPEC, uid]));
    });

    it('rule 4: a direction that one of them sets to Audit stays while another enforces it', async () => {
      const { namespaces: [namespace = ''], baselines: [first = ''] } = await covered(1, { priority: 1 }, EGRESS_ONLY);
      await world.edit(first, { egress: { mode: 'Audit' } });
      await world.applied(first);
      await witness.settled();
      const { spec, metadata } = await world.policy(namespace, 'default-deny');
      assert.deepEqual(spec, DEFAULT_DENY_SPEC);
      assert.match(metadata.annotations[ISOLATED_FOR], /^Egress=/);
      assert.deepEqual((await world.policy(namespace, 'allow-dns')).spec, ALLOW_DNS_SPEC);
    });

    it('rule 4: two that ask for the same share one, and neither is in conflict', async () => {
      const { namespaces: [namespace = ''], baselines } = await covered(1, {}, {});
      assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny']);
      for (const baseline of baselines) await world.status(baseline, (status) => assert.deepEqual([status.protected, status.worst], ['1/1', undefined]));
    });

    it('rule 4: tampering is repaired if one of them asks for it, and left if none does', async () => {
      const { namespaces: [namespace = ''], baselines: [warning = '', repairing = ''] } = await covered(1, { driftPolicy: 'Warn', priority: 1 }, {});
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      await world.edit(repairing, { driftPolicy: 'Warn' });
      await world.applied(repairing);
      await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
      for (const baseline of [warning, repairing]) await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.drifted, 1));
      assert.deepEqual((await world.policy(namespace, 'default-deny')).spec.ingress, [{}]);
    });
  });

  describe('a baseline that leaves', () => {
    const protectedIn = (baseline: string, fraction: string): Promise<Json> => world.status(baseline, (status) => {
      assert.deepEqual([status.protected, status.observedGeneration === undefined, status.held], [fraction, false, undefined]);
    }, { withinMs: 15_000 });

    it('rule 4: takes nothing from another, however many namespaces it leaves: no isolation is lost, so nothing is held', async () => {
      const { namespaces, baselines: [leaving = '', staying = ''] } = await covered(12, { priority: 1, policies: [allowFrom('of-the-leaving')] }, {});
      const uids = await Promise.all(namespaces.map(async (namespace) => (await world.policy(namespace, 'default-deny')).metadata.uid));
      const mark = await witness.settled();
      await world.edit(leaving, { namespaceSelector: { matchLabels: { elsewhere: 'true' } } });
      for (const [index, namespace] of namespaces.entries()) {
        await world.becomes(namespace, 'allow-dns', 'default-deny');
        await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata, spec }) => {
          assert.deepEqual([metadata.uid, metadata.labels['netbaseline.io/baseline'], spec], [uids[index], staying, DEFAULT_DENY_SPEC]);
        });
      }
      await protectedIn(leaving, '0/0');
      await protectedIn(staying, '12/12');
      const denies = (await witness.writes(mark)).filter(({ resource, name }) => resource === 'networkpolicies' && name !== 'of-the-leaving').map(({ verb }) => verb);
      assert.deepEqual([...new Set(denies)], ['update']);
    });

    it('rule 4: what only it asked for is counted against it: the direction is held, the other one is not its own', async () => {
      const { namespaces, baselines: [leaving = '', staying = ''] } = await covered(3, { priority: 1 }, INGRESS_ONLY);
      await world.edit(leaving, { namespaceSelector: { matchLabels: { elsewhere: 'true' } } });
      await world.status(leaving, ({ held }) => assert.equal(held?.namespaces, 3));
      await protectedIn(staying, '3/3');
      for (const namespace of namespaces) {
        assert.deepEqual((await world.policy(namespace, 'default-deny')).spec, DEFAULT_DENY_SPEC);
        assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny']);
      }
      const { status: { held } } = await world.getBaseline(leaving);
      await world.admin.patch(`${BASELINES}/${leaving}`, { metadata: { annotations: { 'netbaseline.io/confirm': held.token } } });
      for (const namespace of namespaces) {
        await world.becomes(namespace, 'default-deny');
        await eventually(() => world.policy(namespace, 'default-deny'), ({ metadata, spec }) => assert.deepEqual([metadata.labels['netbaseline.io/baseline'], spec], [staying, DENY_INGRESS_SPEC]));
      }
    });

    it('rule 4: deleted with Retain or with Delete, it leaves the others what they ask for', async () => {
      const { namespaces: [namespace = ''], baselines: [retaining = '', deleting = '', staying = ''] } = await covered(1,
        { priority: 2, policies: [allowFrom('of-the-retaining')] }, { priority: 1, deletionPolicy: 'Delete', policies: [allowFrom('of-the-deleting')] }, {});
      const { uid } = (await world.policy(namespace, 'default-deny')).metadata;
      await world.deleteBaseline(deleting);
      await world.becomes(namespace, 'allow-dns', 'default-deny', 'of-the-retaining');
      await world.deleteBaseline(retaining);
      await eventually(() => ownerOf(namespace, 'default-deny'), (owner) => assert.equal(owner, staying));
      const { metadata, spec } = await world.policy(namespace, 'default-deny');
      assert.deepEqual([metadata.uid, spec], [uid, DEFAULT_DENY_SPEC]);
      assert.deepEqual(await world.policyNames(namespace), ['allow-dns', 'default-deny', 'of-the-retaining']);
      assert.equal(await ownerOf(namespace, 'of-the-retaining'), retaining);
      await protectedIn(staying, '1/1');
    });
  });

  describe('one that cannot be read', () => {
    const broken: Json = { namespaceSelector: { matchLabels: { 'a b': 'c' } } };
    const isStalled = (baseline: string): Promise<Json> => world.status(baseline, ({ conditions }) => {
      const stalled = conditions.find(({ type }: Json) => type === 'Stalled');
      assert.deepEqual([stalled?.status, stalled?.reason], ['True', 'InvalidSpec']);
      assert.match(stalled.message, /"a b" cannot exist/);
    });

    it('GB-47: the last good policies stay, the others go on, and after a restart they still do', async () => {
      const { namespaces: [namespace = ''], baselines: [good = '', bad = ''] } = await covered(1,
        { ...INGRESS_ONLY, policies: [allowFrom('of-good')] }, { ...EGRESS_ONLY, priority: 1, policies: [allowTo('of-bad')] });
      const all = ['allow-dns', 'default-deny', 'of-bad', 'of-good'];
      const { uid } = (await world.policy(namespace, 'default-deny')).metadata;
      await world.becomes(namespace, ...all);
      const mark = await witness.settled();
      await world.edit(bad, broken);
      await isStalled(bad);
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
      for (const restarted of [false, true]) {
        if (restarted) {
          await operator.stop();
          await start();
        }
        await world.edit(good, { policies: [allowFrom('of-good', restarted ? 'after' : 'before')] });
        await world.applied(good);
        assert.deepEqual((await world.policy(namespace, 'of-good')).spec, allowing(restarted ? 'after' : 'before'));
        const deny = await world.policy(namespace, 'default-deny');
        assert.deepEqual([deny.spec, deny.metadata.uid], [DEFAULT_DENY_SPEC, uid]);
        assert.deepEqual(await world.policyNames(namespace), all);
        await isStalled(bad);
        await world.status(good, (status) => assert.equal(status.namespaces.protected, status.namespaces.selected));
        const fresh = await world.namespace();
        await world.becomes(fresh, ...(restarted ? ['default-deny', 'of-good'] : all));
      }
      const others = (await witness.policyWrites(mark, namespace)).filter((write) => write !== 'update of-good');
      assert.deepEqual(others, ['update default-deny'], 'its label: after a restart nobody knows what the other one claims');
      assert.deepEqual((await world.policy(namespace, 'default-deny')).metadata.annotations[ISOLATED_FOR], `Egress=${bad}`);
      await world.edit(bad, { namespaceSelector: { matchLabels: { 'a b': null } } });
      await world.applied(bad);
      await world.status(bad, ({ protected: fraction }) => assert.equal(fraction, '3/3'));
    });

    it('GB-47: a template that cannot be used concerns itself alone, and the next in line does not take its name', async () => {
      const { namespaces: [namespace = ''], baselines: [low = '', high = ''] } = await covered(1,
        { policies: [allowFrom('allow-platform', 'low')] }, { priority: 7, policies: [allowFrom('allow-platform', 'high')] });
      const mark = await witness.settled();
      await world.edit(high, { policies: [{ ...allowFrom('allow-platform', 'high'), networkPolicy: { ...allowing('high'), podSelector: { matchLabels: { 'a b': 'c' } } } }, allowFrom('another')] });
      await world.becomes(namespace, 'allow-dns', 'allow-platform', 'another', 'default-deny');
      await world.status(high, ({ conditions, namespaces }) => {
        assert.equal(conditions.find(({ type }: Json) => type === 'TemplatesValid').status, 'False');
        assert.equal(namespaces.failed, 1);
      });
      await world.edit(low, { policies: [allowFrom('allow-platform', 'low-again')] });
      await world.applied(low);
      assert.deepEqual(await witness.policyWrites(mark, namespace), ['create another']);
      assert.deepEqual((await world.policy(namespace, 'allow-platform')).spec, allowing('high'));
    });
  });

  describe('selectors that overlap', () => {
    it('GB-46: each namespace has what is asked for it, distinct names side by side, and nobody writes once it is so', async () => {
      const [web, both, db] = await Promise.all([{ web: 'yes' }, { web: 'yes', db: 'yes' }, { db: 'yes' }].map((labels) => world.namespace({ labels })));
      const on = (label: string): Json => ({ namespaceSelector: { matchLabels: { ...world.labels, [label]: 'yes' } } });
      const first = await world.baseline({ ...INGRESS_ONLY, ...on('web'), policies: [allowFrom('of-web'), allowFrom('shared', 'web')] });
      const second = await world.baseline({ ...on('db'), policies: [allowFrom('of-db'), allowFrom('shared', 'db')], priority: 1 });
      await world.becomes(web ?? '', 'default-deny', 'of-web', 'shared');
      await world.becomes(both ?? '', 'allow-dns', 'default-deny', 'of-db', 'of-web', 'shared');
      await world.becomes(db ?? '', 'allow-dns', 'default-deny', 'of-db', 'shared');
      assert.deepEqual(await Promise.all([web, both, db].map((namespace) => ownerOf(namespace ?? '', 'shared'))), [first, second, second]);
      assert.deepEqual(await Promise.all([web, both, db].map(async (namespace) => (await world.policy(namespace ?? '', 'default-deny')).spec.policyTypes)), [['Ingress'], ['Ingress', 'Egress'], ['Ingress', 'Egress']]);
      for (const [baseline, counts] of [[first, [1, 1]], [second, [2, 0]]] as const) {
        await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.protected, namespaces.conflicted], counts));
      }
      const mark = await witness.settled();
      const versions = async (): Promise<string[]> => (await Promise.all([web, both, db].map((namespace) => world.policies(namespace ?? '')))).flatMap((policies) => [...policies.values()].map(({ metadata }) => metadata.resourceVersion));
      const before = await versions();
      await consistently(versions, (found) => assert.deepEqual(found, before), 2_000, 200);
      assert.deepEqual((await witness.writes(mark)).map(({ verb, requestURI }) => `${verb} ${requestURI}`), []);
    });
  });

  describe('one name, two templates', () => {
    const mine = (team: string, more: Json = {}): Json => ({ policies: [allowFrom('allow-platform', team)], ...more });

    it('GB-46 rule 4: the higher priority wins; the other is conflicted, told by whom; no ping-pong; other names coexist', async () => {
      const { namespaces: [namespace = ''], baselines: [low = '', high = ''] } = await covered(1,
        mine('low', { policies: [allowFrom('allow-platform', 'low'), allowFrom('of-low')] }), mine('high', { priority: 7, policies: [allowFrom('allow-platform', 'high'), allowFrom('of-high')] }));
      await world.becomes(namespace, 'allow-dns', 'allow-platform', 'default-deny', 'of-high', 'of-low');
      await eventually(() => world.policy(namespace, 'allow-platform'), ({ spec, metadata }) => assert.deepEqual([spec, metadata.labels['netbaseline.io/baseline']], [allowing('high'), high]));
      const { worst } = await world.status(low, ({ namespaces }) => assert.deepEqual([namespaces.conflicted, namespaces.protected], [1, 0]));
      assert.equal(worst[0].reason, 'Superseded');
      assert.match(worst[0].message, new RegExp(`allow-platform.*${high}`));
      await world.status(high, ({ protected: fraction }) => assert.equal(fraction, '1/1'));
      assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline: low, state: 'conflicted' }), 1);
      const mark = await witness.settled();
      await world.label(namespace, { irrelevant: 'change' });
      await consistently(() => ownerOf(namespace, 'allow-platform'), (owner) => assert.equal(owner, high), 300, 50);
      assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    });

    it('rule 4: of the same priority the older wins, whatever its name', async () => {
      const namespace = await world.namespace();
      const older = await world.baseline(mine('older'), `z-${world.labels['test.netbaseline.io/world']}`);
      const born = Date.parse((await world.getBaseline(older)).metadata.creationTimestamp);
      await eventually(() => Date.now(), (now) => assert.ok(now >= born + 1_050, 'creation times have whole seconds'));
      const younger = await world.baseline(mine('younger'), `a-${world.labels['test.netbaseline.io/world']}`);
      await world.status(younger, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      assert.deepEqual([await ownerOf(namespace, 'allow-platform'), (await world.policy(namespace, 'allow-platform')).spec], [older, allowing('older')]);
    });

    it('rule 4: of the same priority and age the name decides', async () => {
      const namespace = await world.namespace();
      const names = ['b', 'a'].map((letter) => `${letter}-${world.labels['test.netbaseline.io/world']}`);
      const [second = '', first = ''] = names;
      const twins = async (): Promise<boolean> => {
        await eventually(() => Date.now() % 1_000, (ms) => assert.ok(ms < 500));
        for (const name of names) await world.baseline(mine(name), name);
        const born = await Promise.all(names.map(async (name) => (await world.getBaseline(name)).metadata.creationTimestamp));
        if (born[0] === born[1]) return true;
        for (const name of names) await world.deleteBaseline(name);
        return false;
      };
      await eventually(twins, (together) => assert.ok(together));
      await world.status(second, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      assert.equal(await ownerOf(namespace, 'allow-platform'), first);
    });

    it('rule 4: an equal spec is as good as the own one: the loser is protected', async () => {
      const { baselines: [low = ''] } = await covered(1, mine('same'), mine('same', { priority: 7 }));
      await world.status(low, (status) => assert.deepEqual([status.protected, status.worst], ['1/1', undefined]));
    });

    it('rule 4: allow-dns is contended like any other name', async () => {
      const { namespaces: [namespace = ''], baselines: [low = '', high = ''] } = await covered(1, {}, { priority: 7, dns: { ports: [{ protocol: 'UDP', port: 5353 }] } });
      await eventually(() => ownerOf(namespace, 'allow-dns'), (owner) => assert.equal(owner, high));
      await world.status(low, ({ namespaces, worst }) => assert.deepEqual([namespaces.conflicted, worst?.[0].reason], [1, 'Superseded']));
    });

    it('rule 4: only claims in enforced directions compete', async () => {
      const { namespaces: [namespace = ''], baselines: [low = ''] } = await covered(1, mine('low'), mine('high', { priority: 7, ingress: { mode: 'Audit' } }));
      assert.deepEqual((await world.policy(namespace, 'allow-platform')).spec, allowing('low'));
      await world.status(low, ({ protected: fraction }) => assert.equal(fraction, '1/1'));
    });

    it('rule 4: a takeover by priority is in place, both ways: the uid stays', async () => {
      const { namespaces: [namespace = ''], baselines: [one = '', two = ''] } = await covered(1, mine('one', { priority: 5 }), mine('two'));
      const { uid } = (await world.policy(namespace, 'allow-platform')).metadata;
      const mark = await witness.settled();
      await world.edit(two, { priority: 9 });
      await eventually(() => world.policy(namespace, 'allow-platform'), ({ metadata, spec }) => assert.deepEqual([metadata.labels['netbaseline.io/baseline'], spec, metadata.uid], [two, allowing('two'), uid]));
      await world.status(one, ({ namespaces }) => assert.equal(namespaces.conflicted, 1));
      await world.edit(two, { priority: 0 });
      await eventually(() => world.policy(namespace, 'allow-platform'), ({ metadata, spec }) => assert.deepEqual([metadata.labels['netbaseline.io/baseline'], spec, metadata.uid], [one, allowing('one'), uid]));
      assert.deepEqual((await witness.policyWrites(mark, namespace)).filter((write) => !write.startsWith('update')), []);
    });

    it('rule 4: where the winner leaves, by scope or by deletion, the next takes over in place', async () => {
      const { namespaces: [namespace = '', other = ''], baselines: [low = '', high = ''] } = await covered(2, mine('low'), mine('high', { priority: 7 }));
      const uids = await Promise.all([namespace, other].map(async (name) => (await world.policy(name, 'allow-platform')).metadata.uid));
      await world.edit(high, { excludedNamespaces: [namespace] });
      await eventually(() => world.policy(namespace, 'allow-platform'), ({ metadata, spec }) => assert.deepEqual([metadata.labels['netbaseline.io/baseline'], spec, metadata.uid], [low, allowing('low'), uids[0]]));
      assert.equal(await ownerOf(other, 'allow-platform'), high);
      await world.deleteBaseline(high);
      await eventually(() => world.policy(other, 'allow-platform'), ({ metadata, spec }) => assert.deepEqual([metadata.labels['netbaseline.io/baseline'], spec, metadata.uid], [low, allowing('low'), uids[1]]));
      await world.status(low, ({ protected: fraction }) => assert.equal(fraction, '2/2'));
    });

    it('rule 10: the claims of a paused baseline stay: nobody else writes under its names', async () => {
      const { namespaces: [namespace = ''], baselines: [low = '', high = ''] } = await covered(1, mine('low'), mine('high', { priority: 7 }));
      await world.edit(high, { paused: true });
      await world.applied(high);
      const mark = await witness.settled();
      await world.patchPolicy(namespace, 'allow-platform', { spec: allowing('tenant') });
      await world.edit(low, mine('low-again'));
      await world.applied(low);
      assert.deepEqual((await witness.policyWrites(mark, namespace)).filter((write) => write.includes('allow-platform')), []);
      assert.deepEqual((await world.policy(namespace, 'allow-platform')).spec, allowing('tenant'));
      await world.edit(high, { paused: false });
      await eventually(() => world.policy(namespace, 'allow-platform'), ({ spec }) => assert.deepEqual(spec, allowing('high')));
    });

    it('rule 10: a paused claim on default-deny takes no direction away, and adds none', async () => {
      const { namespaces: [namespace = ''], baselines: [first = '', second = ''] } = await covered(1, { ...INGRESS_ONLY, priority: 1 }, EGRESS_ONLY);
      await world.edit(first, { paused: true });
      await world.applied(first);
      const fresh = await world.namespace();
      await world.becomes(fresh, 'allow-dns', 'default-deny');
      assert.deepEqual((await world.policy(fresh, 'default-deny')).spec, DENY_EGRESS_SPEC);
      await world.edit(second, { policies: [allowTo('allow-storage')] });
      await world.applied(second);
      assert.deepEqual((await world.policy(namespace, 'default-deny')).spec, DEFAULT_DENY_SPEC);
      await world.edit(first, { paused: false });
      await eventually(() => world.policy(fresh, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
    });
  });

  describe('exemptions', () => {
    it('rule 4: an exemption in one does not open what another enforces, and its status and the metrics say so', async () => {
      const namespace = await world.namespace();
      const exempting = await world.baseline({ exemptions: [{ namespace, reason: 'vendor' }] });
      const enforcing = await world.baseline();
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      const { worst } = await world.status(exempting, ({ namespaces, worst: found }) => assert.deepEqual([namespaces.exempt, found?.[0].reason], [1, 'ExemptionOverridden']));
      assert.match(worst[0].message, new RegExp(enforcing));
      assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'ExemptionOverridden' }), 1);
      await world.status(enforcing, ({ protected: fraction }) => assert.equal(fraction, '1/1'));
    });

    it('rule 4: the same for an exemption of one direction', async () => {
      const namespace = await world.namespace();
      const exempting = await world.baseline({ exemptions: [{ namespace, directions: ['Egress'], reason: 'vendor' }] });
      const enforcing = await world.baseline(EGRESS_ONLY);
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
      const { worst } = await world.status(exempting, ({ worst: found }) => assert.equal(found?.[0].reason, 'ExemptionOverridden'));
      assert.match(worst[0].message, new RegExp(`${enforcing}.*Egress|Egress.*${enforcing}`));
    });

    it('rule 4: what only the exempting baseline asked for is gone', async () => {
      const namespace = await world.namespace();
      await world.baseline({ policies: [allowFrom('of-the-exempting')], exemptions: [{ namespace, reason: 'vendor' }] });
      await world.baseline(INGRESS_ONLY);
      await world.becomes(namespace, 'default-deny');
      await eventually(() => world.policy(namespace, 'default-deny'), ({ spec }) => assert.deepEqual(spec, DENY_INGRESS_SPEC));
    });
  });
});
