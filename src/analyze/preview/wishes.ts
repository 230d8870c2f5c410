/**
 * What a policy would have to allow so that a need is met: one wish for each side that blocks it, and the policy that
 * it would go into together with others of its sort.
 *
 * Flows of the platform share a policy per sort, for all pods of the namespaces in question: their other end is the
 * platform's own. Flows of applications get one each, and are put together only where there are too many.
 */
import type { Direction, LabelSelector, Peer } from '../../api/network-policy.ts';
import type { Protocol } from '../../netpol/model.ts';
import type { Need, NeedKind, Party } from '../needs/need.ts';
import { namespacePeer, peersOf, podSelectorOf } from './selectors.ts';

export interface Wish {
  /** Wishes of equal groups go into one policy. */
  readonly group: string;
  /** Of that policy, before it is made unique. */
  readonly name: string;
  readonly direction: Direction;
  /** Whose pods are governed. */
  readonly namespace: string;
  readonly podSelector: LabelSelector;
  readonly peers: readonly Peer[];
  /** Absent: every port. */
  readonly port: { readonly port: number; readonly protocol: Protocol } | undefined;
  readonly need: Need;
}

const EVERY_POD: LabelSelector = {};

/**
 * How flows of applications are put together: each by itself; all to one target, from whole namespaces; or besides, all
 * inside of a namespace.
 */
export const WIDTHS = ['pair', 'target', 'namespace'] as const;
export type Width = (typeof WIDTHS)[number];

/** `undefined` where that side is no pod. */
export function wishFor(need: Need, direction: Direction, width: Width): Wish | undefined {
  const [own, other] = direction === 'Egress' ? [need.from, need.to] : [need.to, need.from];
  if (own.kind !== 'pods') return undefined;
  const base = { direction, namespace: own.namespace, need };
  const port = { port: need.port, protocol: need.protocol };
  const shared = SHARED[need.kind][direction]?.(need);
  if (shared !== undefined) {
    const isSource = direction === 'Egress' && need.kind !== 'DNS' && need.kind !== 'API server';
    return { ...base, group: `${shared} ${direction}`, name: shared, podSelector: isSource ? podSelectorOf(own) : EVERY_POD, peers: sharedPeers(need, direction, isSource), port };
  }
  if (width !== 'pair' && need.kind === 'service') return wideWish(base, width, port);
  const name = need.kind === 'outside' ? `allow-outside-to-${shortName(own)}` : `allow-${shortName(own)}-${direction === 'Egress' ? 'to' : 'from'}-${shortName(other)}`;
  return { ...base, group: `${name} ${direction} ${own.name} ${other.name}`, name, podSelector: podSelectorOf(own), peers: peersOf(other), port };
}

/** Names of the policies that needs of the platform share, by the side that is governed; the rest has one of its own. */
const SHARED: Readonly<Record<NeedKind, Partial<Record<Direction, (need: Need) => string>>>> = {
  'admission webhook': { Ingress: () => 'allow-webhooks' },
  'conversion webhook': { Ingress: () => 'allow-webhooks' },
  'API service': { Ingress: () => 'allow-api-services' },
  DNS: { Egress: () => 'allow-cluster-dns', Ingress: () => 'allow-dns-queries' },
  'API server': { Egress: () => 'allow-kube-api' },
  ingress: { Ingress: ({ from }) => `allow-from-${placeOf(from)}`, Egress: ({ from }) => `allow-${placeOf(from)}-backends` },
  gateway: { Ingress: ({ from }) => `allow-from-${placeOf(from)}`, Egress: ({ from }) => `allow-${placeOf(from)}-backends` },
  outside: {},
  scrape: { Ingress: () => 'allow-monitoring', Egress: () => 'allow-scrapes' },
  service: {},
};

/** Of a source that reaches many namespaces, those as a whole; whoever asks for DNS: every pod does. */
function sharedPeers(need: Need, direction: Direction, isSource: boolean): readonly Peer[] {
  const other = direction === 'Egress' ? need.to : need.from;
  if (need.kind === 'DNS' && direction === 'Ingress') return [{ namespaceSelector: {} }];
  return isSource && other.kind === 'pods' ? [namespacePeer(other.namespace)] : peersOf(other);
}

function wideWish(base: Pick<Wish, 'direction' | 'namespace' | 'need'>, width: Width, port: Wish['port']): Wish {
  const { direction, need: { from, to } } = base;
  const isInside = from.kind === 'pods' && to.kind === 'pods' && from.namespace === to.namespace;
  if (width === 'namespace' && isInside) return { ...base, group: `same namespace ${direction}`, name: 'allow-same-namespace', podSelector: EVERY_POD, peers: [{ podSelector: {} }], port: undefined };
  const target = { ...base, group: `${direction} ${to.name}`, port };
  if (direction === 'Egress') return { ...target, name: `allow-to-${shortName(to)}`, podSelector: EVERY_POD, peers: peersOf(to) };
  const source = from.kind === 'pods' ? [namespacePeer(from.namespace)] : peersOf(from);
  return { ...target, name: `allow-clients-of-${shortName(to)}`, podSelector: to.kind === 'pods' ? podSelectorOf(to) : EVERY_POD, peers: source };
}

/** What the platform's own are known by: their namespace. */
function placeOf(party: Party): string {
  return party.kind === 'pods' ? party.namespace : shortName(party);
}

/** `orders` of `Service shop/orders`, as part of the name of a policy. */
function shortName({ name }: Party): string {
  const [last = ''] = name.split('/').slice(-1);
  return last.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'x';
}
