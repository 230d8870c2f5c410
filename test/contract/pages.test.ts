/**
 * The pages in a real browser: they show and work without script and with the keyboard alone, break no rule of their
 * Content-Security-Policy, load nothing, are accessible, and let nothing hostile come alive.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CONTENT_SECURITY_POLICY } from '../../src/page/layout.ts';
import { parseQuery } from '../../src/page/query.ts';
import { reportPage } from '../../src/page/report.ts';
import { emptyPage, namespacePage, overviewPage } from '../../src/page/status-page.ts';
import { findChromium, NO_CHROMIUM, startBrowser, type Browser, type Tab } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { aNamespacePage, HEAD, HOSTILE, hostileHead, hostileNamespace, NAMESPACES, overviewOf, SHOWN } from '../support/page.ts';
import { skipBecause } from '../support/skip.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PICTURES = resolve(import.meta.dirname, '../../docs/images');

const served = (url: string): string => {
  const { pathname, search } = new URL(url, 'http://x');
  const filter = parseQuery(search.slice(1));
  if (pathname === '/standby') return emptyPage({ ...HEAD, notices: [{ tone: 'info', title: 'Standby', text: 'npb-1 leads.' }] }, 'Standby', 'This replica knows nothing.', true);
  if (pathname === '/shown') return overviewPage(HEAD, overviewOf(SHOWN, filter));
  if (pathname === '/many') return overviewPage(HEAD, overviewOf(Array.from({ length: 10_000 }, (_, index) => aNamespacePage(`team-${index}`)), filter));
  if (pathname === '/hostile') return overviewPage(hostileHead(HOSTILE.join(' '), 'operator'), overviewOf(HOSTILE.map(hostileNamespace), filter));
  if (pathname === '/hostile-namespace') return namespacePage(hostileHead(HOSTILE.join(' '), 'operator'), hostileNamespace(HOSTILE.join(' ')));
  const name = decodeURIComponent(pathname.replace('/namespaces/', ''));
  const namespace = NAMESPACES.find((each) => each.name === name);
  return namespace === undefined ? overviewPage(HEAD, overviewOf(NAMESPACES, filter)) : namespacePage(HEAD, namespace);
};

const report = (hostile: boolean): string => {
  const namespaces = (hostile ? HOSTILE.map(hostileNamespace) : NAMESPACES).map((namespace) => ({ ...namespace, baselines: undefined }));
  return reportPage({ head: hostile ? hostileHead(HOSTILE.join(' '), 'audit') : { ...HEAD, kind: 'audit' }, overview: { ...overviewOf(namespaces).overview, baselines: undefined }, summary: hostile ? HOSTILE.join(' ') : 'All of it.', namespaces, leftOut: undefined });
};

describe('the browser for tests', () => {
  it('is the one that CHROMIUM_PATH names, else the first in PATH', () => {
    const folder = mkdtempSync(join(tmpdir(), 'npb-path-'));
    writeFileSync(join(folder, 'google-chrome'), '', { mode: 0o755 });
    writeFileSync(join(folder, 'chromium'), '', { mode: 0o644 }); // nothing that can be run
    assert.equal(findChromium({ PATH: folder }), join(folder, 'google-chrome'));
    assert.equal(findChromium({ PATH: folder, CHROMIUM_PATH: '/elsewhere/chromium' }), '/elsewhere/chromium');
    rmSync(folder, { recursive: true });
  });

  it('tells what keeps it from starting', async () => {
    await assert.rejects(startBrowser('/nowhere/chromium'), /the browser does not start: .*ENOENT/);
  });
});

interface Violation { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[] }

describe('pages in a browser', function () {
  this.timeout(180_000);
  let server: Server;
  let browser: Browser | undefined;
  let tab: Tab;
  let folder: string;
  let base: string;

  before(async function () {
    const program = findChromium();
    if (program === undefined) skipBecause(this, NO_CHROMIUM);
    server = createServer((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': CONTENT_SECURITY_POLICY }).end(served(request.url ?? '/'));
    });
    await new Promise<void>((listening) => { server.listen(0, '127.0.0.1', listening); });
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    folder = mkdtempSync(join(tmpdir(), 'npb-pages-'));
    for (const hostile of [true, false]) writeFileSync(join(folder, hostile ? 'hostile.html' : 'report.html'), report(hostile));
    browser = await startBrowser(program);
    tab = await browser.tab();
  });
  after(async () => {
    if (browser === undefined) return;
    await browser.close();
    server.closeAllConnections();
    await new Promise((closed) => { server.close(closed); });
    rmSync(folder, { recursive: true });
  });

  const file = (name: string): string => pathToFileURL(join(folder, name)).href;
  const open = async (path: string): Promise<void> => tab.open(path.endsWith('.html') ? file(path) : `${base}${path}`);
  const shown = (): Promise<string[]> => tab.evaluate(`[...document.querySelectorAll('tbody .name[href]')].filter((each) => each.checkVisibility()).map((each) => each.textContent)`);
  const focused = (): Promise<string> => tab.evaluate(`document.activeElement.textContent.trim() || document.activeElement.name || document.activeElement.tagName`);
  const tabTo = async (what: string): Promise<void> => {
    for (let count = 0; count < 60; count += 1) {
      await tab.press('Tab');
      if (await focused() === what) return;
    }
    assert.fail(`${what} is not reached with the tabulator`);
  };

  for (const path of ['/', '/namespaces/search', '/standby', '/many?page=7', 'report.html']) {
    for (const [scheme, width] of [['light', 1200], ['dark', 1200], ['light', 400]] as const) {
      it(`${path} is accessible, loads nothing and breaks no rule, ${scheme}, ${width} wide`, async () => {
        await tab.look({ scheme, width });
        await open(path);
        const { violations } = await (async () => {
          await tab.evaluate(AXE);
          return tab.evaluate<{ violations: Violation[] }>(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))`);
        })();
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`), []);
        assert.deepEqual(tab.complaints, []);
        assert.deepEqual(tab.requests.filter((url) => !url.startsWith('data:')).length, 1, tab.requests.join(' '));
      });
    }

    it(`${path} fits a window of any width`, async () => {
      for (const width of [360, 740, 840, 1250, 1500]) {
        await tab.look({ scheme: 'light', width });
        await open(path);
        assert.equal(await tab.evaluate('document.documentElement.scrollWidth'), width);
      }
    });
  }

  it('is light or dark as whoever reads likes it', async () => {
    const colours: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      await tab.look({ scheme, width: 1200 });
      await open('/');
      colours.push(await tab.evaluate('getComputedStyle(document.body).backgroundColor'));
      assert.ok((await tab.screenshot()).length > 10_000);
    }
    assert.deepEqual(colours, ['rgb(255, 255, 255)', 'rgb(18, 22, 28)']);
  });

  for (const path of ['/hostile', '/hostile-namespace', 'hostile.html']) {
    it(`${path}: nothing hostile comes alive, or breaks the page`, async () => {
      for (const width of [1500, 1200, 760, 360]) {
        await tab.look({ scheme: 'light', width });
        await open(path);
        assert.doesNotMatch(await tab.evaluate('document.title'), /^owned$/);
        assert.equal(await tab.evaluate(`document.querySelectorAll('script, img, iframe, [onload], [onerror], [onmouseover], a[href^="javascript"], a[href^="http"]').length`), 0);
        assert.ok((await tab.evaluate<string>('document.body.innerText')).includes('<script>document.title="owned"</script>'));
        assert.equal(await tab.evaluate('document.documentElement.scrollWidth'), width);
        assert.deepEqual(tab.complaints, []);
      }
    });
  }

  it('works with the keyboard alone: past the head, to a filter, to a namespace and back', async () => {
    await tab.look({ scheme: 'light', width: 1200 });
    await open('/');
    await tab.press('Tab');
    assert.equal(await focused(), 'Skip to the content');
    assert.equal(await tab.evaluate('document.activeElement.getBoundingClientRect().left >= 0'), true);
    await tab.press('Enter');
    assert.equal(await tab.evaluate('document.activeElement.id'), 'main');
    await tabTo('namespace');
    for (const character of 'sea') await tab.press(character);
    await tab.following(() => tab.press('Enter'));
    assert.match(await tab.evaluate('location.search'), /^\?namespace=sea/);
    assert.deepEqual(await shown(), ['search']);
    await tabTo('search');
    await tab.following(() => tab.press('Enter'));
    assert.equal(await tab.evaluate('location.pathname'), '/namespaces/search');
    await tabTo('All namespaces');
    await tab.following(() => tab.press('Enter'));
    assert.deepEqual(await shown(), await tab.evaluate<string[]>(`[...document.querySelectorAll('tbody a.name')].map((each) => each.textContent)`));
    assert.equal((await shown()).length, NAMESPACES.length);
    assert.deepEqual(tab.complaints, []);
  });

  it('leads from a figure to what it counts', async () => {
    await open('/');
    await tabTo('1 overridden');
    await tab.following(() => tab.press('Enter'));
    assert.equal(await tab.evaluate('location.search'), '?egress=overridden');
    assert.deepEqual(await shown(), ['search']);
  });

  it('filters a report with neither server nor script', async () => {
    await open('report.html');
    assert.equal((await shown()).length, NAMESPACES.length);
    await tabTo('show');
    await tab.press('ArrowRight');
    await eventually(shown, (names) => assert.deepEqual(names.toSorted(), ['payments', 'search']));
    assert.equal(await tab.evaluate(`[...document.querySelectorAll('article')].filter((each) => each.checkVisibility()).length`), 2);
    await tabTo('payments');
    await tab.press('Enter');
    await eventually(() => tab.evaluate<string>('location.hash'), (hash) => assert.equal(hash, '#namespace-2'));
  });

  it('is shown in the documentation as it is', async () => {
    await tab.look({ scheme: 'light', width: 1160, height: 780 });
    await open('/shown');
    const light = await tab.screenshot(false);
    await tab.look({ scheme: 'dark', width: 1160, height: 780 });
    await open('/namespaces/search');
    const dark = await tab.screenshot(false);
    for (const [name, picture] of [['status-page', light], ['status-page-namespace', dark]] as const) {
      if (process.env['NPB_UPDATE_GOLDENS'] === '1') {
        mkdirSync(PICTURES, { recursive: true });
        writeFileSync(join(PICTURES, `${name}.png`), picture);
      }
      assert.ok(picture.length < 200_000, `${name} has ${picture.length} bytes`);
      assert.ok(readFileSync(join(PICTURES, `${name}.png`)).length < 200_000);
    }
  });
});
