/** Lines of text with tones: how they are broken, and that nothing else changes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { linesText, type LinePiece } from '../../../../src/cli/output/lines.ts';
import { widthOf } from '../../../../src/cli/output/width.ts';

const text = (pieces: readonly LinePiece[], width?: number, color = false): string => linesText([pieces], { color, ...(width !== undefined && { width }) });
const LONG = 'one two three four five six seven eight nine ten';

describe('lines of text', () => {
  it('stay whole where there is no terminal, or a very narrow one', () => {
    assert.equal(text([LONG]), `${LONG}\n`);
    assert.equal(text([LONG], 10), `${LONG}\n`);
  });

  it('are broken at blanks, below the text and not below its label', () => {
    assert.equal(text([LONG], 40), 'one two three four five six seven eight\nnine ten\n');
    assert.equal(text([`  ${LONG}`], 40), '  one two three four five six seven\n    eight nine ten\n');
    assert.equal(text([`  Label  ${LONG}`], 40), '  Label  one two three four five six\n         seven eight nine ten\n');
    assert.equal(text([`  Two words  ${LONG}`], 40), '  Two words  one two three four five six\n             seven eight nine ten\n');
    assert.equal(text([`    - ${LONG}`], 40), '    - one two three four five six seven\n      eight nine ten\n');
    assert.equal(text([`[1] ${LONG}`], 40), '[1] one two three four five six seven\n    eight nine ten\n');
    assert.equal(text([{ text: 'DENIED', tone: 'bad' }, `  ${LONG}`], 40), 'DENIED  one two three four five six\n        seven eight nine ten\n');
  });

  it('have tones where they had them, also after a break', () => {
    assert.equal(text([{ text: 'DENIED', tone: 'bad' }, `  ${LONG}`], 40, true), '\u001b[31mDENIED\u001b[39m  one two three four five six\n        seven eight nine ten\n');
  });

  it('never end early, and do nothing to a terminal', () => {
    assert.equal(text(['a\nb\u001b[2J', { text: 'c\r', tone: 'bold' }]), 'a\\u000ab\\u001b[2Jc\\u000d\n');
  });

  it('lose no word, and fit, whatever they say', () => {
    fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z0-9[\]-]{1,12}$/), { minLength: 1, maxLength: 40 }), fc.nat({ max: 6 }), fc.integer({ min: 40, max: 130 }), (words, indent, width) => {
      const found = text([' '.repeat(indent) + words.join(' ')], width);
      assert.deepEqual(found.trim().split(/\s+/), words);
      for (const line of found.trimEnd().split('\n')) assert.ok(widthOf(line) <= Math.min(width, 120), line);
    }));
  });
});
