/** Address ranges: what the API server takes for one, and for a strict part of another. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isRange, isWithin } from '../../../src/plan/cidr.ts';

describe('isRange', () => {
  for (const good of ['10.0.0.0/8', '0.0.0.0/0', '192.168.1.7/32', '2001:db8::/32', '::/0', '::1/128', '1:2:3:4:5:6:7:8/128', '1:2:3:4:5:6:7::/112', '64:ff9b::192.0.2.0/120']) {
    it(`takes ${good}`, () => assert.ok(isRange(good)));
  }
  for (const [bad, why] of [
    ['10.0.0.1/8', 'bits past the prefix'], ['2001:db8::1/32', 'bits past the prefix'], ['10.0.0.0', 'no prefix'], ['10.0.0.0/33', 'prefix too long'],
    ['10.0.0/8', 'three parts'], ['10.0.0.256/32', 'no byte'], ['010.0.0.0/8', 'leading zero'], ['10.0.0.0/08', 'leading zero'],
    ['::ffff:10.0.0.0/104', 'IPv4 in the guise of IPv6'], ['1::2::3/128', 'two gaps'], ['1:2:3:4:5:6:7:8:9/128', 'nine groups'], ['12345::/16', 'five digits'],
    ['', 'nothing'], ['a/b', 'words'], ['10.0.0.0/8/8', 'two prefixes'],
  ] as const) {
    it(`refuses ${bad || '(empty)'}: ${why}`, () => assert.ok(!isRange(bad)));
  }
});

describe('isWithin', () => {
  for (const [inner, outer, within] of [
    ['10.1.0.0/16', '10.0.0.0/8', true], ['10.0.0.0/8', '10.0.0.0/8', false], ['10.0.0.0/7', '10.0.0.0/8', false], ['11.0.0.0/16', '10.0.0.0/8', false],
    ['0.0.0.0/1', '0.0.0.0/0', true], ['2001:db8::1:0/112', '2001:db8::/96', true], ['2001:db8::1:0:0/96', '2001:db8::/96', false], ['2001:db8:1::/48', '2001:db8::/32', true], ['2001:db9::/48', '2001:db8::/32', false],
    ['10.0.0.0/16', '::/0', false], ['::/1', '0.0.0.0/0', false], ['x', '10.0.0.0/8', false], ['10.0.0.0/8', 'x', false],
  ] as const) {
    it(`${inner} ${within ? 'lies' : 'does not lie'} strictly in ${outer}`, () => assert.equal(isWithin(inner, outer), within));
  }

  it('agrees with arithmetic on 32 bits', () => {
    const range = fc.record({ bits: fc.integer({ min: 0, max: 0xffffffff }), prefix: fc.integer({ min: 0, max: 32 }) });
    const text = (bits: number, prefix: number) => `${[24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.')}/${prefix}`;
    const mask = (bits: number, prefix: number) => (prefix === 0 ? 0 : (bits & (-1 << (32 - prefix))) >>> 0);
    fc.assert(fc.property(range, range, (a, b) => {
      assert.equal(isWithin(text(a.bits, a.prefix), text(b.bits, b.prefix)), a.prefix > b.prefix && mask(a.bits, b.prefix) === mask(b.bits, b.prefix));
      assert.equal(isRange(text(a.bits, a.prefix)), mask(a.bits, a.prefix) === a.bits);
    }));
  });
});
