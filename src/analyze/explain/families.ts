/**
 * Address families that count for `internet` and `metadata`: those that the cluster is known to use.
 *
 * While no pod has an address, which is so in every folder of manifests, also those in which policies may let more through
 * than in the others. So `denied` is never said for want of a question; IPv6 is not asked where nothing is about it.
 */
import { parseAddress } from '../../netpol/address.ts';
import type { Family } from '../../netpol/model.ts';
import type { Rule } from '../../netpol/rules.ts';
import type { World } from '../../netpol/world.ts';
import { at, itemsOf } from '../needs/fields.ts';
import { objectsOf, type Snapshot } from '../snapshot.ts';
import type { SnapshotWorld } from '../world.ts';

export function familiesUsed(snapshot: Snapshot, { namespaces, pods, nodes, serviceIps }: SnapshotWorld, world: World): readonly Family[] {
  const ips = [...pods.flatMap((pod) => pod.ips), ...nodes.flatMap((node) => node.ips), ...serviceIps, ...podRanges(snapshot)];
  const known = new Set([...ips.flatMap((ip) => parseAddress(ip)?.family ?? []), ...namedFamilies(snapshot)]);
  if (known.size === 0) known.add('IPv4');
  if (pods.every((pod) => pod.hostNetwork || pod.ips.length === 0)) for (const family of rulesIn(namespaces.map(({ name }) => name), world).flatMap(openedBy)) known.add(family);
  return [...known].sort();
}

/** Of each node, without the lengths of the prefixes. */
function podRanges(snapshot: Snapshot): string[] {
  return objectsOf(snapshot, 'Node').flatMap(({ object }) => itemsOf(at(object, 'spec', 'podCIDRs'))).map((range) => String(range).split('/')[0] ?? '');
}

/** By Services and the addresses behind them. */
function namedFamilies(snapshot: Snapshot): Family[] {
  const named = [
    ...objectsOf(snapshot, 'Service').flatMap(({ object }) => itemsOf(at(object, 'spec', 'ipFamilies'))), ...objectsOf(snapshot, 'EndpointSlice').map(({ object }) => object['addressType']),
  ];
  return named.filter((found) => found === 'IPv4' || found === 'IPv6');
}

function rulesIn(namespaces: readonly string[], world: World): Rule[] {
  const compiled = [...namespaces.flatMap((name) => world.policiesIn(name)), ...world.clusterPolicies].map((policy) => policy.compiled.rules);
  return compiled.flatMap(({ Ingress, Egress }) => [...Ingress, ...Egress]);
}

/** A range lets through in its own family; one that denies or passes on leaves the other one as it is. */
function openedBy({ action, peers }: Rule): Family[] {
  const families = peers === 'any' ? [] : peers.flatMap((peer) => (peer.kind === 'block' ? [peer.block.family] : []));
  return action === 'Allow' ? families : families.map((family) => (family === 'IPv4' ? 'IPv6' : 'IPv4'));
}
