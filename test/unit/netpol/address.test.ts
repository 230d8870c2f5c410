/** Ranges as integers: what a block contains, and the algebra of ranges. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressKey, addressText, blockOf, contains, parseAddress, subtract, union, type Range } from '../../../src/netpol/address.ts';

const ranges = () => fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 9 })).map(([from, length]): Range => ({ from: BigInt(from), to: BigInt(from + length) })), { maxLength: 6 });
const points = (of: readonly Range[]): string => Array.from({ length: 80 }, (_, at) => (of.some(({ from, to }) => from <= BigInt(at) && BigInt(at) <= to) ? '#' : '.')).join('');
const both = (a: string, b: string, keep: (a: boolean, b: boolean) => boolean): string => a.split('').map((point, at) => (keep(point === '#', b[at] === '#') ? '#' : '.')).join('');

describe('addresses', () => {
  it('one key per address, however it is written', () => {
    for (const [one, other] of [['1.2.3.4', '001.002.003.004'], ['1.2.3.4', '::ffff:1.2.3.4'], ['fd00::1', 'FD00:0:0:0:0:0:0:1']] as const) assert.equal(addressKey(parseAddress(one)!), addressKey(parseAddress(other)!));
    assert.notEqual(addressKey(parseAddress('0.0.0.1')!), addressKey(parseAddress('::1')!));
  });
  it('what is none', () => { for (const text of ['', 'x', '1.2.3', '1.2.3.256', '1.2.3.4.5', ':::', 'fd00::1::2', '1.2.3.4/8', '-1.2.3.4']) assert.equal(parseAddress(text), undefined, text); });
  it('a block ends where its prefix says, holes included', () => {
    const block = blockOf('10.0.0.0/8', ['10.1.0.0/16', '::/0', 'nonsense'])!;
    for (const [text, is] of [['10.0.0.0', true], ['10.255.255.255', true], ['11.0.0.0', false], ['9.255.255.255', false], ['10.1.0.0', false], ['10.1.255.255', false], ['10.2.0.0', true], ['::a00:1', false]] as const) assert.equal(contains(block, parseAddress(text)!), is, text);
  });
  it('as text, the way the API server writes it', () => {
    for (const text of ['1.2.3.4', '0.0.0.0', '255.255.255.255', '::', '::1', '1::', '2001:db8::1', '1:0:2::3', '1::2:0:0:3:4', '1:2:3:4:5:6:7:8', '1:0:2:0:3:0:4:5', 'fd00::1:0:0:1']) assert.equal(addressText(parseAddress(text)!), text);
    assert.equal(addressText(parseAddress('::ffff:1.2.3.4')!), '1.2.3.4');
    fc.assert(fc.property(fc.ipV6(), (text) => {
      const address = parseAddress(text);
      fc.pre(address !== undefined);
      assert.deepEqual(parseAddress(addressText(address)), address);
    }));
  });
  it('everything of a family', () => {
    for (const [cidr, first, last] of [['0.0.0.0/0', '0.0.0.0', '255.255.255.255'], ['::/0', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']] as const) {
      for (const text of [first, last]) assert.ok(contains(blockOf(cidr)!, parseAddress(text)!));
    }
  });
  it('union and difference are those of their points; results are sorted and do not touch', () => fc.assert(fc.property(ranges(), ranges(), (a, b) => {
    assert.equal(points(union([...a, ...b])), both(points(a), points(b), (inA, inB) => inA || inB));
    assert.equal(points(subtract(a, b)), both(points(a), points(b), (inA, inB) => inA && !inB));
    for (const found of [union(a), subtract(a, b)]) for (const [at, { from }] of found.entries()) assert.ok(at === 0 || found[at - 1]!.to + 1n < from);
  }), { numRuns: 200 }));
});
