/** What a baseline says of the effect of all policies: isolated where it enforces, overridden where its deny is defeated. */
import assert from 'node:assert/strict';
import type { Direction } from '../../../src/api/network-policy.ts';
import { defeatText, isSameEffect, overriddenIn, rowIsolation, type DirectionEffect, type NamespaceEffect } from '../../../src/plan/effect.ts';

const ISOLATED: DirectionEffect = { isolated: true, defeat: undefined, unknownBy: undefined };
const OPEN: DirectionEffect = { isolated: false, defeat: undefined, unknownBy: undefined };
const DEFEATED: DirectionEffect = { isolated: false, defeat: 'open to everybody (allow-all) through NetworkPolicy mine (rule 0)', unknownBy: undefined };
const of = (Ingress: DirectionEffect, Egress: DirectionEffect): NamespaceEffect => ({ Ingress, Egress });
const PROTECTED = { Ingress: 'protected', Egress: 'protected' } as const;

describe('effect', () => {
  it('is overridden only where a default-deny is in place', () => {
    assert.deepEqual(overriddenIn(PROTECTED, of(DEFEATED, ISOLATED)), ['Ingress']);
    assert.deepEqual(overriddenIn({ Ingress: 'audited', Egress: 'protected' }, of(DEFEATED, DEFEATED)), ['Egress']);
    assert.deepEqual(overriddenIn(PROTECTED, of(OPEN, OPEN)), [], 'a baseline that opens by itself is not');
    assert.deepEqual(overriddenIn(undefined, of(DEFEATED, DEFEATED)), []);
    assert.deepEqual(overriddenIn(PROTECTED, undefined), []);
  });

  it('is isolated for a baseline in the directions that it enforces, and in no other', () => {
    const isolated = (enforced: Direction[], effect: NamespaceEffect): unknown[] => {
      const found = rowIsolation(enforced, PROTECTED, effect);
      return [found?.isolated, found?.enforced, found?.isolatedIn, found?.overriddenIn, found?.overridden, found?.unknown];
    };
    assert.deepEqual(isolated(['Ingress'], of(ISOLATED, OPEN)), [true, ['Ingress'], ['Ingress'], [], undefined, undefined]);
    assert.deepEqual(isolated(['Ingress', 'Egress'], of(ISOLATED, OPEN)), [false, ['Ingress', 'Egress'], ['Ingress'], [], undefined, undefined]);
    assert.deepEqual(isolated(['Ingress'], of(ISOLATED, DEFEATED)), [true, ['Ingress'], ['Ingress'], [], undefined, undefined]);
    assert.deepEqual(isolated(['Egress'], of(ISOLATED, DEFEATED)), [false, ['Egress'], [], ['Egress'], `egress is ${DEFEATED.defeat ?? ''}`, undefined]);
    assert.deepEqual(isolated([], of(ISOLATED, ISOLATED)), [false, [], [], [], undefined, undefined], 'it enforces nothing there');
    assert.equal(rowIsolation(['Ingress'], PROTECTED, undefined), undefined);
  });

  it('says what is overridden, direction by direction', () => {
    assert.equal(rowIsolation(['Ingress', 'Egress'], PROTECTED, of(DEFEATED, DEFEATED))?.overridden,
      'ingress is open to everybody (allow-all) through NetworkPolicy mine (rule 0); egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0)');
    assert.equal(defeatText(['Egress'], of(ISOLATED, DEFEATED)), 'egress is open to everybody (allow-all) through NetworkPolicy mine (rule 0)');
  });

  it('is the same where nothing differs that anybody tells of', () => {
    assert.ok(isSameEffect(of(ISOLATED, DEFEATED), of({ ...ISOLATED }, { ...DEFEATED })));
    assert.ok(!isSameEffect(of(ISOLATED, DEFEATED), of(ISOLATED, OPEN)));
    assert.ok(!isSameEffect(undefined, of(ISOLATED, ISOLATED)));
    assert.ok(isSameEffect(undefined, undefined));
  });
});
