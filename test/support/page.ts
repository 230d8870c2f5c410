/** Facts for pages: a small cluster in which everything occurs, one that means harm, and a large one. */
import { DIRECTIONS, type Direction } from '../../src/api/network-policy.ts';
import type { AttentionFacts, DirectionFacts, Glance, NamespaceDetail, Overview, PageHead } from '../../src/page/model.ts';
import { EVERYTHING, type Filter } from '../../src/page/query.ts';
import { createSelector, type Selection } from '../../src/page/selection.ts';

export const AT_MS = Date.parse('2026-06-01T10:00:00Z');

export const HEAD: PageHead = { kind: 'operator', cluster: '6b1f0c52-8f0e-4c0a-9a3e-0c1a2b3c4d5e', from: 'replica npb-0', version: '0.1.0', atMs: AT_MS, notices: [] };

const CLASSES: Readonly<Record<Glance, string | undefined>> = {
  overridden: 'allow-all', open: 'open', unprotected: undefined, unknown: 'unknown', audited: 'open', protected: undefined, isolated: 'restricted', exempt: 'open', excluded: 'open',
};
const DENIED: ReadonlySet<Glance> = new Set(['overridden', 'protected', 'isolated']);

export function aDirection(glance: Glance, why?: string): DirectionFacts {
  return { glance, denied: DENIED.has(glance), class: CLASSES[glance], why };
}

export interface NamespaceParts extends Partial<Omit<NamespaceDetail, 'directions'>> { readonly ingress?: DirectionFacts; readonly egress?: DirectionFacts }

export function aNamespacePage(name: string, { ingress = aDirection('isolated'), egress = aDirection('isolated'), ...more }: NamespaceParts = {}): NamespaceDetail {
  return {
    name, owner: '', attention: undefined, directions: { Ingress: ingress, Egress: egress }, exemptions: [], policies: [], findings: undefined, figures: [],
    baselines: [{ baseline: 'default', state: 'protected', reason: 'InPlace', message: '', enforced: DIRECTIONS }], ...more,
  };
}

const attention = (rank: number, reason: string, message: string): AttentionFacts => ({ tone: rank < 5 ? 'bad' : 'warn', rank, reason, message });
const policy = (name: string, directions: readonly Direction[], baseline?: string) => ({ kind: 'NetworkPolicy', name, directions, baseline, note: '', tone: undefined });

/** One of each kind. */
export const NAMESPACES: readonly NamespaceDetail[] = [
  aNamespacePage('search', {
    owner: 'find', egress: aDirection('overridden', 'Open to everybody (allow-all) through NetworkPolicy allow-all (rule 0).'),
    attention: attention(3, 'Overridden', 'egress is open to everybody (allow-all) through NetworkPolicy allow-all (rule 0)'),
    policies: [policy('allow-all', ['Egress']), policy('allow-dns', ['Egress'], 'default'), policy('default-deny', DIRECTIONS, 'default')],
  }),
  aNamespacePage('payments', {
    owner: 'money', attention: attention(1, 'QuotaExceeded', 'default-deny: a ResourceQuota leaves no room for it, raise that'), ingress: aDirection('open'), egress: aDirection('open'),
    baselines: [{ baseline: 'default', state: 'failed', reason: 'QuotaExceeded', message: 'default-deny: a ResourceQuota leaves no room for it, raise that', enforced: DIRECTIONS }],
  }),
  aNamespacePage('cilium-lab', { egress: aDirection('unknown', 'CiliumNetworkPolicy lab is not evaluated.'), owner: 'net' }),
  aNamespacePage('legacy-app', {
    owner: 'ops', ingress: aDirection('exempt', 'vendor appliance, ticket NET-12'), egress: aDirection('isolated'),
    exemptions: [{ baseline: 'default', target: 'legacy-app', directions: ['Ingress'], reason: 'vendor appliance, ticket NET-12', expiresAtMs: Date.parse('2026-07-01T00:00:00Z') }],
  }),
  aNamespacePage('attic', { ingress: aDirection('unprotected') }),
  aNamespacePage('canary', { ingress: aDirection('audited'), egress: aDirection('protected'), owner: 'find' }),
  aNamespacePage('kube-system', { ingress: aDirection('excluded'), egress: aDirection('excluded') }),
  aNamespacePage('cart', { owner: 'web' }), aNamespacePage('shop', { owner: 'web' }), aNamespacePage('mail', { owner: 'web' }), aNamespacePage('reports', { owner: 'money' }),
];

