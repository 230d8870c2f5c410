import assert from 'node:assert/strict';
import fc from 'fast-check';
import { safe, safeLines, type Cell, type Column } from '../../../../src/cli/output/cell.ts';
import { escapeMarkdown, renderMarkdownTable } from '../../../../src/cli/output/markdown.ts';
import { renderTable } from '../../../../src/cli/output/table.ts';
import { cutTo, widthOf } from '../../../../src/cli/output/width.ts';

const COLUMNS: readonly Column[] = [{ title: 'namespace' }, { title: 'class' }, { title: 'why', wide: true }];
const ROWS: readonly (readonly Cell[])[] = [
  ['shop', { text: 'open', tone: 'bad' }, 'no policy'],
  ['payments-eu', { text: 'closed', tone: 'good' }, 'default-deny'],
];

describe('output as a table', () => {
  it('is aligned, and ends without blanks', () => {
    assert.equal(renderTable(COLUMNS, ROWS, { color: false }), [
      'NAMESPACE     CLASS',
      'shop          open',
      'payments-eu   closed', '',
    ].join('\n'));
  });

  it('shows more columns when it is wide, and no header where none is wanted', () => {
    assert.equal(renderTable(COLUMNS, ROWS, { color: false, wide: true }), [
      'NAMESPACE     CLASS    WHY',
      'shop          open     no policy',
      'payments-eu   closed   default-deny', '',
    ].join('\n'));
    assert.equal(renderTable(COLUMNS, ROWS, { color: false, headers: false }), 'shop          open\npayments-eu   closed\n');
    assert.equal(renderTable(COLUMNS, [], { color: false, headers: false }), '');
    assert.equal(renderTable(COLUMNS, [], { color: false }), 'NAMESPACE   CLASS\n');
  });

  it('colours the text alone, and the widths stay', () => {
    assert.equal(renderTable(COLUMNS, ROWS, { color: true, headers: false, wide: true }), [
      'shop          \u001b[31mopen  \u001b[39m   no policy',
      'payments-eu   \u001b[32mclosed\u001b[39m   default-deny', '',
    ].join('\n'));
  });

  it('is cut at the edge of the terminal, never beyond it', () => {
    assert.equal(renderTable(COLUMNS, ROWS, { color: false, wide: true, width: 20 }), [
      'NAMESPACE     CLASS',
      'shop          open',
      'payments-eu   closed', '',
    ].join('\n'));
    assert.equal(renderTable(COLUMNS, ROWS, { color: false, wide: true, width: 28, headers: false }), [
      'shop          open     no p…',
      'payments-eu   closed   defa…', '',
    ].join('\n'));
  });

  it('gives wide characters the two columns that they take', () => {
    assert.equal(renderTable([{ title: 'a' }, { title: 'b' }], [['日本', '1'], ['e\u0301', '2']], { color: false, headers: false }), '日本   1\ne\u0301      2\n');
    assert.equal(cutTo('日本語', 4), '日…');
  });

  it('lets nothing that a cluster says move the cursor, break a line or turn the direction of writing', () => {
    assert.equal(safe('a\u001b[31mb\r\n\u202ec\u009b\u2028'), 'a\\u001b[31mb\\u000d\\u000a\\u202ec\\u009b\\u2028');
    assert.equal(safeLines('a\nb\u001b'), 'a\nb\\u001b');
    fc.assert(fc.property(fc.array(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 2 }), { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (rows, width) => {
      const text = renderTable([{ title: 'a' }, { title: 'b' }], rows, { color: false, width });
      const lines = text.split('\n');
      assert.equal(lines.length, rows.length + 2);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      for (const line of lines) assert.ok(widthOf(line) <= width, JSON.stringify(line));
    }), { numRuns: 40 });
  });
});

describe('output as Markdown', () => {
  it('is a table with all columns', () => {
    assert.equal(renderMarkdownTable(COLUMNS, ROWS), [
      '| namespace | class | why |',
      '| --- | --- | --- |',
      '| shop | open | no policy |',
      '| payments-eu | closed | default-deny |', '',
    ].join('\n'));
  });

  it('takes nothing in a cell for Markdown or HTML', () => {
    assert.equal(escapeMarkdown('a|b <img src=x> *c* [d](e) `f`\ng\u001b'), 'a\\|b &lt;img src=x&gt; \\*c\\* \\[d\\](e) \\`f\\`<br>g\\\\u001b');
  });
});
