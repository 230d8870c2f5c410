/** Sets of addresses in pieces that rules tell apart. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addressText, piecesOf, publicAddresses, rangeText, setOf } from '../../../src/analyze/explain/address-space.ts';
import { blockOf, contains, parseAddress, type Block } from '../../../src/netpol/address.ts';
import type { Rule } from '../../../src/netpol/rules.ts';

const block = (cidr: string, except: readonly string[] = []): Block => blockOf(cidr, except)!;
const rule = (...blocks: readonly Block[]): Rule => ({ index: 0, action: 'Allow', ports: 'any', peers: blocks.map((each, index) => ({ kind: 'block', index, block: each, matchesPods: 'by option' })) });
const nobody = () => false;
const taken = (...texts: readonly string[]) => (address: Parameters<typeof addressText>[0]) => texts.includes(addressText(address));

describe('addresses as text', () => {
  it('are what they were read from, IPv6 in its short form', () => {
    for (const text of ['10.0.0.1', '255.255.255.255', '0.0.0.0', '::', '::1', 'fd00::1', '2001:db8:0:1::', '1:2:3:4:5:6:7:8', '1:0:3:4:5:6:7:8', '1::4:0:0:7:8']) assert.equal(addressText(parseAddress(text)!), text);
  });
  it('read back give the same address', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.array(fc.nat({ max: 7 })), (bits, zeros) => {
      const holes = zeros.reduce((left, group) => left & ~(0xffffn << BigInt(16 * group)), bits);
      const address = { family: 'IPv6', bits: holes } as const;
      if (holes >> 32n !== 0xffffn) assert.deepEqual(parseAddress(addressText(address)), address);
    }));
  });
  it('ranges are CIDRs where they can be', () => {
    for (const text of ['10.0.0.0/8', '10.0.0.4/30', 'fd00::/16', '0.0.0.0/0', '::/0']) assert.equal(rangeText(block(text).ranges[0]!, block(text).family), text);
    assert.equal(rangeText(block('10.0.0.7/32').ranges[0]!, 'IPv4'), '10.0.0.7');
    assert.equal(rangeText({ from: 1n, to: 4n }, 'IPv4'), '0.0.0.1-0.0.0.4');
  });
});

describe('sets of addresses', () => {
  const isIn = (text: string, family: 'IPv4' | 'IPv6') => contains(publicAddresses(family), parseAddress(text)!);

  it('the internet is what is public', () => {
    for (const text of ['1.1.1.1', '8.8.8.8', '223.255.255.255', '172.15.0.1', '172.32.0.1']) assert.ok(isIn(text, 'IPv4'), text);
    for (const text of ['10.1.1.1', '192.168.0.1', '172.16.0.1', '100.64.0.1', '127.0.0.1', '169.254.169.254', '203.0.113.9', '224.0.0.1', '255.255.255.255', '0.0.0.1']) assert.ok(!isIn(text, 'IPv4'), text);
    assert.ok(isIn('2606:4700::1111', 'IPv6'));
    for (const text of ['fd00::1', 'fe80::1', '2001:db8::1', '::1', 'ff02::1']) assert.ok(!isIn(text, 'IPv6'), text);
  });

  it('are one piece where no rule tells them apart', () => {
    const pieces = piecesOf(setOf(block('10.0.0.0/8')), [rule(block('0.0.0.0/0'), block('::/0'))], nobody);
    assert.deepEqual(pieces.map(({ example, ranges }) => [example, ranges.map((range) => rangeText(range, 'IPv4'))]), [['10.0.0.1', ['10.0.0.0/8']]]);
  });

  it('are cut where blocks begin and end, and joined where blocks agree', () => {
    const pieces = piecesOf(setOf(block('10.0.0.0/8')), [rule(block('10.1.0.0/16', ['10.1.2.0/24'])), rule(block('10.1.2.0/25'))], nobody);
    assert.deepEqual(pieces.map(({ example, ranges }) => [example, ranges.map((range) => rangeText(range, 'IPv4'))]), [
      ['10.0.0.1', ['10.0.0.0/16', '10.1.2.128/25', '10.2.0.0-10.255.255.255']],
      ['10.1.0.1', ['10.1.0.0/23', '10.1.3.0-10.1.255.255']],
      ['10.1.2.1', ['10.1.2.0/25']],
    ]);
  });

  it('stand for addresses that nobody in the cluster has', () => {
    assert.deepEqual(piecesOf(setOf(block('10.0.0.0/30')), [], taken('10.0.0.1', '10.0.0.2')).map(({ example }) => example), ['10.0.0.3']);
    assert.deepEqual(piecesOf(setOf(block('10.0.0.7/32')), [], taken('10.0.0.7')), []);
    assert.deepEqual(piecesOf(setOf(block('10.0.0.7/32')), [], nobody).map(({ example }) => example), ['10.0.0.7']);
  });

  it('are not left out where pods fill the beginning of a range', () => {
    const pods = block('10.0.0.0/21');
    const [piece] = piecesOf(setOf(block('10.0.0.0/16')), [], (address) => contains(pods, address));
    assert.ok(piece !== undefined && !contains(pods, parseAddress(piece.example)!), piece?.example);
    assert.deepEqual(piecesOf(setOf(pods), [], (address) => contains(pods, address)), []);
  });

  it('lose no address, and every rule treats a piece as it treats its example', () => {
    const cidr = fc.tuple(fc.nat({ max: 255 }), fc.integer({ min: 24, max: 32 })).map(([last, prefix]) => {
      const size = 1 << (32 - prefix);
      return `10.0.0.${Math.floor(last / size) * size}/${prefix}`;
    });
    fc.assert(fc.property(fc.array(fc.tuple(cidr, fc.array(cidr, { maxLength: 1 })), { maxLength: 4 }), (parts) => {
      const blocks = parts.map(([whole, except]) => block(whole, except));
      const pieces = piecesOf(setOf(block('10.0.0.0/24')), [rule(...blocks)], nobody);
      for (let last = 0; last < 256; last += 1) {
        const address = parseAddress(`10.0.0.${last}`)!;
        const home = pieces.filter((piece) => contains(piece, address));
        assert.equal(home.length, 1);
        for (const each of blocks) assert.equal(contains(each, address), contains(each, parseAddress(home[0]!.example)!));
      }
    }), { numRuns: 50 });
  });
});
