/** The breaker at work: what it remembers between plans. The decision itself is tested in test/unit/plan. */
import assert from 'node:assert/strict';
import { createRemovalGate, type RemovalGate } from '../../../src/control/removal-gate.ts';
import type { BaselineRecord } from '../../../src/kube/objects.ts';
import type { Loss } from '../../../src/plan/leaving.ts';

const loss: Loss = { baseline: 'b', direction: 'Ingress', cause: 'NotSelected' };

interface Setting { gate: RemovalGate; record: { value: BaselineRecord }; touched: string[]; permitted: string[]; asked: { times: number }; clock: { ms: number } }

function setting(holding: number, over: Partial<BaselineRecord> = {}): Setting {
  const record = {
    value: {
      name: 'b', uid: 'u', resourceVersion: '1', generation: 2, createdAtMs: 0, deleting: false, finalizers: [], confirm: undefined,
      spec: undefined, problem: undefined, specHash: 'spec-hash', status: { observedGeneration: 1 }, ...over,
    } as BaselineRecord,
  };
  const touched: string[] = [];
  const permitted: string[] = [];
  const asked = { times: 0 };
  const clock = { ms: 0 };
  const gate = createRemovalGate({
    baseline: (name) => (name === 'b' ? record.value : undefined),
    holding: () => (asked.times += 1, new Set(names(holding))),
    now: () => clock.ms,
    wallMs: () => clock.ms,
    onHeldChanged: (name) => touched.push(name),
    onPermitted: (found) => permitted.push(...found),
  });
  return { gate, record, touched, permitted, asked, clock };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `ns-${String(index).padStart(3, '0')}`);

/** Stores what the gate says is held, as the status writer does. */
function store({ gate, record }: Setting): void {
  const { held, recent } = gate.heldFor('b');
  const { held: _before, recentRemovals: _old, ...status } = record.value.status;
  record.value = { ...record.value, status: { ...status, ...(held !== undefined && { held }), ...(recent !== undefined && { recentRemovals: recent }) } };
}

/** Of 20 among 100 namespaces, and the status says so. */
function aHold(): Setting {
  const world = setting(100);
  for (const name of names(20)) world.gate.note(name, [loss]);
  world.gate.assessed();
  store(world);
  return world;
}

