import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { html, textOf } from '../../../src/page/html.ts';
import { HOSTILE } from '../../support/page.ts';

const SOURCES = resolve(import.meta.dirname, '../../../src/page');

describe('page markup', () => {
  it('comes from literals alone: values are text', () => {
    assert.equal(textOf(html`<p title="${'a"b'}">${'<b>'} ${3} ${undefined}${[html`<i>${"it's & so"}</i>`, 'x']}</p>`), '<p title="a&quot;b">&lt;b&gt; 3 <i>it&#39;s &amp; so</i>x</p>');
  });

  it('holds no value that ends an element or an attribute, or that nobody sees', () => {
    for (const text of HOSTILE) {
      const page = textOf(html`<p title="${text}">${text}</p>`);
      assert.match(page, /^<p title="[^"<>']*">[^<>]*<\/p>$/);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(page, /[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/);
    }
  });

  it('cannot be made of what looks like it', () => {
    for (const forged of [{ markup: '<script>' }, JSON.parse(JSON.stringify(html`<script>`)), { [Symbol('markup')]: '<script>' }]) assert.throws(() => html`${forged as string}`);
  });

  it('is written with every attribute in double quotes', () => {
    for (const name of readdirSync(SOURCES)) {
      const source = readFileSync(join(SOURCES, name), 'utf8');
      for (const [template] of source.matchAll(/html`[^`]*`/g)) assert.doesNotMatch(template, /\s[\w-]+=(\$\{|')/, `${name}: ${template}`);
    }
  });

  it('is made in src/page/html.ts only', () => {
    const others = readdirSync(resolve(SOURCES, '..'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.startsWith('page'));
    for (const name of others) assert.doesNotMatch(readFileSync(join(SOURCES, '..', name), 'utf8'), /text\/html(?!; charset=utf-8)|<(html|div|span|td|script)\b/, name);
  });
});
