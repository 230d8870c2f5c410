/**
 * What holds for every plan, whatever the baselines and whatever is in the namespace.
 *
 * A failure prints its seed and the smallest view it found; NPB_TEST_RUNS=20000 looks longer.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DEFAULT_DENY } from '../../../src/api/names.ts';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import type { PolicyRecord } from '../../../src/kube/objects.ts';
import { keptDirections } from '../../../src/plan/isolation.ts';
import { isFullyLabelled, isOurs } from '../../../src/plan/ownership.ts';
import { permittedPart } from '../../../src/plan/part.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn } from '../../../src/plan/report.ts';
import { NO_FACTS, STATES } from '../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { nameOf, type Write } from '../../../src/plan/writes.ts';
import { aView, said } from '../../support/build.ts';
import { after, afterAll, settled } from '../../support/namespace-model.ts';
import { changedView, plainBaselines, someBaselines, someView } from '../../support/random-views.ts';

const RUNS = Number(process.env['NPB_TEST_RUNS'] ?? 200);
const views = (): fc.Arbitrary<NamespaceView> => fc.oneof(someView(), changedView(), changedView(plainBaselines()));

function law(name: string, check: (view: NamespaceView) => void): void {
  it(name, () => fc.assert(fc.property(views(), check), { numRuns: RUNS }));
}

const types = (policy: PolicyRecord | undefined): readonly Direction[] => policy?.spec?.policyTypes ?? [];
const typesAfter = (write: Write): readonly Direction[] => (write.kind === 'Remove' ? [] : write.policy.spec.spec.policyTypes);
const typesBefore = (write: Write): readonly Direction[] => (write.kind === 'Create' ? [] : types(write.live));
const lost = (write: Write): Direction[] => typesBefore(write).filter((direction) => !typesAfter(write).includes(direction));
const gained = (write: Write): Direction[] => typesAfter(write).filter((direction) => !typesBefore(write).includes(direction));
const isDeny = (write: Write): boolean => nameOf(write) === DEFAULT_DENY;
const denied = (view: NamespaceView): readonly Direction[] => types(view.policies.get(DEFAULT_DENY));
const content = (view: NamespaceView): object => [...view.policies.values()].map(({ name, specHash, templateHash, own, isolatedFor, description, uid }) => ({ name, specHash, templateHash, own, isolatedFor, description, uid })).sort((a, b) => (a.name < b.name ? -1 : 1));
const prefixes = (view: NamespaceView): { done: readonly Write[]; left: readonly Write[]; state: NamespaceView }[] => {
  const { writes } = planNamespace(view);
  return [...writes.keys(), writes.length].map((count) => ({ done: writes.slice(0, count), left: writes.slice(count), state: afterAll(view, writes.slice(0, count)) }));
};

describe('laws: convergence', () => {
  law('planning an applied plan yields no write, but for what a swap of directions left for later', (view) => {
    const second = planNamespace(afterAll(view, planNamespace(view).writes)).writes;
    for (const write of second) assert.ok(write.kind === 'Update' && !isDeny(write) && gained(write).length === 0 && lost(write).length > 0, said(write));
    assert.deepEqual(planNamespace(settled(view)).writes, []);
  });
  law('planning does not remember: the same view has the same plan', (view) => assert.deepEqual(planNamespace(view), planNamespace(view)));
  law('any prefix of the writes converges to the same', (view) => {
    const end = content(settled(view));
    for (const { state } of prefixes(view)) assert.deepEqual(content(settled(state)), end);
  });
  law('no name is written twice in one plan', (view) => {
    const names = planNamespace(view).writes.map(nameOf);
    assert.equal(new Set(names).size, names.length);
  });
  law('order of baselines and of policies in the input does not matter', (view) => {
    const reversed = aView({ ...view, baselines: [...view.cluster.baselines].reverse(), policies: [...view.policies.values()].reverse(), deleted: [...view.deleted].reverse(), system: [...view.cluster.systemNamespaces] });
    const [a, b] = [planNamespace(view), planNamespace(reversed)];
    assert.deepEqual({ ...b, isolated: [...b.isolated].sort() }, { ...a, isolated: [...a.isolated].sort() });
    assert.deepEqual(reportOn(reversed, b, NO_FACTS).attention, reportOn(view, a, NO_FACTS).attention);
  });
});

describe('laws: order (rule 7)', () => {
  law('a new direction: default-deny isolates it only when every allow of it is there', (view) => {
    for (const { left, state } of prefixes(view)) {
      const fresh = denied(state).filter((direction) => !denied(view).includes(direction));
      for (const write of left.filter((entry) => !isDeny(entry))) {
        assert.deepEqual(gained(write).filter((direction) => fresh.includes(direction)), [], `${said(write)} after default-deny`);
      }
    }
  });
  law('a dropped direction: no allow of it goes while default-deny isolates it', (view) => {
    const end = denied(settled(view));
    for (const { done, state } of prefixes(view)) {
      const dropped = denied(view).filter((direction) => !end.includes(direction) && denied(state).includes(direction));
      for (const write of done.filter((entry) => !isDeny(entry))) {
        assert.deepEqual(lost(write).filter((direction) => dropped.includes(direction)), [], `${said(write)} before default-deny`);
      }
    }
  });
});

describe('laws: what is not ours (rule 5)', () => {
  law('foreign policies are never named in a write, unless they are adopted', (view) => {
    for (const write of planNamespace(view).writes) {
      assert.notEqual(nameOf(write), 'theirs');
      if (write.kind === 'Create' || isOurs(write.live)) continue;
      assert.ok(write.kind === 'Update' && write.cause === 'Adopted', said(write));
      assert.ok(view.cluster.baselines.some(({ spec }) => spec.adoptionPolicy === 'Adopt'));
    }
  });
  law('nothing is removed without all labels, of a baseline that exists, is readable and not paused', (view) => {
    for (const write of planNamespace(view).writes) {
      if (write.kind !== 'Remove') continue;
      const baseline = view.cluster.byName.get(write.live.own.baseline ?? '');
      assert.ok(isFullyLabelled(write.live) && baseline?.usable === true && !baseline.spec.paused, said(write));
      assert.ok(!planNamespace(view).names.some(({ name }) => name === nameOf(write)), 'it is planned');
    }
  });
  law('what is written is complete, and keeps what others noted on it', (view) => {
    for (const write of planNamespace(view).writes) {
      if (write.kind === 'Remove') continue;
      const policy = after(view, write).policies.get(nameOf(write)) ?? assert.fail();
      assert.ok(isFullyLabelled(policy) && policy.ownerReferences === 0 && policy.finalizers.length === 0);
      assert.equal(policy.specHash, policy.templateHash);
      assert.ok(policy.spec?.ingress !== undefined && policy.spec.egress !== undefined && policy.spec.policyTypes.length > 0);
      if (write.kind === 'Update') assert.equal(policy.foreign?.annotations.get('note'), write.live.foreign?.annotations.get('note'));
    }
  });
});

describe('laws: what nobody asked for', () => {
  law('a namespace that no baseline claims gets no Create', (view) => {
    const plan = planNamespace(view);
    if (plan.names.length > 0) return;
    assert.deepEqual(plan.writes.filter(({ kind }) => kind === 'Create'), []);
  });
  law('a terminating or system namespace is given nothing', (view) => {
    const isSystem = view.cluster.systemNamespaces.has(view.namespace.name);
    if (!view.namespace.terminating && !isSystem) return;
    for (const write of planNamespace(view).writes) assert.ok(isSystem && write.kind !== 'Create' && gained(write).length === 0, said(write));
  });
  law('only what some baseline claims is created or updated, but for what is kept of a policy that goes', (view) => {
    const plan = planNamespace(view);
    for (const write of plan.writes) {
      if (write.kind === 'Remove' || plan.names.some(({ name }) => name === nameOf(write))) continue;
      assert.ok(isDeny(write) && write.kind === 'Update' && gained(write).length === 0, said(write));
    }
  });
  it('where every baseline is paused, nothing is written', () => {
    const paused = someBaselines().map((baselines) => baselines.map((baseline) => ({ ...baseline, spec: { ...baseline.spec, paused: true } })));
    fc.assert(fc.property(fc.oneof(someView(paused), changedView(paused)), (view) => assert.deepEqual(planNamespace(view).writes, [])), { numRuns: RUNS });
  });
});

describe('laws: nothing opens by accident (never 1)', () => {
  const none = (): boolean => false;
  const withheld = (view: NamespaceView): NamespaceView => afterAll(view, planNamespace(view).writes.flatMap((write) => permittedPart(write, none) ?? []));

  law('while held, no policy loses a held direction, and the rest is carried out', (view) => {
    const { losses, writes } = planNamespace(view);
    const held = new Set(losses.map(({ direction }) => direction));
    for (const write of writes) {
      const part = permittedPart(write, none);
      if (part === undefined) continue;
      assert.deepEqual(lost(part).filter((direction) => held.has(direction)), [], said(part));
      assert.deepEqual(part.opens, []);
    }
    for (const write of writes) {
      const part = permittedPart(write, none);
      const explicit = lost(write).filter((direction) => !held.has(direction));
      assert.deepEqual([...explicit, ...gained(write)].filter((direction) => part === undefined || !(lost(part).includes(direction) || gained(part).includes(direction))), [], said(write));
    }
  });
  it('whatever is let through of it, what is held stays in every policy, and no deny is left without its allows', () => {
    fc.assert(fc.property(views(), fc.subarray([...DIRECTIONS]), (view, open) => {
      const { losses, writes } = planNamespace(view);
      const held = losses.map(({ direction }) => direction).filter((direction) => !open.includes(direction));
      const done = writes.flatMap((write) => permittedPart(write, ({ direction }) => open.includes(direction)) ?? []);
      for (const part of done) assert.deepEqual(lost(part).filter((direction) => held.includes(direction)), [], said(part));
      const state = afterAll(view, done);
      for (const direction of held) {
        if (denied(view).includes(direction) && isOurs(view.policies.get(DEFAULT_DENY) ?? assert.fail())) assert.ok(denied(state).includes(direction));
      }
    }), { numRuns: RUNS });
  });
  law('while held, planning comes to rest; let through, it ends where it would have ended', (view) => {
    let present = view;
    for (let round = 0; round < 3; round += 1) present = withheld(present);
    assert.deepEqual(planNamespace(present).writes.flatMap((write) => permittedPart(write, none) ?? []).map(said), []);
    assert.deepEqual(denied(settled(present)), denied(settled(view)));
  });
  law('every accidental loss of default-deny is told by some write', (view) => {
    const { losses, writes } = planNamespace(view);
    const deny = view.policies.get(DEFAULT_DENY);
    if (deny === undefined || !isFullyLabelled(deny)) return;
    const end = denied(settled(view));
    for (const { direction, baseline } of losses) {
      if (!types(deny).includes(direction) || end.includes(direction)) continue;
      assert.ok(writes.some((write) => isDeny(write) && write.opens.some((loss) => loss.direction === direction && loss.baseline === baseline)));
    }
  });
  law('a direction goes only by an active baseline that does not ask for it any more', (view) => {
    const deny = view.policies.get(DEFAULT_DENY);
    if (deny === undefined || !isOurs(deny) || view.namespace.terminating) return;
    const end = settled(view).policies.get(DEFAULT_DENY);
    for (const direction of keptDirections(deny, planNamespace(view).scopes).keys()) assert.ok(types(end).includes(direction), direction);
  });
});

describe('laws: the report', () => {
  law('every baseline has one state, and says that something is to be done exactly where something is', (view) => {
    const plan = planNamespace(view);
    const { verdicts } = reportOn(view, plan, NO_FACTS);
    assert.deepEqual([...verdicts.keys()].sort(), view.cluster.baselines.map(({ name }) => name).sort());
    for (const { state } of verdicts.values()) assert.ok(STATES.includes(state));
    const behind = [...verdicts.values()].some(({ state }) => state === 'pending' || state === 'drifted');
    if (plan.writes.some(({ kind }) => kind !== 'Remove') && plan.leftovers.length === 0) assert.ok(behind || [...verdicts.values()].some(({ state }) => state === 'failed' || state === 'conflicted'));
    if ([...verdicts.values()].every(({ state }) => state !== 'drifted' && state !== 'pending' && state !== 'failed' && state !== 'conflicted')) {
      assert.deepEqual(plan.writes.filter((write) => write.kind === 'Create'), []);
    }
  });
  law('after the writes nothing is pending but what is paused', (view) => {
    const end = settled(view);
    for (const { state, reason } of reportOn(end, planNamespace(end), NO_FACTS).verdicts.values()) assert.ok(state !== 'pending' || reason === 'Paused', reason);
  });
  law('directions are listed as the API has them', (view) => {
    const plan = planNamespace(view);
    assert.ok([...plan.isolated].every((direction) => DIRECTIONS.includes(direction)));
  });
});
