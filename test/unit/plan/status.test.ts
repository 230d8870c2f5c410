/** Section 4: the status of a baseline: counts, conditions, at most 20 worst cases, and nothing that changes by itself. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { baselineStatus, type BaselineStatus, type Held } from '../../../src/api/v1alpha1.ts';
import { compileBaseline, type CompiledBaseline } from '../../../src/plan/compile.ts';
import type { RowIsolation } from '../../../src/plan/effect.ts';
import { nextStatus, type StatusInput, type StatusRow } from '../../../src/plan/status.ts';
import { STATES, type State, type VerdictReason } from '../../../src/plan/verdict.ts';
import { aBaseline, aRecord, aRowIsolation, aTemplate, type SpecFields } from '../../support/build.ts';

const NOW = '2026-06-01T12:00:00Z';
const LATER = '2026-06-01T13:00:00Z';

interface RowFields { reason?: VerdictReason; message?: string; young?: boolean; note?: StatusRow['note']; owner?: string; isolation?: RowIsolation }
const row = (namespace: string, state: State, { reason = 'InPlace', message = '', young = false, note, owner = '', isolation }: RowFields = {}): StatusRow =>
  ({ namespace, verdict: { state, reason, message }, young, note, owner, isolation });
const rows = (...states: State[]): StatusRow[] => states.map((state, index) => row(`ns-${index}`, state));

function status(fields: Partial<StatusInput> = {}): BaselineStatus {
  return nextStatus({
    baseline: aBaseline('a', {}, { generation: 3 }), rows: [], processed: true, held: undefined, heldConfirmed: false, heldNamespaces: [], recentRemovals: undefined, isolation: { kind: 'Off' }, now: NOW, ...fields,
  });
}
/** `Ready=True Succeeded`. */
const said = (value: BaselineStatus, type: string): string | undefined => {
  const found = value.conditions?.find((condition) => condition.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
};
const message = (value: BaselineStatus, type: string): string => value.conditions?.find((condition) => condition.type === type)?.message ?? '';
const of = (spec: SpecFields | object, before: BaselineStatus = {}): CompiledBaseline => aBaseline('a', spec, { generation: 3, status: before });
const HELD: Held = { token: 'abc', generation: 3, namespaces: 50, since: NOW };

describe('status: counts', () => {
  it('every state that is selected, once', () => {
    assert.deepEqual(status({ rows: rows(...STATES) }).namespaces, { selected: 7, protected: 1, audited: 1, pending: 1, drifted: 1, conflicted: 1, failed: 1, exempt: 1 });
  });
  it('terminating, excluded and unselected namespaces are not counted', () => {
    assert.equal(status({ rows: rows('terminating', 'excluded', 'unselected') }).namespaces?.selected, 0);
  });
  it('protected of selected, as the printer column shows it', () => {
    assert.equal(status({ rows: rows('protected', 'protected', 'exempt', 'pending', 'audited', 'excluded') }).protected, '2/5');
  });
  it('pending for less than 5 s is not counted as pending', () => {
    const found = status({ rows: [row('x', 'pending', { young: true }), row('y', 'pending')] });
    assert.deepEqual([found.namespaces?.pending, found.namespaces?.selected, found.worst?.length], [1, 2, 1]);
  });
});

describe('status: isolation', () => {
  const known = { isolation: { kind: 'Known' } } as const;
  const isolated = aRowIsolation();
  const overridden = aRowIsolation({ isolated: false, isolatedIn: ['Ingress'], overriddenIn: ['Egress'], overridden: 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0)' });
  const some = [row('a', 'protected', { isolation: isolated }), row('b', 'protected', { isolation: overridden }), row('c', 'exempt'), row('d', 'excluded', { isolation: isolated })];
  const counted = ({ isolated: column, namespaces }: BaselineStatus): unknown[] => [column, namespaces?.isolated, namespaces?.overridden];

  it('isolated of selected, and overridden, beside protected', () => {
    const found = status({ rows: some, ...known });
    assert.deepEqual([found.protected, ...counted(found)], ['2/3', '1/3', 1, 1]);
  });
  it('both per direction, of the namespaces in which the baseline enforces it', () => {
    const ingressOnly = aRowIsolation({ enforced: ['Ingress'], isolatedIn: ['Ingress'] });
    const found = status({ rows: [...some, row('e', 'protected', { isolation: ingressOnly }), row('f', 'audited', { isolation: aRowIsolation({ isolated: false, enforced: [], isolatedIn: [] }) })], ...known });
    assert.deepEqual(found.isolation, { ingress: { selected: 3, isolated: 3, overridden: 0 }, egress: { selected: 2, isolated: 1, overridden: 1 } });
    assert.equal(baselineStatus.safeParse(found).success, true);
    for (const kind of ['Off', 'Starting'] as const) assert.equal(status({ rows: some, isolation: { kind } }).isolation, undefined);
  });
  it('a namespace that is overridden is among the worst, with the policy that does it, after what is not as planned', () => {
    const { worst, conditions } = status({ rows: [row('z', 'pending', { reason: 'Missing' }), ...some, row('0', 'unselected', { note: { reason: 'Leftover', message: 'm' } })], ...known });
    assert.deepEqual(worst?.map(({ namespace, reason }) => `${namespace} ${reason}`), ['z Missing', 'b Overridden', '0 Leftover']);
    assert.deepEqual(worst?.[1], { namespace: 'b', state: 'protected', reason: 'Overridden', message: overridden.overridden });
    assert.equal(baselineStatus.safeParse({ worst, conditions }).success, true);
  });
  it('what is wrong with its policies is told of a namespace before that it is overridden, and that before what is left over', () => {
    const note = { reason: 'Leftover', message: 'm' };
    const { worst } = status({ rows: [row('a', 'failed', { reason: 'Forbidden', isolation: overridden }), row('b', 'protected', { note, isolation: overridden })], ...known });
    assert.deepEqual(worst?.map(({ reason }) => reason), ['Forbidden', 'Overridden']);
  });
  it('is no reason for a namespace not to be as planned', () => {
    assert.equal(message(status({ rows: some, ...known }), 'NamespacesUpToDate'), 'every selected namespace is as planned');
  });
  it('is unknown where nobody asks, without a word', () => {
    const found = status({ rows: some.map((each) => ({ ...each, isolation: undefined })), isolation: { kind: 'Off' } });
    assert.deepEqual([counted(found), said(found, 'IsolationUnknown'), 'isolated' in (found.namespaces ?? {})], [['unknown', undefined, undefined], undefined, false]);
  });
  it('is unknown where something cannot be read, and says what', () => {
    const found = status({ rows: rows('protected'), isolation: { kind: 'Unknown', reason: 'NotReadable', why: 'pods: list pods: 403 Forbidden' } });
    assert.deepEqual([found.isolated, said(found, 'IsolationUnknown')], ['unknown', 'True NotReadable']);
    assert.equal(message(found, 'IsolationUnknown'), 'what is really isolated is not known: pods: list pods: 403 Forbidden');
    assert.equal(said(found, 'Ready'), 'True Succeeded');
  });
  it('is unknown where it is late or this program fails, each with its own reason, also after a start', () => {
    for (const reason of ['EvaluationLate', 'EvaluationFailed'] as const) {
      const found = status({ rows: rows('protected'), isolation: { kind: 'Unknown', reason, why: 'w' } });
      assert.equal(said(found, 'IsolationUnknown'), `True ${reason}`);
      assert.deepEqual(status({ baseline: of({}, found), rows: rows('protected'), isolation: { kind: 'Starting' } }), found);
    }
  });
  it('a policy that is not evaluated is named, after everything else', () => {
    const blurred = aRowIsolation({ isolated: false, isolatedIn: ['Ingress'], unknown: 'what egress lets through is not known: CiliumNetworkPolicy c is not evaluated' });
    const found = status({ rows: [row('0', 'protected', { isolation: blurred }), ...some, row('z', 'unselected', { note: { reason: 'Leftover', message: 'm' } })], ...known });
    assert.deepEqual(found.worst?.map(({ namespace, reason }) => `${namespace} ${reason}`), ['b Overridden', 'z Leftover', '0 NotEvaluated']);
    assert.deepEqual(counted(found), ['1/4', 1, 1]);
  });
  it('after a start is what it was before, until it is known again', () => {
    const before = status({ rows: some.map((each) => ({ ...each, owner: 'team-x' })), ...known });
    const unknown = some.map((each) => ({ ...each, owner: 'team-x', isolation: undefined }));
    assert.deepEqual(status({ baseline: of({}, before), rows: unknown, isolation: { kind: 'Starting' } }), before);
    const blind = status({ rows: unknown, isolation: { kind: 'Unknown', reason: 'NotReadable', why: 'pods: 403' } });
    assert.deepEqual(status({ baseline: of({}, blind), rows: unknown, isolation: { kind: 'Starting' } }), blind);
    const gone = status({ baseline: of({}, before), rows: [row('a', 'protected')], isolation: { kind: 'Starting' } });
    assert.equal(gone.worst, undefined, 'but for namespaces that are not there any more');
    assert.deepEqual(counted(status({ rows: unknown, isolation: { kind: 'Starting' } })), ['unknown', undefined, undefined]);
  });
});

describe('status: worst', () => {
  const worst = (...list: StatusRow[]): string[] => (status({ rows: list }).worst ?? []).map(({ namespace, state, reason }) => `${namespace} ${state} ${reason}`);
  it('is absent where nothing is wrong', () => assert.equal('worst' in status({ rows: rows('protected', 'audited', 'exempt', 'excluded') }), false));
  it('by state, then by name; what is left over comes last', () => {
    assert.deepEqual(worst(
      row('d', 'pending', { reason: 'Missing' }), row('c', 'drifted', { reason: 'Modified' }), row('b', 'failed', { reason: 'Forbidden' }), row('a', 'failed', { reason: 'Forbidden' }),
      row('e', 'conflicted', { reason: 'ForeignPolicy' }), row('0', 'unselected', { note: { reason: 'Leftover', message: 'm' } }), row('1', 'exempt', { note: { reason: 'ExemptionOverridden', message: 'm' } }),
      row('2', 'protected'),
    ), ['a failed Forbidden', 'b failed Forbidden', 'e conflicted ForeignPolicy', 'c drifted Modified', 'd pending Missing', '0 unselected Leftover', '1 exempt ExemptionOverridden']);
  });
  it('at most 20, the worst ones, however many there are', () => {
    const many = Array.from({ length: 500 }, (_, index) => row(`ns-${String(index).padStart(3, '0')}`, index === 499 ? 'failed' : 'pending', { reason: 'Missing' }));
    const found = worst(...many);
    assert.equal(found.length, 20);
    assert.equal(found[0], 'ns-499 failed Missing');
    assert.equal(found[1], 'ns-000 pending Missing');
  });
  it('a state that is wrong says more than a note', () => assert.deepEqual(worst(row('a', 'drifted', { reason: 'Modified', note: { reason: 'Leftover', message: 'm' } })), ['a drifted Modified']));
  it('says whom to ask, also after a message that is clipped', () => {
    const [short, long, nobody] = status({ rows: [
      row('a', 'failed', { message: 'm', owner: 'payments' }), row('b', 'failed', { message: 'x'.repeat(900), owner: 'o'.repeat(256) }), row('c', 'failed', { message: 'm' }),
    ] }).worst ?? [];
    assert.deepEqual([short?.message, nobody?.message], ['m (owner: payments)', 'm']);
    assert.match(long?.message ?? '', /^x+… \(owner: o+…\)$/);
    assert.equal(long?.message.length, 512);
  });
  it('messages are clipped at whole characters, so that what is stored is what was sent', () => {
    const [found] = status({ rows: [row('a', 'failed', { reason: 'Invalid', message: '😀'.repeat(1000) })] }).worst ?? [];
    assert.ok((found?.message.length ?? 0) <= 512 && found?.message.isWellFormed() === true);
  });
});

describe('status: conditions', () => {
  const ALWAYS = ['Drifted', 'NamespacesUpToDate', 'Paused', 'Ready', 'TemplatesValid'];
  const types = (value: BaselineStatus): string[] => (value.conditions ?? []).map(({ type }) => type);

  it('five are always there, sorted, and no other while all is well', () => assert.deepEqual(types(status({ rows: rows('protected') })), ALWAYS));
  it('all is well', () => {
    const found = status({ rows: rows('protected') });
    assert.deepEqual(ALWAYS.map((type) => `${type} ${said(found, type)}`), ['Drifted False InSync', 'NamespacesUpToDate True Succeeded', 'Paused False NotPaused', 'Ready True Succeeded', 'TemplatesValid True Valid']);
  });
  it('each carries the generation it speaks of', () => assert.ok(status().conditions?.every(({ observedGeneration }) => observedGeneration === 3)));
  it('one tenant’s conflict, drift or failure does not make Ready false', () => {
    for (const state of ['conflicted', 'drifted', 'failed', 'pending'] as const) assert.equal(said(status({ rows: [row('a', state, { reason: 'Invalid' })] }), 'Ready'), 'True Succeeded');
  });
  it('not processed yet: Reconciling, and not Ready', () => {
    const found = status({ processed: false });
    assert.deepEqual([said(found, 'Ready'), said(found, 'Reconciling'), said(found, 'Stalled')], ['False Progressing', 'True Progressing', undefined]);
  });
  it('paused: Ready, and said', () => {
    const found = status({ baseline: of({ paused: true }) });
    assert.deepEqual([said(found, 'Ready'), said(found, 'Paused')], ['True Paused', 'True Paused']);
  });
  it('without a good spec nothing is said of what nobody knows; Paused is as the spec says, where it can be read', () => {
    const unreadable = (spec: SpecFields | object) => status({ baseline: of(spec), rows: rows('unselected') });
    const bad: SpecFields = { namespaceSelector: { matchLabels: { 'not a key': 'x' } } };
    assert.deepEqual(['TemplatesValid', 'NamespacesUpToDate', 'Drifted'].map((type) => said(unreadable(bad), type)), Array(3).fill('Unknown InvalidSpec'));
    assert.equal(said(unreadable(bad), 'Paused'), 'False NotPaused');
    assert.equal(said(unreadable({ ...bad, paused: true }), 'Paused'), 'True Paused');
    assert.equal(said(unreadable({ ingress: { mode: 'Off' } }), 'Paused'), 'Unknown InvalidSpec');
  });
  it('behind: NamespacesUpToDate with a count and one example', () => {
    const found = status({ rows: [row('b', 'pending', { reason: 'Missing', message: 'x is not there yet' }), row('a', 'unselected', { note: { reason: 'Leftover', message: 'm' } }), row('c', 'protected')] });
    assert.equal(said(found, 'NamespacesUpToDate'), 'False Missing');
    assert.equal(message(found, 'NamespacesUpToDate'), '1 of 2 namespaces are not as planned; first: b (Missing: x is not there yet)');
  });
  it('whatever is not as planned is behind', () => {
    assert.match(message(status({ rows: rows('failed', 'conflicted', 'drifted', 'pending', 'protected', 'exempt', 'audited') }), 'NamespacesUpToDate'), /^4 of 7 namespaces/);
  });
  it('leftovers are named, and behind is nobody', () => {
    const found = status({ rows: [row('a', 'unselected', { note: { reason: 'Leftover', message: 'm' } })] });
    assert.deepEqual([said(found, 'NamespacesUpToDate'), message(found, 'NamespacesUpToDate')], ['True Succeeded', 'every selected namespace is as planned; first: a (Leftover: m)']);
  });
  it('drifted: with a count and one example', () => {
    const found = status({ rows: [row('a', 'failed', { reason: 'Forbidden' }), row('b', 'drifted', { reason: 'Contended', message: 'fight' })] });
    assert.deepEqual([said(found, 'Drifted'), message(found, 'Drifted')], ['True Contended', '1 namespace; first: b: fight']);
  });
  it('a template that cannot be used', () => {
    const found = status({ baseline: of({ policies: [aTemplate('x', { podSelector: { matchLabels: { 'a b': '' } } })] }) });
    assert.equal(said(found, 'TemplatesValid'), 'False InvalidTemplate');
    assert.match(message(found, 'TemplatesValid'), /^1 of 3 templates cannot be used; first: x: podSelector: label key "a b" cannot exist$/);
    assert.equal(said(found, 'Ready'), 'True Succeeded');
  });
  it('a template that the API server refuses, in the first namespace by name', () => {
    const refused = ['b', 'a'].map((name) => row(name, 'failed', { reason: 'Invalid', message: `x: no, ${name}` }));
    const found = status({ rows: refused });
    assert.deepEqual([said(found, 'TemplatesValid'), message(found, 'TemplatesValid')], ['False PolicyRefused', 'a policy is refused; first: a: x: no, a']);
  });
  it('GB-65: a missing right makes it not Ready, and Stalled', () => {
    const found = status({ rows: [row('a', 'failed', { reason: 'Forbidden', message: 'x: may not' })] });
    assert.deepEqual([said(found, 'Ready'), said(found, 'Stalled'), message(found, 'Ready')], ['False Forbidden', 'True Forbidden', 'a: x: may not']);
  });
  it('a spec that cannot be used: the last good one stays in force, and that is said', () => {
    const bad = aRecord('a', { namespaceSelector: { matchLabels: { 'a b': '' } } });
    const [remembered, forgotten] = [compileBaseline(bad, aBaseline('a')), compileBaseline(bad)].map((baseline) => status({ baseline }));
    assert.deepEqual([said(remembered ?? {}, 'Ready'), said(remembered ?? {}, 'Stalled')], ['False InvalidSpec', 'True InvalidSpec']);
    assert.match(message(remembered ?? {}, 'Stalled'), /; the last good spec stays in force$/);
    assert.match(message(forgotten ?? {}, 'Stalled'), /; nothing is written or removed for it$/);
  });
  it('dns.discovery: Auto is not supported yet, and says so only where it is asked for', () => {
    assert.equal(said(status({ baseline: of({ dns: { discovery: 'Auto' } }) }), 'DNSDetected'), 'False NotSupported');
    assert.equal(said(status(), 'DNSDetected'), undefined);
  });
});

describe('status: what is held', () => {
  const held = status({ held: HELD, heldNamespaces: ['a', 'b', 'c', 'd', 'e', 'f'], processed: false });
  it('is in status.held', () => assert.deepEqual(held.held, HELD));
  it('Held, Stalled, and not Ready; not Reconciling', () => {
    assert.deepEqual(['Held', 'Stalled', 'Ready', 'Reconciling'].map((type) => said(held, type)), ['True RemovalsHeld', 'True RemovalsHeld', 'False RemovalsHeld', undefined]);
  });
  it('names some namespaces and the command that lets it through', () => {
    const few = status({ held: { ...HELD, namespaces: 1 }, heldNamespaces: ['k'], recentRemovals: { namespaces: 10, until: LATER } });
    assert.match(message(few, 'Held'), /^1 namespace would lose isolation, among them k, after 10 in the last ten minutes; if/);
    assert.equal(message(held, 'Held'), '50 namespaces would lose isolation, among them a, b, c, d, e; if that is meant: kubectl annotate --overwrite npb a netbaseline.io/confirm=abc');
  });
  it('confirmed: nobody needs to act, and status.held says what is left of it', () => {
    const confirmed = status({ held: { ...HELD, namespaces: 12 }, heldConfirmed: true });
    assert.deepEqual([said(confirmed, 'Held'), said(confirmed, 'Stalled'), said(confirmed, 'Ready'), confirmed.held?.namespaces], [undefined, undefined, 'True Succeeded', 12]);
  });
  it('over: gone from the status', () => assert.equal('held' in status(), false));
});

describe('status: nothing is written while nothing changes', () => {
  const someRows = fc.array(fc.record({
    namespace: fc.constantFrom(...Array.from({ length: 40 }, (_, index) => `ns-${index}`)), state: fc.constantFrom(...STATES), reason: fc.constantFrom<VerdictReason>('Missing', 'Invalid', 'Forbidden', 'ForeignPolicy'),
    message: fc.string({ unit: 'grapheme', maxLength: 900 }), young: fc.boolean(), noted: fc.boolean(),
  }), { maxLength: 60 }).map((list) => [...new Map(list.map(({ namespace, state, reason, message: text, young, noted }) =>
    [namespace, row(namespace, state, { reason, message: text, young, note: noted ? { reason: 'Leftover', message: text } : undefined })])).values()]);
  const inputs = fc.record({ rows: someRows, processed: fc.boolean(), held: fc.option(fc.constant(HELD), { nil: undefined }), heldConfirmed: fc.boolean() });

  it('the same input at another time, over what was stored, is deeply equal', () => {
    fc.assert(fc.property(inputs, (input) => {
      const first = status(input);
      assert.deepEqual(status({ ...input, now: LATER, baseline: of({}, first) }), first);
    }));
  });
  it('the order of namespaces does not matter', () => {
    fc.assert(fc.property(inputs, (input) => assert.deepEqual(status({ ...input, rows: [...input.rows].reverse() }), status(input))));
  });
  it('it is what the schema takes, never grows with the cluster, and holds no time but of transitions', () => {
    fc.assert(fc.property(inputs, (input) => {
      const found = status(input);
      assert.deepEqual(baselineStatus.parse(found), found);
      assert.ok((found.worst ?? []).length <= 20 && JSON.stringify(found).length < 40_000);
      assert.ok((found.conditions ?? []).every((condition) => condition.lastTransitionTime === NOW && !condition.message.includes('2026')));
    }));
  });
  it('a condition that turns has the time when it turned; the others keep theirs', () => {
    const first = status({ processed: false });
    const second = status({ processed: true, now: LATER, baseline: of({}, first) });
    assert.deepEqual(second.conditions?.map(({ type, lastTransitionTime }) => `${type} ${lastTransitionTime === LATER}`), ['Drifted false', 'NamespacesUpToDate false', 'Paused false', 'Ready true', 'TemplatesValid false']);
  });
});