describe('removal gate', () => {
  it('permits nothing before every namespace was looked at', () => {
    const { gate } = setting(100);
    gate.note('ns-000', [loss]);
    assert.equal(gate.permits('ns-000', [loss]), false);
    assert.deepEqual(gate.assessed(), ['ns-000']);
    assert.equal(gate.permits('ns-000', [loss]), true);
  });

  it('holds all of them, not those above the limit', () => {
    const { gate, touched } = setting(100);
    for (const name of names(11)) gate.note(name, [loss]);
    assert.deepEqual(gate.assessed(), []);
    assert.equal(names(11).some((name) => gate.permits(name, [loss])), false);
    assert.deepEqual(touched, ['b']);
    assert.deepEqual(gate.heldFor('b').held, { token: 'spec-hash', generation: 2, namespaces: 11, since: '1970-01-01T00:00:00.000Z' });
  });

  it('counts what was lost in the last ten minutes, and forgets it afterwards', () => {
    const { gate, clock } = setting(50);
    gate.assessed();
    for (const name of names(10)) {
      gate.note(name, [loss]);
      assert.equal(gate.permits(name, [loss]), true, name);
      gate.removed(name, [loss]);
      gate.note(name, []);
    }
    gate.note('one-more', [loss]);
    assert.equal(gate.permits('one-more', [loss]), false);
    gate.note('one-more', []);
    clock.ms += 10 * 60_000 + 1;
    gate.note('one-more', [loss]);
    assert.equal(gate.permits('one-more', [loss]), true);
  });

  it('counts what the process before let through, until that is ten minutes ago', () => {
    const before = setting(50);
    before.gate.assessed();
    const lose = ({ gate }: Setting, name: string): boolean => {
      gate.note(name, [loss]);
      const isPermitted = gate.permits(name, [loss]);
      if (isPermitted) gate.removed(name, [loss]);
      gate.note(name, []);
      return isPermitted;
    };
    for (const name of names(6)) lose(before, name);
    before.clock.ms += 60_400;
    for (const name of names(9).slice(6)) lose(before, name);
    store(before);
    assert.deepEqual(before.record.value.status.recentRemovals, { namespaces: 9, until: '1970-01-01T00:11:01Z' });
    const after = setting(41, before.record.value);
    after.clock.ms = 120_000;
    after.gate.assessed();
    assert.deepEqual(['ns-020', 'ns-021'].map((name) => lose(after, name)), [true, false]);
    assert.deepEqual(after.gate.heldFor('b').recent, { namespaces: 10, until: '1970-01-01T00:12:00Z' }, 'both, for whoever comes next');
    after.clock.ms = 661_000;
    assert.deepEqual(after.gate.heldFor('b').recent, { namespaces: 1, until: '1970-01-01T00:12:00Z' });
    assert.equal(lose(after, 'ns-021'), true);
    after.clock.ms += 10 * 60_000;
    assert.equal(after.gate.heldFor('b').recent, undefined);
  });

  it('hears of what the process before let through also when its last status comes late', () => {
    const { gate, record } = setting(50);
    gate.assessed();
    assert.equal(gate.heldFor('b').recent, undefined);
    const recentRemovals = { namespaces: 10, until: '1970-01-01T00:09:00Z' };
    record.value = { ...record.value, status: { ...record.value.status, recentRemovals } };
    assert.deepEqual(gate.heldFor('b').recent, recentRemovals);
    gate.note('ns-000', [loss]);
    assert.equal(gate.permits('ns-000', [loss]), false);
  });

  it('counts what was tried once it is not there any more, and never what is still there or isolated again', () => {
    const { gate } = setting(50);
    gate.assessed();
    const tried = (name: string): void => {
      gate.note(name, [loss]);
      gate.tried(name, [loss]);
      gate.note(name, [loss]);
    };
    const counted = (): number => gate.heldFor('b').recent?.namespaces ?? 0;
    for (const name of names(4)) tried(name);
    assert.equal(counted(), 0);
    gate.note('ns-000', []);
    gate.note('ns-001', [], new Set(['Ingress']));
    gate.forget('ns-002');
    gate.note('ns-002', []);
    assert.equal(counted(), 1);
    gate.note('ns-000', []);
    assert.equal(counted(), 1, 'once');
  });

  it('spends nothing of a confirmation on what was tried and is still there', () => {
    const world = aHold();
    const { gate, record } = world;
    record.value = { ...record.value, confirm: record.value.status.held?.token };
    gate.reconsider('b');
    for (const name of names(20)) {
      gate.tried(name, [loss]);
      gate.note(name, [loss]);
    }
    assert.deepEqual([gate.heldFor('b').held?.namespaces, gate.heldFor('b').confirmed], [20, true]);
    for (const name of names(5)) gate.note(name, []);
    assert.deepEqual([gate.heldFor('b').held?.namespaces, gate.heldFor('b').confirmed], [15, true]);
  });

  it('hands on no namespace that was let through and is not done: it loses once more', () => {
    const { gate } = setting(50);
    gate.assessed();
    gate.note('ns-000', [loss]);
    gate.removed('ns-000', [loss]);
    assert.equal(gate.heldFor('b').recent, undefined);
    gate.note('ns-000', []);
    assert.equal(gate.heldFor('b').recent?.namespaces, 1);
  });

  it('lets at most as many through as were confirmed, then trips anew with another token', () => {
    const world = aHold();
    const { gate, record } = world;
    const token = record.value.status.held?.token ?? '';
    gate.note('late', [loss]); // after the status was written
    record.value = { ...record.value, confirm: token };
    assert.equal(gate.reconsider('b').length, 20);
    const permitted = [...names(20), 'late'].filter((name) => gate.permits(name, [loss]));
    assert.equal(permitted.length, 20);
    for (const name of permitted) {
      gate.removed(name, [loss]);
      gate.note(name, []);
      store(world);
    }
    const left = [...names(20), 'late'].filter((name) => !permitted.includes(name));
    assert.equal(gate.permits(left[0] ?? '', [loss]), false);
    assert.notEqual(gate.heldFor('b').held?.token, token);
    assert.equal(gate.heldFor('b').held?.namespaces, 1);
  });

  it('is held before it is let through, also when the confirmation came with the change', () => {
    const world = setting(100, { confirm: 'spec-hash' });
    const { gate } = world;
    for (const name of names(20)) gate.note(name, [loss]);
    assert.deepEqual(gate.assessed(), []);
    store(world);
    assert.equal(gate.reconsider('b').length, 20);
  });

  it('goes on after a restart with what was left of a confirmation', () => {
    const { gate } = setting(100, { confirm: 't', status: { observedGeneration: 2, held: { token: 't', generation: 2, namespaces: 3, since: '2026-01-01T00:00:00Z' } } });
    for (const name of names(5)) gate.note(name, [loss]);
    assert.deepEqual(gate.assessed(), ['ns-000', 'ns-001', 'ns-002']);
  });

  it('ends a hold when the cause is taken back', () => {
    const { gate } = setting(100);
    for (const name of names(20)) gate.note(name, [loss]);
    gate.assessed();
    for (const name of names(20)) gate.note(name, []);
    assert.equal(gate.heldFor('b').held, undefined);
  });

  it('knows the change of the spec for the cause, also when the status of its generation is written before the first loss is found', () => {
    const { gate, record } = setting(100);
    gate.heldFor('b');
    record.value = { ...record.value, status: { observedGeneration: 2 } };
    for (const name of names(11)) gate.note(name, [loss]);
    gate.assessed();
    assert.equal(gate.heldFor('b').held?.token, 'spec-hash');
  });

  it('begins anew with another baseline of the same name: its spec is the cause', () => {
    const { gate, record } = setting(100, { generation: 1 });
    gate.assessed();
    gate.heldFor('b');
    record.value = { ...record.value, uid: 'another', status: {} };
    gate.unsettle();
    for (const name of names(11)) gate.note(name, [loss]);
    gate.assessed();
    assert.equal(gate.heldFor('b').held?.token, 'spec-hash');
  });

  it('knows that a generation was looked at, also when its ledger is begun afterwards', () => {
    const { gate } = setting(100);
    gate.assessed();
    gate.heldFor('b');
    for (const name of names(11)) gate.note(name, [loss]);
    assert.notEqual(gate.heldFor('b').held?.token, 'spec-hash');
  });

  it('names the namespaces in the token when no spec change is the cause', () => {
    const { gate } = setting(100, { status: { observedGeneration: 2 } });
    gate.assessed();
    for (const name of names(11)) gate.note(name, [loss]);
    assert.notEqual(gate.heldFor('b').held?.token, 'spec-hash');
  });

  it('does not count anew for each namespace that joins those that are held, but when somebody asks', () => {
    const { gate, asked, touched } = setting(1_000);
    gate.assessed();
    for (const name of names(101)) gate.note(name, [loss]);
    assert.equal(gate.heldFor('b').held?.namespaces, 101);
    const before = { asked: asked.times, touched: touched.length };
    for (const name of names(900)) {
      gate.note(name, [loss]);
      assert.equal(gate.permits(name, [loss]), false);
    }
    assert.equal(asked.times, before.asked);
    assert.ok(touched.length > before.touched, 'the status is to look');
    const { held, namespaces } = gate.heldFor('b');
    assert.deepEqual([held?.namespaces, namespaces.length, asked.times - before.asked], [900, 900, 1]);
  });

  it('wakes those that may go on when so many have left that the rest is no matter, before anything was written', () => {
    const { gate, permitted } = setting(100);
    gate.assessed();
    for (const name of names(11)) gate.note(name, [loss]);
    for (const name of names(3)) gate.note(name, []);
    assert.deepEqual(permitted, []);
    assert.equal(gate.heldFor('b').held, undefined);
    assert.equal(permitted.length, 8);
    assert.ok(permitted.every((name) => gate.permits(name, [loss])));
  });
});
