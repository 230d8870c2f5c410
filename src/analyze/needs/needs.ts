/**
 * What must work, derived from the objects that say so. In an open cluster every pair of pods can talk; this is the
 * part of it that somebody asked for.
 */
import type { KindName } from '../../kube/kinds.ts';
import type { Snapshot } from '../snapshot.ts';
import { podsOf, type SnapshotPod } from '../world.ts';
import { apiClientNeeds } from './api-clients.ts';
import { catalogOf, type Catalog } from './catalog.ts';
import { dnsNeeds } from './dns.ts';
import { gatewayNeeds } from './gateway.ts';
import { ingressNeeds } from './ingress.ts';
import { NEED_KINDS, needText, type Finding, type Need, type Needs, type Unresolved } from './need.ts';
import { outsideNeeds } from './outside.ts';
import { referenceNeeds } from './references.ts';
import { scrapeNeeds } from './scrape.ts';
import { webhookNeeds } from './webhooks.ts';

/** What `needsOf` looks at. */
export const NEED_SOURCES = [
  'Namespace', 'Pod', 'Service', 'ServiceAccount', 'EndpointSlice', 'Ingress', 'IngressClass', 'Gateway', 'GatewayClass', 'HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute',
  'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'CustomResourceDefinition', 'APIService', 'ServiceMonitor', 'PodMonitor',
  'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding',
] as const satisfies readonly KindName[];

const READERS: readonly ((catalog: Catalog) => readonly Finding[])[] = [
  webhookNeeds, dnsNeeds, apiClientNeeds, ingressNeeds, gatewayNeeds, outsideNeeds, scrapeNeeds, referenceNeeds,
];

/** `pods` are those of this snapshot, where they are known already. */
export function needsOf(snapshot: Snapshot, pods: readonly SnapshotPod[] = podsOf(snapshot)): Needs {
  const catalog = catalogOf(snapshot, pods);
  const findings = READERS.flatMap((read) => read(catalog));
  const needs = findings.filter((finding): finding is Exclude<Finding, Unresolved> => !('problem' in finding));
  const unresolved = findings.filter((finding): finding is Unresolved => 'problem' in finding);
  return { needs: merged(needs), unresolved: distinct(unresolved).sort(byKindAndCause) };
}

/** The same connection for several reasons is one need, with the first of them. */
function merged(needs: readonly Omit<Need, 'alsoBecause'>[]): Need[] {
  const found = new Map<string, { need: Omit<Need, 'alsoBecause'>; count: number }>();
  for (const need of needs) {
    const text = `${String(rank(need)).padStart(2)} ${needText(need)}`;
    const known = found.get(text);
    if (known === undefined) found.set(text, { need, count: 1 });
    else known.count += 1;
  }
  return [...found].sort(([a], [b]) => compare(a, b)).map(([, { need, count }]) => ({ ...need, alsoBecause: count - 1 }));
}

function distinct(unresolved: readonly Unresolved[]): Unresolved[] {
  return [...new Map(unresolved.map((each) => [`${each.kind} ${each.problem} ${JSON.stringify(each.because)}`, each])).values()];
}

function byKindAndCause(a: Unresolved, b: Unresolved): number {
  return rank(a) - rank(b) || compare(a.problem, b.problem) || compare(`${a.because.namespace}/${a.because.name}`, `${b.because.namespace}/${b.because.name}`);
}

const rank = ({ kind }: Pick<Need, 'kind'>): number => NEED_KINDS.indexOf(kind);
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
