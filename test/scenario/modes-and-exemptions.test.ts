/** Rules 3, 7 and 8; GB-11, 12, 20, 71: what a direction's mode and an exemption leave of a baseline, live and in order. */
import assert from 'node:assert/strict';
import type { Json } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { ALLOW_DNS_SPEC, DEFAULT_DENY_SPEC, DENY_EGRESS_SPEC, DENY_INGRESS_SPEC, allowFrom, allowTo, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const OUT = allowTo('to').networkPolicy.egress;
const IN = allowing('platform').ingress;
const BOTH_WAYS: Json = { name: 'both-ways', networkPolicy: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress', 'Egress'], ingress: IN, egress: OUT } };
const TEMPLATES = [allowFrom('from-platform'), allowTo('to-storage'), BOTH_WAYS];
const modes = (ingress: string, egress: string): Json => ({ ingress: { mode: ingress }, egress: { mode: egress } });
const COVERAGE = 'netpol_baseline_coverage_namespaces';

describe('modes and exemptions', function () {
  this.timeout(120_000);
  const clock = jumpingClock();
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  const start = async (): Promise<void> => {
    operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
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

  const specs = async (namespace: string): Promise<Json> => Object.fromEntries([...await world.policies(namespace)].map(([name, { spec }]) => [name, spec]));
  const hasSpecs = (namespace: string, expected: Json) => eventually(() => specs(namespace), (found) => assert.deepEqual(found, expected), { withinMs: 15_000 });
  const counts = (baseline: string, expected: Json) =>
    world.status(baseline, ({ namespaces = {} }) => assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, namespaces[key]])), expected));
  const condition = ({ conditions = [] }: Json, type: string): Json => conditions.find((each: Json) => each.type === type);
  const expiryEvents = async (baseline: string): Promise<Json[]> => (await world.admin.get('/apis/events.k8s.io/v1/namespaces/default/events')).body.items
    .filter(({ reason, regarding }: Json) => reason === 'ExemptionExpired' && regarding.name === baseline);
  const inSeconds = (seconds: number): string => new Date(clock.wallMs() + seconds * 1000).toISOString();

  describe('modes', () => {
    it('rule 3: Audit writes nothing, and every place says audited', async () => {
      const mark = await witness.settled();
      const namespaces = await world.namespaces(2);
      const baseline = await world.baseline({ ...modes('Audit', 'Audit'), policies: TEMPLATES });
      const status = await counts(baseline, { selected: 2, audited: 2, protected: 0, pending: 0 });
      assert.equal(status.worst, undefined);
      assert.equal(condition(await world.applied(baseline), 'NamespacesUpToDate').status, 'True');
      assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline, state: 'audited' }), 2);
      for (const direction of ['Ingress', 'Egress']) assert.equal(await operator.metric(COVERAGE, { direction, coverage: 'audited' }), 2);
      for (const namespace of namespaces) assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace }), 0);
      assert.deepEqual((await witness.writes(mark)).filter(({ resource }) => resource === 'networkpolicies'), []);
    });

    it('rule 3: Disabled writes nothing and is not even audited', async () => {
      const mark = await witness.settled();
      await world.namespaces(2);
      const baseline = await world.baseline({ ...modes('Disabled', 'Disabled'), policies: TEMPLATES });
      await counts(baseline, { selected: 2, protected: 0, pending: 0 });
      for (const direction of ['Ingress', 'Egress']) assert.equal(await operator.metric(COVERAGE, { direction, coverage: 'audited' }), 0);
      assert.deepEqual((await witness.writes(mark)).filter(({ resource }) => resource === 'networkpolicies'), []);
    });

    for (const other of ['Audit', 'Disabled']) {
      it(`rule 3: ingress alone, egress ${other}: every policy is projected, and what has nothing left is not written`, async () => {
        const namespace = await world.namespace();
        const baseline = await world.baseline({ ...modes('Enforce', other), policies: TEMPLATES });
        await hasSpecs(namespace, {
          'both-ways': { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'], ingress: IN },
          'from-platform': allowing('platform'), 'default-deny': DENY_INGRESS_SPEC,
        });
        await counts(baseline, { selected: 1, protected: 1 });
        assert.equal(await operator.metric(COVERAGE, { direction: 'Egress', coverage: 'audited' }), other === 'Audit' ? 1 : 0);
      });

      it(`rule 3: egress alone, ingress ${other}: allow-dns belongs to egress`, async () => {
        const namespace = await world.namespace();
        const baseline = await world.baseline({ ...modes(other, 'Enforce'), policies: TEMPLATES });
        await hasSpecs(namespace, {
          'both-ways': { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'], egress: OUT },
          'to-storage': allowTo('to-storage').networkPolicy, 'allow-dns': ALLOW_DNS_SPEC, 'default-deny': DENY_EGRESS_SPEC,
        });
        await counts(baseline, { selected: 1, protected: 1 });
        assert.equal(await operator.metric(COVERAGE, { direction: 'Ingress', coverage: 'audited' }), other === 'Audit' ? 1 : 0);
      });
    }

    it('rule 7, GB-20: a direction that is added gets its allows before its deny; a dropped one loses its deny first', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ ...modes('Enforce', 'Audit'), policies: TEMPLATES });
      await world.becomes(namespace, 'both-ways', 'default-deny', 'from-platform');
      await world.applied(baseline);
      const { uid } = (await world.policy(namespace, 'default-deny')).metadata;
      const all = ['allow-dns', 'both-ways', 'default-deny', 'from-platform', 'to-storage'];
      /** Switches, and returns the writes that it takes. */
      const switched = async (ingress: string, egress: string, ...names: string[]): Promise<string[]> => {
        const mark = await witness.settled();
        await world.edit(baseline, modes(ingress, egress));
        await world.applied(baseline);
        await world.becomes(namespace, ...names);
        return witness.policyWrites(mark, namespace);
      };
      assert.deepEqual(await switched('Enforce', 'Enforce', ...all), ['create allow-dns', 'update both-ways', 'create to-storage', 'update default-deny']);
      assert.deepEqual(await switched('Audit', 'Enforce', 'allow-dns', 'both-ways', 'default-deny', 'to-storage'), ['update default-deny', 'update both-ways', 'delete from-platform']);
      assert.deepEqual(await switched('Enforce', 'Enforce', ...all), ['update both-ways', 'create from-platform', 'update default-deny']);
      assert.deepEqual(await switched('Enforce', 'Disabled', 'both-ways', 'default-deny', 'from-platform'), ['update default-deny', 'update both-ways', 'delete allow-dns', 'delete to-storage']);
      assert.equal((await world.policy(namespace, 'default-deny')).metadata.uid, uid, 'in place throughout');
      assert.deepEqual(await switched('Disabled', 'Disabled'), ['delete default-deny', 'delete both-ways', 'delete from-platform']);
      assert.deepEqual(await switched('Enforce', 'Enforce', ...all), ['create allow-dns', 'create both-ways', 'create from-platform', 'create to-storage', 'create default-deny']);
      assert.equal(condition(await world.applied(baseline), 'Held'), undefined, 'an undo that was asked for is never held');
    });

    it('rule 7: directions that are swapped are never both open, and no deny stands without its allows', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ ...modes('Enforce', 'Audit'), policies: [BOTH_WAYS] });
      await world.becomes(namespace, 'both-ways', 'default-deny');
      await world.applied(baseline);
      const mark = await witness.settled();
      await world.edit(baseline, modes('Audit', 'Enforce'));
      await hasSpecs(namespace, {
        'both-ways': { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'], egress: OUT }, 'allow-dns': ALLOW_DNS_SPEC, 'default-deny': DENY_EGRESS_SPEC,
      });
      assert.deepEqual(await witness.policyWrites(mark, namespace), ['create allow-dns', 'update both-ways', 'update default-deny', 'update both-ways']);
    });

    it('rule 3: without allow-dns, and with other ports than the usual ones', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ dns: { ports: [{ port: 5353 }] } });
      await hasSpecs(namespace, { 'default-deny': DEFAULT_DENY_SPEC, 'allow-dns': { ...ALLOW_DNS_SPEC, egress: [{ ...ALLOW_DNS_SPEC.egress[0], ports: [{ protocol: 'TCP', port: 5353 }] }] } });
      await world.edit(baseline, { dns: { enabled: false } });
      await hasSpecs(namespace, { 'default-deny': DEFAULT_DENY_SPEC });
    });

    it('dns.discovery Auto is not supported yet, says so, and Static is used meanwhile', async () => {
      const namespace = await world.namespace();
      const baseline = await world.baseline({ dns: { discovery: 'Auto', ports: [{ port: 5353 }] } });
      await eventually(() => specs(namespace), (found) => assert.equal(found['allow-dns']?.egress[0].ports[0].port, 5353));
      const detected = condition(await world.applied(baseline), 'DNSDetected');
      assert.deepEqual([detected.status, detected.reason], ['False', 'NotSupported']);
      await world.edit(baseline, { dns: { discovery: 'Static' } });
      await world.status(baseline, (status) => assert.equal(condition(status, 'DNSDetected'), undefined));
    });

    it('what a template says of itself is on the policy, and a policy without it has no such annotation', async () => {
      const namespace = await world.namespace();
      await world.baseline({ policies: [
        { ...allowFrom('a-both'), description: 'Ingress controllers', owner: 'platform-net' }, { ...allowFrom('b-description'), description: 'Monitoring' },
        { ...allowFrom('c-owner'), owner: 'platform-net' }, allowFrom('d-neither'),
      ] });
      await world.becomes(namespace, 'a-both', 'allow-dns', 'b-description', 'c-owner', 'd-neither', 'default-deny');
      const described = [...(await world.policies(namespace)).values()].map(({ metadata }) => metadata.annotations['netbaseline.io/description']);
      assert.deepEqual(described, ['Ingress controllers (owner: platform-net)', undefined, 'Monitoring', 'owner: platform-net', undefined, undefined]);
    });
  });

  describe('exemptions', () => {
    it('GB-12, GB-71: by selector, for a namespace that takes the label and gives it back; nobody else is written', async () => {
      const [vendor = '', ...others] = await world.namespaces(3);
      const baseline = await world.baseline({ exemptions: [{ namespaceSelector: { matchLabels: { appliance: 'yes' } }, reason: 'vendor appliance, ticket NET-12' }] });
      await world.applied(baseline);
      await world.becomes(vendor, 'allow-dns', 'default-deny');
      const mark = await witness.settled();
      await world.label(vendor, { appliance: 'yes' });
      await world.becomes(vendor);
      await counts(baseline, { exempt: 1, protected: 2, pending: 0, failed: 0 });
      for (const direction of ['Ingress', 'Egress']) assert.equal(await operator.metric(COVERAGE, { direction, coverage: 'exempt' }), 1);
      assert.equal(await operator.metric('netpol_baseline_namespaces', { baseline, state: 'exempt' }), 1);
      assert.equal(await operator.metric('netpol_baseline_namespace_attention', { namespace: vendor }), 0, 'exempt is not missing');
      await world.label(vendor, { appliance: null });
      await world.becomes(vendor, 'allow-dns', 'default-deny');
      assert.deepEqual(await witness.policyWrites(mark, vendor), ['delete default-deny', 'delete allow-dns', 'create allow-dns', 'create default-deny']);
      for (const other of others) assert.deepEqual(await witness.policyWrites(mark, other), []);
    });

    it('rule 8: of one direction: it is projected away, the other stays closed, and the namespace counts as protected', async () => {
      const [partly = '', ...others] = await world.namespaces(3);
      const baseline = await world.baseline({ policies: TEMPLATES });
      await world.applied(baseline);
      const mark = await witness.settled();
      await world.edit(baseline, { exemptions: [{ namespace: partly, directions: ['Egress'], reason: 'calls everything' }] });
      await hasSpecs(partly, {
        'both-ways': { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'], ingress: IN },
        'from-platform': allowing('platform'), 'default-deny': DENY_INGRESS_SPEC,
      });
      await counts(baseline, { exempt: 0, protected: 3 });
      assert.equal(await operator.metric(COVERAGE, { direction: 'Egress', coverage: 'exempt' }), 1);
      assert.equal(await operator.metric(COVERAGE, { direction: 'Ingress', coverage: 'exempt' }), 0);
      await world.edit(baseline, { exemptions: [] });
      await world.becomes(partly, 'allow-dns', 'both-ways', 'default-deny', 'from-platform', 'to-storage');
      assert.deepEqual(await witness.policyWrites(mark, partly), [
        'update default-deny', 'update both-ways', 'delete allow-dns', 'delete to-storage',
        'create allow-dns', 'update both-ways', 'create to-storage', 'update default-deny',
      ]);
      for (const other of others) assert.deepEqual(await witness.policyWrites(mark, other), []);
    });

    it('rule 8: exempt is a namespace only when every enforced direction is', async () => {
      const [one = '', two = '', three = ''] = await world.namespaces(3);
      const baseline = await world.baseline({ exemptions: [
        { namespace: one, directions: ['Egress'], reason: 'a' },
        { namespace: two, directions: ['Egress'], reason: 'b' }, { namespace: two, directions: ['Ingress'], reason: 'c' },
      ] });
      await world.applied(baseline);
      await counts(baseline, { exempt: 1, protected: 2 });
      assert.deepEqual([await world.policyNames(one), await world.policyNames(two), await world.policyNames(three)], [['default-deny'], [], ['allow-dns', 'default-deny']]);
      await world.edit(baseline, modes('Audit', 'Enforce'));
      await counts(baseline, { exempt: 2, protected: 1 });
      await world.becomes(one);
    });

    it('rule 8: the exemption that ends last counts, and one that has ended is shown as expired and has no effect', async () => {
      const [namespace = '', expired = ''] = await world.namespaces(3);
      const until = inSeconds(3_600);
      const baseline = await world.baseline({ exemptions: [
        { namespace, reason: 'short', expiresAt: inSeconds(60) }, { namespace, reason: 'long', expiresAt: until },
        { namespace: expired, reason: 'over', expiresAt: '2020-01-01T00:00:00Z' },
      ] });
      await world.applied(baseline);
      await counts(baseline, { exempt: 1, protected: 2 });
      assert.equal(await operator.metric('netpol_baseline_exemptions', { baseline, state: 'active' }), 2);
      assert.equal(await operator.metric('netpol_baseline_exemptions', { baseline, state: 'expired' }), 1);
      assert.ok(Math.abs(await operator.metric('netpol_baseline_exemption_expiry_timestamp_seconds', { baseline, exemption: namespace }) - Date.parse(until) / 1000) < 1);
      clock.jump(61_000);
      await eventually(() => operator.metric('netpol_baseline_exemptions', { baseline, state: 'expired' }), (count) => assert.equal(count, 2));
      await witness.settled();
      assert.deepEqual(await world.policyNames(namespace), [], 'the long one is in force');
      clock.jump(3_540_000);
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      await counts(baseline, { exempt: 0, protected: 3 });
    });

    it('rule 8: at its end the policies are back, on a timer, with an event and without another write', async () => {
      const [namespace = '', other = ''] = await world.namespaces(3);
      const expiresAt = inSeconds(3_600);
      const baseline = await world.baseline({ exemptions: [{ namespace, reason: 'migration', expiresAt }] });
      await counts(baseline, { exempt: 1, protected: 2 });
      const mark = await witness.settled();
      clock.jump(Date.parse(expiresAt) - clock.wallMs() - 30_000);
      await witness.settled();
      assert.deepEqual(await world.policyNames(namespace), [], 'half a minute is left of it');
      clock.jump(30_001);
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      await counts(baseline, { exempt: 0, protected: 3 });
      const [event] = await eventually(() => expiryEvents(baseline), (events) => assert.equal(events.length, 1));
      assert.equal(event?.type, 'Warning');
      assert.match(event?.note, new RegExp(`${namespace}.*expired`));
      assert.deepEqual(await witness.policyWrites(mark, namespace), ['create allow-dns', 'create default-deny']);
      assert.deepEqual(await witness.policyWrites(mark, other), []);
    });

    it('rule 8: an end while the operator was down is made up for at its start, with its event', async () => {
      const [namespace = ''] = await world.namespaces(3);
      const baseline = await world.baseline({ exemptions: [{ namespace, reason: 'migration', expiresAt: inSeconds(30) }, { namespace: 'other', reason: 'over', expiresAt: '2020-01-01T00:00:00Z' }] });
      await counts(baseline, { exempt: 1, protected: 2 });
      await operator.stop();
      clock.jump(40_000);
      await start();
      await world.becomes(namespace, 'allow-dns', 'default-deny');
      await counts(baseline, { exempt: 0, protected: 3 });
      const events = await eventually(() => expiryEvents(baseline), (found) => assert.ok(found.length > 0));
      assert.match(events[0]?.note, new RegExp(namespace));
      assert.equal(events.length, 1, 'one that ended long ago is no news');
    });
  });

  it('ownerKey: a label or an annotation names who is asked, in the worst list and in the attention metric', async () => {
    const labelled = await world.namespace({ labels: { team: 'payments' } });
    const annotated = await world.namespace({ annotations: { team: 'Team Ümlaut <a@b>' } });
    const nobody = await world.namespace();
    for (const namespace of [labelled, annotated, nobody]) await world.createPolicy(namespace, 'default-deny', { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] });
    const baseline = await world.baseline({ ownerKey: 'team' });
    const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, 3));
    const messages = new Map<string, string>(worst.map(({ namespace, message }: Json) => [namespace, message]));
    assert.match(messages.get(labelled) ?? '', /owner: payments/);
    assert.match(messages.get(annotated) ?? '', /owner: Team Ümlaut <a@b>/);
    assert.doesNotMatch(messages.get(nobody) ?? '', /owner/);
    const attention = (namespace: string, owner: string) => operator.metric('netpol_baseline_namespace_attention', { namespace, reason: 'ForeignPolicy', owner });
    assert.deepEqual([await attention(labelled, 'payments'), await attention(annotated, 'Team Ümlaut <a@b>'), await attention(nobody, '')], [1, 1, 1]);
  });
});