/** Markup, quotes, script addresses, closing tags, and characters that turn the direction of writing. */
export const HOSTILE = [
  '<script>document.title="owned"</script>', '"><img src=x onerror=document.title="owned">', "' onmouseover='document.title=1", '</style><script>document.title="owned"</script>',
  'javascript:document.title="owned"', '</title></head>', '&lt;b&gt;', '${1+1}', '\u202egnp.exe\u2066', 'a\u0000b\r\nSet-Cookie: x=1', '--><svg onload=document.title="owned">', `https://example.test/${'x'.repeat(300)}`,
] as const;

/** Hostile wherever a text can be. */
export function hostileNamespace(text: string): NamespaceDetail {
  const direction: DirectionFacts = { glance: 'overridden', denied: true, class: text, why: text };
  return {
    name: text, owner: text, attention: { tone: 'bad', rank: 0, reason: text, message: text }, directions: { Ingress: direction, Egress: direction },
    baselines: [{ baseline: text, state: text, reason: text, message: text, enforced: DIRECTIONS }],
    exemptions: [{ baseline: text, target: text, directions: DIRECTIONS, reason: text, expiresAtMs: AT_MS - 1 }],
    policies: [{ kind: text, name: text, baseline: text, directions: DIRECTIONS, note: text, tone: 'bad' }],
    findings: [{ level: text, tone: 'bad', id: text, message: text, fix: text, where: text }], figures: [[text, text]],
  };
}

export const hostileHead = (text: string, kind: PageHead['kind']): PageHead =>
  ({ kind, cluster: text, from: text, version: text, atMs: AT_MS, notices: [{ tone: 'bad', title: text, text }] });

export function overviewOf(namespaces: readonly NamespaceDetail[], filter: Partial<Filter> = {}, limit = 100): { overview: Overview; selection: Selection; filter: Filter } {
  const whole = { ...EVERYTHING, ...filter };
  const selector = createSelector(whole, limit);
  for (const namespace of namespaces) selector.add(namespace);
  const exemptions = namespaces.flatMap((namespace) => namespace.exemptions);
  return {
    filter: whole, selection: selector.selected(),
    overview: {
      ...selector.counts(), isolationKnown: true, exemptions, moreExemptions: 0,
      baselines: [{ name: namespaces[0]?.baselines?.[0]?.baseline ?? 'default', modes: { Ingress: 'Enforce', Egress: 'Enforce' }, protected: '8/9', isolated: '7/9', remarks: [{ tone: 'warn', title: 'Drifted', text: namespaces[0]?.attention?.message ?? 'one' }] }],
    },
  };
}

const opened = (direction: 'ingress' | 'egress', by: string): AttentionFacts => attention(3, 'Overridden', `${direction} is open to everybody (allow-all) through NetworkPolicy ${by} (rule 0)`);

/** What the documentation shows: a platform team on an ordinary day. */
export const SHOWN: readonly NamespaceDetail[] = [
  ...NAMESPACES.slice(0, 2),
  aNamespacePage('checkout', { owner: 'web', ingress: aDirection('overridden'), attention: opened('ingress', 'tmp-debug') }),
  aNamespacePage('tracing', {
    owner: 'sre', attention: attention(6, 'Outdated', 'default-deny is not up to date yet'),
    baselines: [{ baseline: 'default', state: 'pending', reason: 'Outdated', message: '', enforced: DIRECTIONS }],
  }),
  ...NAMESPACES.slice(2), ...['ledger', 'search-index', 'warehouse', 'cert-manager', 'monitoring'].map((name, index) => aNamespacePage(name, { owner: ['money', 'find', 'web', 'sre', 'sre'][index] ?? '' })),
];
