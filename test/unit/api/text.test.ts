/** Cut texts: within their limit, and made of whole characters. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { clip, clipBytes } from '../../../src/api/text.ts';

describe('clip', () => {
  it('leaves what fits, and puts the ellipsis inside the limit', () => assert.deepEqual([clip('abc', 3), clip('abcd', 3)], ['abc', 'ab…']));
  it('cuts no character in half', () => assert.equal(clip('ab😀cd', 4), 'ab…'));
  it('mends half a character that somebody else left', () => assert.equal(clip('ab\uD83D…', 10), 'ab\uFFFD…'));
});

describe('clipBytes', () => {
  it('counts bytes: 1,024 letters fit, 1,024 umlauts do not', () => {
    assert.equal(clipBytes('a'.repeat(1024), 1024), 'a'.repeat(1024));
    assert.equal(clipBytes('ä'.repeat(1024), 1024), `${'ä'.repeat(510)}…`);
  });
});

it('whatever is cut is within the limit, well-formed, and begins like the text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 40 }), (text, limit) => {
    for (const [cut, size] of [[clip(text, limit), clip(text, limit).length], [clipBytes(text, limit), Buffer.byteLength(clipBytes(text, limit))]] as const) {
      assert.ok(size <= limit && cut.isWellFormed());
      assert.ok(text.toWellFormed().startsWith(cut.replace(/…$/, '')) || text.toWellFormed() === cut);
    }
  }));
});
