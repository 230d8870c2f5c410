/** Hostile input: names, labels, annotations and sizes that a tenant may choose, and that break careless programs. */
import assert from 'node:assert/strict';
import { largestBaseline } from '../contract/largest-baseline.ts';
import type { Json } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { jumpingClock } from '../support/jumping-clock.ts';
import { DEFAULT_DENY_SPEC, allowFrom, allowing } from '../support/templates.ts';
import { aWitness, type Witness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';

const BOTH = ['allow-dns', 'default-deny'];
/** What every JavaScript object inherits and a DNS label can spell. */
const INHERITED = ['constructor', 'tostring', 'valueof', 'hasownproperty', 'prototype', 'proto', 'then', 'length'];
/** As label keys they keep their capitals. */
const INHERITED_KEYS = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'prototype', 'then'];
const CONFLICT: Json = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] };

describe('hostile input', function () {
  this.timeout(240_000);
  const clock = jumpingClock();
  let world: World;
  let witness: Witness;
  let operator: RunningOperator;
  before(async () => {
    world = await aWorld();
    operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
    witness = await aWitness(world);
  });
  afterEach(async () => {
    assert.deepEqual(operator.log.entries.filter(({ level, message }) => level === 'error' && message !== 'Reconcile failed, will be retried'), []);
    assert.equal(await operator.metric('controller_runtime_reconcile_panics_total'), 0);
    await world.clear();
  });
  after(async () => {
    await witness.end();
    await world.end();
  });

  const protectedAll = (baseline: string, count: number) => world.status(baseline, (status) => assert.equal(status.protected, `${count}/${count}`, JSON.stringify(status.worst)));
  /** What `/metrics` says, read as strictly as the format is written down. */
  const series = async (): Promise<Series[]> => parseExposition(await operator.metrics());

  it('namespaces are called like what objects inherit, like numbers, and as long as they may be', async () => {
    const names = [...INHERITED, '0', '12345', '1e5', 'null', 'undefined', 'true', `n${'x'.repeat(62)}`];
    for (const name of names) await world.namespace({ name });
    const baseline = await world.baseline();
    for (const name of names) await world.becomes(name, ...BOTH);
    await protectedAll(baseline, names.length);
    await world.patchPolicy('constructor', 'default-deny', { spec: { ingress: [{}] } });
    await world.deletePolicy('12345', 'allow-dns');
    await eventually(() => world.policy('constructor', 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
    await world.becomes('12345', ...BOTH);
    const mark = await witness.settled();
    await world.label('tostring', { constructor: 'x' });
    assert.deepEqual((await witness.writes(mark)).filter(({ resource }) => resource === 'networkpolicies'), []);
  });

  it('what is remembered of namespaces goes with them', async () => {
    const all = (): Promise<Series[]> => series().then((list) => list.filter(({ name }) => name === 'netpol_baseline_namespaces'));
    const names = ['constructor-2', 'valueof-2', '0-2', `m${'x'.repeat(62)}`];
    for (const name of names) await world.namespace({ name });
    await world.createPolicy(names[0] ?? '', 'default-deny', CONFLICT);
    const baseline = await world.baseline();
    await world.status(baseline, ({ namespaces }) => assert.deepEqual([namespaces.protected, namespaces.conflicted], [3, 1]));
    await world.patchPolicy(names[1] ?? '', 'default-deny', { spec: { ingress: [{}] } });
    await eventually(() => world.policy(names[1] ?? '', 'default-deny'), ({ spec }) => assert.deepEqual(spec, DEFAULT_DENY_SPEC));
    for (const name of names) await world.deleteNamespace(name);
    await eventually(async () => {
      const { body } = await world.admin.get('/api/v1/namespaces');
      const remembered = (await all()).filter(({ labels }) => labels.get('baseline') === baseline).reduce((sum, { value }) => sum + value, 0);
      return { live: body.items.map(({ metadata }: Json) => metadata.name), remembered };
    }, ({ live, remembered }) => {
      assert.ok(names.every((name) => !live.includes(name)), 'still being deleted');
      assert.equal(remembered, live.length);
    }, { withinMs: 100_000, everyMs: 100 });
    await world.deleteBaseline(baseline);
    await eventually(series, (list) => {
      const left = list.filter(({ labels }) => [...labels.values()].some((value) => value === baseline || names.includes(value)));
      assert.deepEqual(left, [], 'a series outlives its object');
    });
    for (const name of ['workqueue_depth', 'workqueue_unfinished_work_seconds']) await eventually(() => operator.metric(name), (value) => assert.equal(value, 0));
  });

  it('1,000 labels with keys that objects inherit, and 256 KiB of annotations', async () => {
    const labels: Record<string, string> = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`a${'k'.repeat(54)}-${index}`.slice(0, 63), 'v'.repeat(63)]));
    for (const key of INHERITED_KEYS) labels[key] = 'hostile';
    const annotations: Record<string, string> = { constructor: 'a', toString: 'b', 'test.netbaseline.io/large': '' };
    annotations['test.netbaseline.io/large'] = 'x'.repeat(256 * 1024 - Object.entries(annotations).flat().join('').length);
    const loaded = await world.namespace({ labels, annotations });
    const plain = await world.namespace();
    const selecting = await world.baseline({ namespaceSelector: { matchLabels: { ...world.labels, constructor: 'hostile', hasOwnProperty: 'hostile' }, matchExpressions: [{ key: 'toString', operator: 'Exists' }] } });
    await world.becomes(loaded, ...BOTH);
    await protectedAll(selecting, 1);
    await witness.settled();
    assert.deepEqual(await world.policyNames(plain), [], 'an inherited name is no label');
    const absent = await world.baseline({ namespaceSelector: { matchLabels: world.labels, matchExpressions: INHERITED_KEYS.slice(0, 4).map((key) => ({ key, operator: 'DoesNotExist' })) } });
    await world.becomes(plain, ...BOTH);
    await protectedAll(absent, 1);
    await world.label(loaded, { constructor: null });
    await world.status(selecting, ({ namespaces }) => assert.equal(namespaces.selected, 0));
  });

  it('templates, baselines and exemptions are called like what objects inherit', async () => {
    const templates = ['constructor', 'tostring', 'valueof', '0', `t${'x'.repeat(62)}`];
    const [namespace = '', other = '', third = ''] = await world.namespaces(3);
    const baseline = await world.baseline({
      policies: [
        ...templates.map((name) => allowFrom(name)),
        { name: 'labels', networkPolicy: { podSelector: { matchLabels: { constructor: 'x' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { toString: 'y', valueOf: 'z' } } }] }] } },
      ],
      exemptions: [{ namespace: 'constructor', reason: 'none of this name' }],
    }, 'constructor');
    for (const name of [namespace, other, third]) await world.becomes(name, ...BOTH, 'labels', ...templates);
    await protectedAll(baseline, 3);
    assert.deepEqual((await world.policy(namespace, 'labels')).spec.podSelector, { matchLabels: { constructor: 'x' } });
    await world.deletePolicy(namespace, 'constructor');
    await world.becomes(namespace, ...BOTH, 'labels', ...templates);
    // Seen by us before the operator has its answer.
    await eventually(() => operator.metric('netpol_baseline_drift_repaired_total', { template: 'constructor', change: 'deleted' }), (count) => assert.equal(count, 1));
    await eventually(() => operator.metric('netpol_baseline_policies', { baseline: 'constructor', template: 'constructor' }), (count) => assert.equal(count, 3));
    await world.edit(baseline, { policies: [] });
    for (const name of [namespace, other, third]) await world.becomes(name, ...BOTH);
  });

  it('what tenants write is escaped in metrics: quotes, newlines, backslashes, 256 characters, any script', async () => {
    const owners = ['a "quoted" one', 'two\nlines\r\n', 'back\\slash\\n and \\"', 'x'.repeat(256), '😀 Ümläüt שלום \u2028\u0000'.replace('\u0000', '\u0007'), '{evil="1"} 1\n# TYPE evil counter', ''];
    const asked = new Map<string, string>();
    for (const owner of owners) asked.set(await world.namespace({ annotations: { owner } }), owner);
    const tooLong = await world.namespace({ annotations: { owner: 'y'.repeat(257) } });
    asked.set(tooLong, '');
    for (const namespace of asked.keys()) await world.createPolicy(namespace, 'default-deny', CONFLICT);
    const baseline = await world.baseline({ ownerKey: 'owner' });
    const { worst } = await world.status(baseline, ({ namespaces }) => assert.equal(namespaces.conflicted, asked.size));
    const found = new Map((await series()).filter(({ name }) => name === 'netpol_baseline_namespace_attention').map(({ labels }) => [labels.get('namespace') ?? '', labels.get('owner')]));
    for (const [namespace, owner] of asked) assert.equal(found.get(namespace), owner);
    assert.equal(worst.length, asked.size);
    const mark = await witness.settled();
    assert.deepEqual((await witness.writes(mark)).map(({ requestURI }) => requestURI), [], 'what was stored is what was sent');
  });

  it('a foreign policy with huge annotations and thousands of rules costs no policy a write, is not worked out, and is adopted whole when that is asked for', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.becomes(namespace, ...BOTH);
    await protectedAll(baseline, 1);
    const annotations = { 'test.netbaseline.io/large': 'ä'.repeat(120 * 1024), constructor: 'kept' };
    const rules = Array.from({ length: 3_000 }, (_, index) => ({ from: [{ ipBlock: { cidr: `10.${index >> 8}.${index & 255}.0/24` } }], ports: [{ port: 1 + index }] }));
    const mark = await witness.settled();
    await world.createPolicy(namespace, 'prototype', { podSelector: {}, policyTypes: ['Ingress'], ingress: rules }, { annotations });
    await world.patchPolicy(namespace, 'prototype', { metadata: { labels: { constructor: 'x' } } });
    await world.status(baseline, ({ worst: [found] = [] }) => { // too long to be kept
      assert.equal(found?.reason, 'NotEvaluated');
      assert.match(found?.message, /^what ingress lets through is not known: NetworkPolicy prototype is not evaluated/);
    });
    assert.deepEqual(await witness.policyWrites(mark, namespace), []);
    await world.edit(baseline, { adoptionPolicy: 'Adopt', policies: [allowFrom('prototype')] });
    const { metadata, spec } = await eventually(() => world.policy(namespace, 'prototype'), (found) => assert.equal(found.spec.ingress.length, 1));
    assert.deepEqual(spec, allowing('platform'));
    assert.equal(metadata.annotations['test.netbaseline.io/large'], annotations['test.netbaseline.io/large']);
    assert.equal(metadata.annotations['constructor'], 'kept');
    assert.equal(metadata.labels['constructor'], 'x');
    await protectedAll(baseline, 1);
  });

  it('a policy of ours that is blown up to thousands of rules is repaired, and said in a line that can be read', async () => {
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await world.becomes(namespace, ...BOTH);
    await protectedAll(baseline, 1);
    const rules = Array.from({ length: 3_000 }, (_, index) => ({ to: [{ ipBlock: { cidr: `10.${index >> 8}.${index & 255}.0/24` } }], ports: [{ port: 1 + index }] }));
    await world.patchPolicy(namespace, 'default-deny', { metadata: { annotations: { constructor: '"\\\n'.repeat(20_000) } }, spec: { egress: rules } });
    const { spec } = await eventually(() => world.policy(namespace, 'default-deny'), (found) => assert.ok(found.spec.egress === undefined, 'still there'));
    assert.deepEqual(spec, DEFAULT_DENY_SPEC);
    const line = await eventually(() => operator.log.entries.findLast(({ message, fields }) => message === 'policy written' && fields['namespace'] === namespace && fields['cause'] === 'Modified'), (entry) => assert.ok(entry !== undefined));
    assert.ok(JSON.stringify(line?.fields).length < 4_000, "too long");
    await protectedAll(baseline, 1);
  });

  it('a baseline at its limits works, and a restart writes nothing', async function () {
    this.timeout(240_000); // its rules alone cost the API server seconds at every change, of the status too
    const spec = largestBaseline();
    const selector = spec.namespaceSelector ?? {};
    const labels = { ...selector.matchLabels, ...Object.fromEntries((selector.matchExpressions ?? []).map(({ key }) => [key, 'value-0'])) };
    const exempt = 'exempt-1';
    const namespaces = [await world.namespace({ labels }), await world.namespace({ labels })];
    await world.namespace({ name: exempt, labels });
    await world.namespace({ name: 'excluded-1', labels });
    await world.namespace({ labels: { ...labels, 'key-0': 'other' } });
    const baseline = await world.baseline(spec as Json);
    const expected = [...BOTH, ...(spec.policies ?? []).map(({ name }) => name)].sort();
    for (const namespace of namespaces) await eventually(() => world.policyNames(namespace), (names) => assert.deepEqual(names, expected), { withinMs: 40_000, everyMs: 100 });
    await world.status(baseline, ({ namespaces: { selected, protected: covered, exempt: free }, conditions }) => assert.deepEqual([selected, covered, free], [3, 2, 1], JSON.stringify(conditions)), { withinMs: 90_000, everyMs: 500 });
    const mark = await witness.settled();
    await operator.stop();
    operator = await world.operator({ clock, flags: { 'leader-elect': 'false', 'status-interval': '200ms' } });
    assert.deepEqual((await witness.writes(mark)).map(({ requestURI }) => requestURI), []);
  });
});

interface Series { readonly name: string; readonly labels: ReadonlyMap<string, string>; readonly value: number }

/** The Prometheus text format, and nothing beside it: a line that is not of it, or a series that is there twice, throws. */
function parseExposition(text: string): Series[] {
  const found = new Map<string, Series>();
  assert.ok(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][\w:]* /.test(line)) continue;
    const [, name = '', inner = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line) ?? assert.fail(`not a line of the format: ${line}`);
    const labels = new Map([...inner.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', escaped = '']) => [key, unescape(escaped)]));
    assert.ok(value === 'NaN' || /^[+-]Inf$/.test(value) || Number.isFinite(Number(value)), line);
    const key = `${name}{${inner}}`;
    assert.ok(!found.has(key), `twice: ${key}`);
    found.set(key, { name, labels, value: Number(value) });
  }
  return [...found.values()];
}

const unescape = (text: string): string => text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
