/** The routes of the status page: what they answer to whom, and that a large cluster holds up nothing. */
import assert from 'node:assert/strict';
import type { Control } from '../../../../src/control/control.ts';
import { NO_ISOLATION } from '../../../../src/control/isolation/isolation.ts';
import { createNamespaceMemories } from '../../../../src/control/namespace-memory.ts';
import { statusPageRoutes } from '../../../../src/control/status-page/pages.ts';
import type { NamespaceRecord } from '../../../../src/kube/objects.ts';
import type { Answer } from '../../../../src/observe/http-server.ts';
import { CONTENT_SECURITY_POLICY } from '../../../../src/page/layout.ts';
import { planNamespace } from '../../../../src/plan/plan.ts';
import { reportOn } from '../../../../src/plan/report.ts';
import { NO_FACTS } from '../../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../../src/plan/view.ts';
import { createStore } from '../../../../src/watch/store.ts';
import { aBaseline, aDeny, aNamespace, aView, NOW_MS } from '../../../support/build.ts';

interface Options { readonly names?: readonly string[]; readonly leads?: boolean; readonly whole?: boolean; readonly leader?: string | undefined; readonly sleep?: () => Promise<void>; readonly now?: () => number }

function pages({ names = [], leads = true, whole = true, leader, sleep = () => Promise.resolve(), now = () => 0 }: Options = {}) {
  const baselines = [aBaseline('default', { dns: { enabled: false } })];
  const views = new Map<string, NamespaceView>(names.map((name) => [name, aView({ namespace: aNamespace(name), baselines, policies: [aDeny('default', undefined, { namespace: name })] })]));
  const memories = createNamespaceMemories();
  for (const [name, view] of views) memories.of(name, view.namespace.uid).report = reportOn(view, planNamespace(view), NO_FACTS);
  const cluster = aView({ baselines }).cluster;
  const state = { memories, views: { namespace: (name: string) => views.get(name), cluster: () => cluster } };
  const control = { leadership: () => (leads ? { state, isWhole: () => whole } : undefined), isolation: NO_ISOLATION } as unknown as Control;
  const routes = new Map(statusPageRoutes({ control, stores: { namespaces: createStore<NamespaceRecord>() }, leader: () => leader, identity: 'npb-0', version: '0.1.0', clock: { now, sleep, wallMs: () => NOW_MS } }));
  return async (path: '/' | '/namespaces/', { rest = '', query = '' } = {}): Promise<Answer> => (routes.get(path) ?? assert.fail())({ rest, query });
}

describe('routes of the status page', () => {
  it('show the overview and a namespace, with the policy of the page', async () => {
    const ask = pages({ names: ['cart', 'shop'] });
    for (const answer of [await ask('/'), await ask('/namespaces/', { rest: 'cart' })]) {
      assert.deepEqual([answer.status, answer.contentType, answer.headers?.['Content-Security-Policy']], [200, 'text/html; charset=utf-8', CONTENT_SECURITY_POLICY]);
      assert.match(answer.body, /cart/);
      assert.match(answer.body, /--evaluate-isolation is off/);
    }
    assert.doesNotMatch((await ask('/', { query: 'namespace=ca' })).body, />shop</);
  });

  it('say so where there is no such namespace, and repeat no name that is none', async () => {
    const ask = pages({ names: ['cart'] });
    const [missing, ...wrong] = await Promise.all(['nope', '', '../cart', 'a/b', '%3Cscript%3E', '<script>', 'x'.repeat(64), 'constructor__'].map((rest) => ask('/namespaces/', { rest })));
    assert.deepEqual([missing?.status, missing?.body.includes('There is no namespace nope.')], [404, true]);
    for (const { status, body } of wrong) assert.deepEqual([status, body.includes('That is no name of a namespace.')], [404, true]);
  });

  it('name the leader on a standby, and show nothing else there', async () => {
    for (const [leader, said] of [['npb-1_abc', 'The replica that leads is npb-1_abc: ask that one.'], ['<b>', 'leads is &lt;b&gt;:'], ['', 'No replica leads yet'], [undefined, 'No replica leads yet']] as const) {
      const ask = pages({ leads: false, names: ['cart'], leader });
      for (const answer of [await ask('/'), await ask('/namespaces/', { rest: 'cart' })]) {
        assert.deepEqual([answer.status, answer.headers?.['Retry-After']], [503, '2']);
        assert.ok(answer.body.includes('This replica is a standby') && answer.body.includes(said), said);
        assert.doesNotMatch(answer.body, /cart|isolated<\/small>/);
      }
    }
  });

  it('count nothing before every namespace was looked at', async () => {
    const { status, body } = await pages({ names: ['cart'], whole: false })('/');
    assert.equal(status, 503);
    assert.match(body, /has not looked at every namespace yet/);
    assert.doesNotMatch(body, /cart/);
  });

  it('take a large cluster in slices, one overview after the other, and refuse a crowd', async () => {
    let turns = 0;
    let ms = 0;
    const names = Array.from({ length: 3000 }, (_, index) => `team-${index}`);
    const ask = pages({ names, now: () => (ms += 0.01), sleep: async () => { turns += 1; await new Promise((resolve) => { setImmediate(resolve); }); } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/')));
    assert.ok(turns > 8, String(turns));
    assert.deepEqual(answers.map(({ status }) => status).toSorted((a, b) => a - b), [...Array<number>(8).fill(200), ...Array<number>(12).fill(503)]);
    assert.match(answers.find(({ status }) => status === 503)?.body ?? '', /Many ask for this page at once/);
    assert.equal((await ask('/')).status, 200); // and forgets that there was one
  });
});
