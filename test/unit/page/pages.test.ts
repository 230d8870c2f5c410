/** The pages as text: what they say, that they stay as they are, stay small, and do nothing by themselves. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { sha256Base64 } from '../../../src/api/hash.ts';
import { CONTENT_SECURITY_POLICY } from '../../../src/page/layout.ts';
import { GLANCES, type NamespaceDetail } from '../../../src/page/model.ts';
import { parseQuery, queryText } from '../../../src/page/query.ts';
import { reportPage } from '../../../src/page/report.ts';
import { emptyPage, namespacePage, overviewPage } from '../../../src/page/status-page.ts';
import { MEANINGS, SPRITE } from '../../../src/page/words.ts';
import { textOf } from '../../../src/page/html.ts';
import { isGolden } from '../../support/golden.ts';
import { aDirection, aNamespacePage, AT_MS, HEAD, HOSTILE, hostileHead, hostileNamespace, NAMESPACES, overviewOf } from '../../support/page.ts';

const golden = (name: string): string => join(import.meta.dirname, 'golden', name);
const styleless = (page: string): string => page.replace(/<style>[\s\S]*?<\/style>/, '<style>…</style>').replaceAll(/sha256-[\w+/=]+/g, 'sha256-…');
const namesIn = (page: string): string[] => [...page.matchAll(/<a class="name" href="[^"]*">([^<]*)<\/a>/g)].map(([, name = '']) => name);
const withFindings = (namespace: NamespaceDetail): NamespaceDetail => ({ ...namespace, baselines: undefined, findings: [{ level: 'WARN', tone: 'warn', id: 'unknown-label', message: 'no pod has it', fix: 'correct it', where: 'in NetworkPolicy shop/a (a.yaml:3)' }] });

const report = (namespaces: readonly NamespaceDetail[], leftOut?: string): string =>
  reportPage({ head: { ...HEAD, kind: 'audit', from: 'files deploy' }, overview: { ...overviewOf(namespaces).overview, baselines: undefined }, summary: '10 namespaces: all of it in one line', namespaces, leftOut });

describe('pages', () => {
  it('overview is as it was', () => isGolden(golden('overview.html'), styleless(overviewPage(HEAD, overviewOf(NAMESPACES)))));
  it('namespace is as it was', () => isGolden(golden('namespace.html'), styleless(namespacePage(HEAD, NAMESPACES[0] ?? aNamespacePage('x')))));
  it('report is as it was', () => isGolden(golden('report.html'), styleless(report(NAMESPACES.slice(0, 4).map(withFindings), '2 more namespaces not shown.'))));

  it('say what they are, how old, and that they attest nothing', () => {
    for (const page of [overviewPage(HEAD, overviewOf(NAMESPACES)), namespacePage(HEAD, aNamespacePage('x')), report(NAMESPACES), emptyPage(HEAD, 'Standby', 'ask the other', true)]) {
      for (const said of ['Supporting evidence, not an attestation', '2026-06-01 10:00 UTC', 'namespace-policy-baseline 0.1.0', HEAD.cluster ?? '?', 'is not verified here']) assert.ok(page.includes(said), said);
    }
  });

  it('list those that need attention first, worst of them first, then by name', () => {
    assert.deepEqual(namesIn(overviewPage(HEAD, overviewOf(NAMESPACES))).slice(0, 4), ['payments', 'search', 'attic', 'canary']);
  });

  it('have a word, a shape and a meaning for whatever a direction can be', () => {
    for (const glance of GLANCES) {
      const page = overviewPage(HEAD, overviewOf([aNamespacePage('x', { ingress: aDirection(glance) })]));
      assert.ok(page.includes(`<span class="badge ${glance}"><svg class="icon" aria-hidden="true"><use href="#i-${glance}"/></svg>${glance}</span>`), glance);
      assert.ok(textOf(SPRITE).includes(`id="i-${glance}"`) && MEANINGS[glance].endsWith('.'), glance);
    }
  });

  it('count exempt and excluded namespaces in no share', () => {
    const page = overviewPage(HEAD, overviewOf(NAMESPACES));
    assert.match(page, /<h2>Ingress<\/h2><p class="figure">6 <small>of 9 isolated<\/small><\/p><p class="soft">default-deny in 6 of 9<\/p>/);
    assert.match(page, /<h2>Egress<\/h2><p class="figure">6 <small>of 10 isolated<\/small><\/p><p class="soft">default-deny in 8 of 10<\/p>/);
  });

  it('say nothing of isolation where it is not known', () => {
    const list = overviewOf([aNamespacePage('x', { ingress: aDirection('protected'), egress: aDirection('protected') })]);
    const page = overviewPage(HEAD, { ...list, overview: { ...list.overview, isolationKnown: false } });
    assert.match(page, /1 <small>of 1 with default-deny<\/small><\/p><p class="soft">what is really isolated is not known/);
    assert.doesNotMatch(page, /of 1 isolated/);
    assert.match(namespacePage(HEAD, aNamespacePage('x', { ingress: aDirection('protected') })), /effective class <b>not known<\/b>/);
  });

  it('load nothing and run nothing, and their policy is that of their one style', () => {
    for (const page of [overviewPage(HEAD, overviewOf(NAMESPACES)), report(NAMESPACES)]) {
      const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)];
      assert.equal(styles.length, 1);
      assert.ok(CONTENT_SECURITY_POLICY.includes(`style-src 'sha256-${sha256Base64(styles[0]?.[1] ?? '')}'`));
      assert.doesNotMatch(page, /<script|\sstyle="|\son\w+="|src="|@import|url\(|http:|https:/);
    }
    assert.match(CONTENT_SECURITY_POLICY, /^default-src 'none'; .*frame-ancestors 'none'$/);
    assert.match(report(NAMESPACES), /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/);
  });

  for (const text of HOSTILE) {
    it(`take for text: ${JSON.stringify(text).slice(0, 60)}`, () => {
      const namespace = hostileNamespace(text);
      const list = overviewOf([namespace], { name: text, owner: text });
      const pages = [overviewPage(hostileHead(text, 'operator'), list), namespacePage(hostileHead(text, 'operator'), namespace), emptyPage(hostileHead(text, 'operator'), text, text, false),
        reportPage({ head: hostileHead(text, 'audit'), overview: list.overview, summary: text, namespaces: [namespace], leftOut: text })];
      const harmless = [HEAD, aNamespacePage('x')] as const;
      const known = new Set([...tagsIn(overviewPage(harmless[0], overviewOf(NAMESPACES))), ...tagsIn(namespacePage(...harmless)), ...tagsIn(report(NAMESPACES)), 'nav', 'small', 'option', 'select']);
      for (const page of pages) {
        assert.deepEqual(tagsIn(page).filter((tag) => !known.has(tag)), []);
        assert.doesNotMatch(page.replaceAll(/"[^"]*"/g, '""'), /<[^>]*\son\w+\s*=/i);
        for (const [, href = ''] of page.matchAll(/ (?:href|action)="([^"]*)"/g)) assert.match(href, /^(\/|#|data:,$)/);
        // oxlint-disable-next-line no-control-regex
        assert.doesNotMatch(page, /[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
      }
    });
  }

  it('stay small with ten thousand namespaces', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => aNamespacePage(`team-${index}`, { attention: { tone: 'bad', rank: 1, reason: 'Modified', message: 'x'.repeat(200) } }));
    const page = overviewPage(HEAD, overviewOf(many, { page: 3 }));
    assert.equal(namesIn(page).length, 100);
    assert.ok(page.length < 200_000, String(page.length));
    assert.match(page, /10,000 namespaces, those that need attention first; page 3 of 100/);
    assert.deepEqual([...page.matchAll(/<a href="([^"]*)">(First|Previous|Next|Last)<\/a>/g)].map(([, href, name]) => `${name} ${href}`), ['First /', 'Previous /?page=2', 'Next /?page=4', 'Last /?page=100']);
  });
});

describe('what a query asks for', () => {
  const names = (query: string): string[] => namesIn(overviewPage(HEAD, overviewOf(NAMESPACES, parseQuery(query))));

  it('is a part of a name, a word for a direction, an owner, or what needs attention', () => {
    assert.deepEqual(names('namespace=SEAR'), ['search']);
    assert.deepEqual(names('egress=overridden'), ['search']);
    assert.deepEqual(names('ingress=isolated&egress=unknown'), ['cilium-lab']);
    assert.deepEqual(names('owner=money'), ['payments', 'reports']);
    assert.deepEqual(names('owner='), ['attic', 'kube-system']);
    assert.deepEqual(names('show=attention'), ['payments', 'search']);
    assert.deepEqual(names('show=attention&owner=find&namespace=x'), []);
  });

  it('is everything where it makes no sense', () => {
    for (const query of ['', 'ingress=closed', 'page=0', 'page=-1', 'page=99999999', 'show=none', '%zz&&=', `ingress=${'x'.repeat(9999)}`]) assert.equal(names(query).length, NAMESPACES.length, query);
  });

  it('is the same after it was written down', () => {
    for (const query of ['', '?show=attention', '?ingress=open&egress=isolated', '?namespace=a-b&owner=A+%26+B%22&page=7', '?owner=']) assert.equal(queryText(parseQuery(query.slice(1))), query);
  });

  it('is shown in the form', () => {
    const page = overviewPage(HEAD, overviewOf(NAMESPACES, parseQuery('namespace=ca&egress=isolated&show=attention&owner=web')));
    for (const part of ['name="namespace" value="ca"', '<option value="isolated" selected>', 'value="attention" checked>', 'name="owner" value="web" checked>']) assert.ok(page.includes(part), part);
    assert.match(page, /0 of 11 namespaces/);
  });

  it('has the same order page by page, in whatever order namespaces come', () => {
    const all = Array.from({ length: 997 }, (_, index) => aNamespacePage(`n${(index * 389) % 997}`, index % 7 === 0 ? { attention: { tone: 'bad', rank: index % 3, reason: 'x', message: '' } } : {}));
    const pages = Array.from({ length: 20 }, (_, index) => overviewOf(all, { page: index + 1 }, 50).selection);
    const whole = overviewOf(all, {}, 1000).selection.rows.map(({ name }) => name);
    assert.deepEqual(pages.flatMap(({ rows }) => rows.map(({ name }) => name)), whole);
    assert.deepEqual([whole.length, pages[0]?.pages, pages[3]?.matched], [997, 20, 997]);
  });

  it('ends at the last page', () => assert.equal(overviewOf(NAMESPACES, { page: 50 }, 4).selection.page, 3));
});

describe('a report', () => {
  it('leads from each row to its section, whatever the name', () => {
    const page = report([...NAMESPACES, aNamespacePage('a b"c')]);
    const targets = [...page.matchAll(/<a class="name" href="#([^"]*)">/g)].map(([, id = '']) => id);
    assert.equal(new Set(targets).size, NAMESPACES.length + 1);
    for (const id of targets) assert.ok(page.includes(`<article class="`) && page.includes(` id="${id}">`), id);
  });

  it('has a button for each word that occurs, and a rule of style for each button', () => {
    const page = report(NAMESPACES);
    for (const glance of GLANCES) {
      assert.ok(page.includes(`id="show-${glance}"`), glance);
      assert.ok(page.includes(`body:has(#show-${glance}:checked) .entry:not(.is-${glance})`), glance);
    }
    assert.doesNotMatch(report([aNamespacePage('x')]), /id="show-open"/);
  });

  it('tells when exemptions end, and of those that have', () => {
    const ended = aNamespacePage('x', { exemptions: [{ baseline: 'b', target: 'x', directions: ['Egress'], reason: 'r', expiresAtMs: AT_MS - 7_200_000 }, { baseline: 'b', target: 'y', directions: ['Egress'], reason: 'r', expiresAtMs: undefined }] });
    const page = report([ended]);
    assert.match(page, /expired<\/span> <time datetime="2026-06-01T08:00:00\.000Z">2026-06-01 08:00 UTC<\/time> <small>2 hours ago<\/small>/);
    assert.match(page, /<span class="soft">never<\/span>/);
  });
});

function tagsIn(page: string): string[] {
  return [...new Set([...styleless(page).matchAll(/<\/?([a-zA-Z!][\w-]*)/g)].map(([, tag = '']) => tag))];
}
