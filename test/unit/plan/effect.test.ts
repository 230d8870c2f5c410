/** What a baseline says of the effect of all policies: isolated where it enforces, overridden where its deny is defeated. */
import assert from 'node:assert/strict';
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
    assert.deepEqual(rowIsolation(['Ingress'], PROTECTED, of(ISOLATED, OPEN)), { isolated: true, overridden: undefined, unknown: undefined });
    assert.deepEqual(rowIsolation(['Ingress', 'Egress'], PROTECTED, of(ISOLATED, OPEN)), { isolated: false, overridden: undefined, unknown: undefined });
    assert.deepEqual(rowIsolation(['Ingress'], PROTECTED, of(ISOLATED, DEFEATED)), { isolated: true, overridden: undefined, unknown: undefined });
    assert.deepEqual(rowIsolation([], PROTECTED, of(ISOLATED, ISOLATED)), { isolated: false, overridden: undefined, unknown: undefined }, 'it enforces nothing there');
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
