import assert from 'node:assert/strict';
import { differences } from '../../../scripts/demo/differences.ts';
import { parseMetrics, sumOf } from '../../../scripts/demo/metrics.ts';
import { parseOptions, UsageError } from '../../../scripts/demo/options.ts';
import { sampleBaseline, selectiveBaseline } from '../../../scripts/demo/stage.ts';
import { cut, pad, renderTable, widthOf, wrap } from '../../../scripts/demo/table.ts';
import { commandLines, createTerminal, wantsColours } from '../../../scripts/demo/terminal.ts';
import { parse } from 'yaml';

describe('tables of the demo', () => {
  it('aligns columns to their widest cell', () => {
    assert.deepEqual(
      renderTable([{ header: 'name' }, { header: 'ms', align: 'right' }], [['a', '1'], ['longer', '12']]),
      ['name    ms', 'a        1', 'longer  12']);
  });

  it('never gets wider than told', () => {
    const lines = renderTable([{ header: 'a', width: 4 }, { header: 'b' }], [['too long', 'x'.repeat(40)]], 20);
    assert.deepEqual(lines, ['a     b', `too…  ${'x'.repeat(13)}…`]);
    assert.ok(lines.every((line) => widthOf(line) <= 20));
  });

  it('does not count colours', () => {
    const red = '\u001B[31mred\u001B[0m';
    assert.equal(widthOf(red), 3);
    assert.equal(pad(red, 5), `${red}  `);
    assert.equal(cut(red, 3), red);
    assert.equal(cut(red, 2), 'r…');
  });

  it('wraps at blanks, and words that are too long anywhere', () => {
    assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
    assert.deepEqual(wrap('abcdefghij k', 4), ['abcd', 'efgh', 'ij k']);
    assert.deepEqual(wrap('', 4), []);
  });
});

describe('terminal of the demo', () => {
  const written = (act: (terminal: ReturnType<typeof createTerminal>) => void, colours = false): string => {
    let text = '';
    act(createTerminal({ out: { write: (more: string) => (text += more) }, colours, paced: false }));
    return text;
  };

  it('stays within 80 columns and has no blanks at the end of a line', () => {
    const text = written((terminal) => {
      terminal.title('title');
      terminal.say('word '.repeat(60));
      terminal.ok('label', 'word '.repeat(60));
      terminal.command(['kubectl', ...'patch npb default --type merge -p'.split(' '), `'${'x'.repeat(60)}'`]);
      terminal.table([{ header: 'a' }, { header: 'b' }], [['x'.repeat(60), 'y'.repeat(60)]]);
    });
    for (const line of text.split('\n')) assert.ok(widthOf(line) <= 80 && line === line.trimEnd(), line);
  });

  it('colours only where it is told to', () => {
    assert.ok(!written((terminal) => terminal.ok('a', 'b')).includes('\u001B'));
    assert.ok(written((terminal) => terminal.ok('a', 'b'), true).includes('\u001B[32m✔\u001B[0m'));
    assert.equal(wantsColours(true, {}), true);
    assert.equal(wantsColours(false, {}), false);
    assert.equal(wantsColours(true, { NO_COLOR: '1' }), false);
    assert.equal(wantsColours(true, { NO_COLOR: '' }), true);
    assert.equal(wantsColours(true, { TERM: 'dumb' }), false);
  });

  it('continues commands as a shell would take them', () => {
    assert.deepEqual(commandLines(['kubectl', 'get', 'npb'], 40), ['kubectl get npb']);
    assert.deepEqual(commandLines(['kubectl', 'get', 'npb', '--all-of-it'], 20), ['kubectl get npb \\', '--all-of-it']);
    assert.deepEqual(commandLines(['kubectl', '-p', "'{\n  a}'", 'b'], 40), ["kubectl -p '{", "  a}' b"]);
  });
});

describe('what the demo reads', () => {
  it('differences of two specs', () => {
    assert.deepEqual(differences({ a: { b: 1 }, ingress: [] }, { a: { b: 2 }, ingress: [{}] }, 'spec'), [
      { path: 'spec.a.b', before: '1', after: '2' },
      { path: 'spec.ingress', before: '(none)', after: '[{}]' },
    ]);
    assert.deepEqual(differences({ ingress: [] }, {}, 'spec'), [], 'an empty list is one that is not there');
  });

  it('metrics', () => {
    const series = parseMetrics('# HELP a b\na{x="1",y="q\\"uote"} 2\na{x="2"} 3\nb 4\n');
    assert.equal(sumOf(series, 'a'), 5);
    assert.equal(sumOf(series, 'a', { x: '1' }), 2);
    assert.equal(sumOf(series, 'b'), 4);
    assert.equal(sumOf(series, 'none'), 0);
  });

  it('its command line', () => {
    assert.deepEqual(parseOptions([]), { once: false, kubeconfig: undefined, context: undefined });
    assert.deepEqual(parseOptions(['--once', '--kubeconfig', 'f', '--context', 'c']), { once: true, kubeconfig: 'f', context: 'c' });
    assert.equal(parseOptions(['--help']), undefined);
    assert.throws(() => parseOptions(['--onse']), UsageError);
    assert.throws(() => parseOptions(['--context', 'c']), /needs --kubeconfig/);
  });

  it('the sample, as it is and for namespaces of its own', () => {
    const sample = sampleBaseline();
    assert.deepEqual(sample.apply, ['apply', '-f', 'config/samples/platform-team.yaml']);
    const narrow = parse(selectiveBaseline('mine', { a: 'b' }).stdin ?? '') as { metadata: unknown; spec: { namespaceSelector: unknown; policies: unknown[] } };
    assert.deepEqual(narrow.metadata, { name: 'mine' });
    assert.deepEqual(narrow.spec.namespaceSelector, { matchLabels: { a: 'b' } });
    assert.ok(narrow.spec.policies.length > 0);
  });
});
