/** `npb audit -o html`: what the audit says is in the page, and what it does not know is not. */
import assert from 'node:assert/strict';
import { join, relative } from 'node:path';
import { auditCommand } from '../../../src/cli/audit.ts';
import { auditPage } from '../../../src/cli/audit/page.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { VERSION } from '../../../src/version.ts';
import { aNamespace, allowDns, aPod, aPolicy, auditObjects, AUDIT_OPTIONS, CLUSTER, denyAll, TO_DNS } from '../../support/audit.ts';
import { isGolden } from '../../support/golden.ts';
import { memoryHost } from '../../support/host.ts';

const MANIFESTS = relative(process.cwd(), join(import.meta.dirname, 'manifests/audit')).replaceAll('\\', '/');
const OPTIONS = { top: 0, cluster: 'uid-of-kube-system', nowMs: AUDIT_OPTIONS.nowMs };

async function pageOf(...args: string[]): Promise<{ readonly code: number; readonly page: string; readonly err: string }> {
  const host = memoryHost();
  const code = await runProgram(['audit', '-f', MANIFESTS, '-o', 'html', ...args], host, [auditCommand]);
  return { code, page: host.out(), err: host.err() };
}

const baseline = (spec: object): Parameters<typeof auditObjects>[0][number] => ({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'default', uid: 'b', generation: 1 }, spec });
const generated = { 'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'app.kubernetes.io/part-of': 'namespace-policy-baseline', 'netbaseline.io/baseline': 'default', 'netbaseline.io/template': 'allow-dns' };

const WORLD = [
  ...CLUSTER, baseline({ ownerKey: 'team', exemptions: [{ namespace: 'old', reason: 'vendor <appliance>', expiresAt: '2026-07-01T00:00:00Z' }] }),
  aPolicy('shop/allow-dns', { podSelector: {}, policyTypes: ['Egress'], egress: [TO_DNS] }, generated),
  aNamespace('old', { team: 'ops' }), aPod('old/vm', {}),
  aNamespace('blog', { team: 'press' }), aPod('blog/web', {}), denyAll('blog'), allowDns('blog'), aPolicy('blog/allow-all', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] }),
];

describe('npb audit -o html', () => {
  it('is one file, with the exit code and the summary of any audit', async () => {
    const { code, page, err } = await pageOf();
    assert.equal(code, 1);
    assert.match(err, /^5 namespaces: 2 FAIL, 1 WARN, 2 OK\./m);
    assert.match(page, /^<!doctype html>[\s\S]*<\/html>\n$/);
    for (const name of ['blog', 'shop', 'mail', 'legacy', 'payments']) assert.ok(page.includes(`<h2><span class="soft">Namespace</span> ${name}</h2>`), name);
    assert.match(page, /1 system namespace; --include-system tells about them/);
    assert.match(page, /<p>5 namespaces: 2 FAIL, 1 WARN, 2 OK\. .*Score 62 of 100\./);
  });

  it('is bounded by --top, and says what is left out', async () => {
    const { page } = await pageOf('--top', '2');
    assert.equal([...page.matchAll(/<article /g)].length, 2);
    assert.match(page, /3 more namespaces not shown: --top 0 shows all of them/);
    assert.match(page, /<small>of 4 isolated<\/small>/); // counts are of all of them
  });

  it('is as it was', () => isGolden(join(import.meta.dirname, 'golden/audit/audit.html'), auditPage(auditObjects(WORLD), OPTIONS).replace(/<style>[\s\S]*?<\/style>/, '<style>…</style>').replaceAll(/sha256-[\w+/=]+/g, 'sha256-…').replaceAll(VERSION, 'VERSION')));

  it('names what overrides, whose it is, which baseline a policy is from, and when an exemption ends', () => {
    const page = auditPage(auditObjects(WORLD), OPTIONS);
    assert.match(page, /Through NetworkPolicy blog\/allow-all \(rule 0\)\./);
    assert.match(page, /<span class="name">allow-all<\/span>[\s\S]{0,400}opens egress/);
    assert.match(page, /<span class="name">allow-dns<\/span><small>NetworkPolicy<\/small><\/th><td role="cell" data-title="From">baseline <span class="name">default/);
    assert.match(page, /Owner <b>press<\/b>/);
    assert.match(page, /vendor &lt;appliance&gt;[\s\S]{0,200}2026-07-01 00:00 UTC/);
    assert.match(page, /cluster <span class="name">uid-of-kube-system/);
  });

  it('says nothing of states of baselines, nor of owners where no baseline asks for one', () => {
    const page = auditPage(auditObjects(CLUSTER), { ...OPTIONS, cluster: undefined });
    assert.doesNotMatch(page, /<h[23]>Baselines|Owner|cluster <span/);
  });

  it('tells what could not be read', () => {
    const page = auditPage(auditObjects(CLUSTER, { unread: [{ kind: 'Pod', why: 'pods: <forbidden>' }] }), OPTIONS);
    assert.match(page, /Not read<\/span><\/strong> Pod\. pods: &lt;forbidden&gt;/);
  });
});
