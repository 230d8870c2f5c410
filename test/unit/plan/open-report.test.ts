/** What a Report says of a namespace: the same facts as coverage, status and isolation, bounded, and the same each time. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { contentHash, parseReport, reportManifest, REPORT_RESULTS, type ReportContent } from '../../../src/kube/open-reports.ts';
import type { IsolationKnowledge, NamespaceEffect } from '../../../src/plan/effect.ts';
import { MAX_RESULTS, openReport } from '../../../src/plan/open-report.ts';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn } from '../../../src/plan/report.ts';
import { NO_FACTS, type NamespaceFacts } from '../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { aBaseline, aGenerated, aNamespace, aPolicy, aTemplate, aView } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';
import { someView } from '../../support/random-views.ts';

const KNOWN: IsolationKnowledge = { kind: 'Known' };
const OFF: IsolationKnowledge = { kind: 'Off' };
const direction = (isolated: boolean, more: Partial<NamespaceEffect['Ingress']> = {}): NamespaceEffect['Ingress'] => ({ isolated, defeat: undefined, unknownBy: undefined, ...more });
const ISOLATED: NamespaceEffect = { Ingress: direction(true), Egress: direction(true) };

const reportOf = (view: NamespaceView, { facts = NO_FACTS, isolation = OFF, effect }: { facts?: NamespaceFacts; isolation?: IsolationKnowledge; effect?: NamespaceEffect } = {}): ReportContent | undefined =>
  openReport({ view, plan: planNamespace(view), facts, isolation, effect });
const rowsOf = (report: ReportContent | undefined): string[] => (report?.results ?? []).map(({ policy, rule, result }) => `${rule} ${policy} ${result}`);
const messageOf = (report: ReportContent | undefined, rule: string): string | undefined => report?.results.find((row) => row.rule === rule)?.message;

describe('open report', () => {
  const spec = { policies: [aTemplate('x')] };

  it('of a namespace that is as it should be: everything passes', () => {
    assert.deepEqual(rowsOf(reportOf(settled(aView({ baselines: [aBaseline('a', spec)] })), { isolation: KNOWN, effect: ISOLATED })), [
      'allow-dns a pass', 'default-deny-egress a pass', 'default-deny-ingress a pass', 'drift a pass', 'isolated-egress a pass', 'isolated-ingress a pass', 'x a pass',
    ]);
  });

  it('is none without a baseline, for a system namespace, one that is excluded, and one on its way out', () => {
    assert.equal(reportOf(aView({ baselines: [] })), undefined);
    assert.equal(reportOf(aView({ baselines: [aBaseline('a')], system: ['team-a'] })), undefined);
    assert.equal(reportOf(aView({ baselines: [aBaseline('a', { excludedNamespaces: ['team-a'] })] })), undefined);
    assert.equal(reportOf(aView({ baselines: [aBaseline('a')], namespace: aNamespace('team-a', { terminating: true }) })), undefined);
  });

  it('says why there is no default-deny', () => {
    const missing = reportOf(aView({ baselines: [aBaseline('a')] }));
    assert.deepEqual(rowsOf(missing).slice(0, 2), ['default-deny-egress a fail', 'default-deny-ingress a fail']);
    assert.equal(messageOf(missing, 'default-deny-ingress'), 'there is no default-deny for Ingress: allow-dns is not there yet');
    const unselected = reportOf(aView({ baselines: [aBaseline('a', { namespaceSelector: { matchLabels: { a: 'b' } } })] }));
    assert.deepEqual([rowsOf(unselected), messageOf(unselected, 'default-deny-egress')], [['default-deny-egress (none) fail', 'default-deny-ingress (none) fail'], 'no baseline isolates Egress']);
    assert.deepEqual(rowsOf(reportOf(aView({ baselines: [aBaseline('a', { ingress: { mode: 'Audit' }, egress: { mode: 'Audit' } })] }))), ['default-deny-egress a warn', 'default-deny-ingress a warn']);
  });

  it('an exemption is skipped, with its reason and its end, under the baseline that grants it', () => {
    const exempt = { exemptions: [{ namespace: 'team-a', directions: ['Egress'], reason: 'NET-12', expiresAt: '2027-01-29T10:00:00Z' }] };
    const open: NamespaceEffect = { Ingress: direction(true), Egress: direction(false) };
    const report = reportOf(settled(aView({ baselines: [aBaseline('a', exempt)] })), { isolation: KNOWN, effect: open });
    assert.deepEqual(rowsOf(report), ['default-deny-egress a skip', 'isolated-egress a skip', 'default-deny-ingress a pass', 'drift a pass', 'isolated-ingress a pass']);
    const row = report?.results[0];
    assert.deepEqual([row?.message, row?.scored, row?.properties['exemptUntil']], ['exempt: NET-12', false, '2027-01-29T10:00:00.000Z']);
  });

  it('failed writes are errors, foreign policies and drift are failures, what is left over is a warning', () => {
    const facts: NamespaceFacts = { ...NO_FACTS, refused: new Map([['allow-dns', { reason: 'QuotaExceeded', message: 'full' }]]) };
    const policies = [aPolicy('x'), aGenerated('a', 'y', aTemplate('y').networkPolicy, { spec: { ingress: [{}] } }), aGenerated('a', 'old', aTemplate('old').networkPolicy)];
    const report = reportOf(aView({ baselines: [aBaseline('a', { policies: [aTemplate('x'), aTemplate('y')] })], policies }), { facts });
    assert.deepEqual(rowsOf(report), ['default-deny-egress a fail', 'default-deny-ingress a fail', 'drift a fail', 'x a fail', 'y a fail', 'allow-dns a error', 'leftover a warn']);
    assert.equal(messageOf(report, 'drift'), 'changed by somebody: y');
    assert.equal(messageOf(report, 'leftover'), 'old is still there: TemplateRemoved');
    assert.match(messageOf(report, 'allow-dns') ?? '', /^allow-dns: a ResourceQuota leaves no room for it/);
  });

  it('isolation: what defeats it, what is not known, and nothing where nobody looks', () => {
    const view = settled(aView({ baselines: [aBaseline('a')] }));
    const effect: NamespaceEffect = { Ingress: direction(false, { defeat: 'open to everybody (allow-all) through NetworkPolicy z (rule 0)' }), Egress: direction(false, { unknownBy: 'CiliumNetworkPolicy c' }) };
    const report = reportOf(view, { isolation: KNOWN, effect });
    assert.deepEqual(rowsOf(report).slice(0, 2), ['isolated-ingress a fail', 'isolated-egress a warn']);
    assert.deepEqual([messageOf(report, 'isolated-ingress'), messageOf(report, 'isolated-egress')], [
      'ingress is open to everybody (allow-all) through NetworkPolicy z (rule 0)', 'what egress lets through is not known: CiliumNetworkPolicy c is not evaluated',
    ]);
    assert.equal(messageOf(reportOf(view, { isolation: { kind: 'Unknown', reason: 'NotReadable', why: 'pods: forbidden' } }), 'isolated-ingress'), 'what is really isolated is not known: pods: forbidden');
    assert.ok(!rowsOf(reportOf(view)).some((row) => row.startsWith('isolated')));
  });

  it('names the owner, and the controls that a row is evidence for', () => {
    const view = settled(aView({ baselines: [aBaseline('a', { ownerKey: 'team' })], namespace: aNamespace('team-a', { labels: { team: 'payments' } }) }));
    const properties = Object.fromEntries((reportOf(view)?.results ?? []).map((row) => [row.rule, Object.keys(row.properties)]));
    assert.deepEqual(properties, { 'allow-dns': ['owner'], 'default-deny-egress': ['owner', 'cis', 'nsa'], 'default-deny-ingress': ['owner', 'cis', 'nsa'], drift: ['owner'] });
  });

  it('holds the worst where there is more than a report takes', () => {
    const names = Array.from({ length: 32 }, (_, index) => `p${index}`);
    const baselines = ['a', 'b', 'c', 'd'].map((name) => aBaseline(name, { policies: names.map((each) => aTemplate(each)) }));
    const view = settled(aView({ baselines }));
    const report = reportOf(view, { facts: { ...NO_FACTS, refused: new Map([['p31', { reason: 'Forbidden', message: 'x'.repeat(5_000) }]]) } });
    assert.equal(report?.results.length, MAX_RESULTS);
    assert.ok(report.results.slice(0, 4).every(({ rule, result, message }) => rule === 'p31' && result === 'error' && message.length <= 512));
    assert.ok(JSON.stringify(report).length < 60_000);
  });

  it('laws: agrees with coverage, adds up, is bounded, is the same each time and when it is read back', () => {
    fc.assert(fc.property(someView(), (view) => {
      const report = reportOf(view);
      if (report === undefined) return;
      const { coverage } = reportOn(view, planNamespace(view), NO_FACTS);
      const expected: Readonly<Record<string, string>> = { protected: 'pass', audited: 'warn', unprotected: 'fail', exempt: 'skip', excluded: 'skip' };
      const byRule = new Map(report.results.map(({ rule, result }) => [rule, result] as const));
      for (const each of ['Ingress', 'Egress'] as const) assert.equal(byRule.get(`default-deny-${each.toLowerCase()}`), expected[coverage?.[each] ?? 'excluded']);
      for (const result of REPORT_RESULTS) assert.equal(report.summary[result], report.results.filter((row) => row.result === result).length);
      assert.ok(report.results.length <= MAX_RESULTS && report.results.every(({ policy, rule }) => policy !== '' && rule !== ''));
      assert.equal(contentHash(reportOf(view) as ReportContent), contentHash(report));
      const stored = JSON.parse(JSON.stringify(reportManifest('team-a', report))) as ReturnType<typeof reportManifest>;
      assert.equal(parseReport({ ...stored, metadata: { ...stored.metadata, uid: 'u', resourceVersion: '1' } }).contentHash, contentHash(report));
    }), { numRuns: 300 });
  });
});
