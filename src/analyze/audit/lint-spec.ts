/**
 * Mistakes that one policy shows by itself, whatever is around it: what is written is not what was meant.
 *
 * Reads the spec as it was written or stored. An API server stores `from:` with nothing under it as a rule without
 * `from`, and fills in policyTypes: what shows such a mistake is there only in manifests.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import { policyTypesOf } from '../../netpol/compile-network-policy.ts';
import { compileSelector } from '../../netpol/compile-selector.ts';
import { EVERYTHING } from '../../netpol/cube.ts';
import type { StoredNetworkPolicySpec, StoredPeer, StoredRule, StoredSelector } from '../../netpol/stored.ts';
import type { Draft } from './finding.ts';
import { PEERS_OF, RULES_OF } from './text.ts';

/** A rule of an isolated direction, with where it stands. */
export interface PlacedRule { readonly direction: Direction; readonly index: number; readonly rule: StoredRule | null | undefined; readonly path: readonly (string | number)[] }

/** Rules that count: those of directions that the policy is for. */
export function rulesIn(spec: StoredNetworkPolicySpec): PlacedRule[] {
  const types = policyTypesOf(spec);
  return DIRECTIONS.filter((direction) => types.has(direction))
    .flatMap((direction) => (spec[RULES_OF[direction]] ?? []).map((rule, index) => ({ direction, index, rule, path: ['spec', RULES_OF[direction], index] })));
}

export function peersOf({ direction, rule }: PlacedRule): readonly (StoredPeer | null | undefined)[] {
  return rule?.[PEERS_OF[direction]] ?? [];
}

export function selectsAll(selector: StoredSelector | null | undefined): boolean {
  return compileSelector(selector).cube === EVERYTHING;
}

export function lintSpec(spec: StoredNetworkPolicySpec): Draft[] {
  const rules = rulesIn(spec);
  return [...rules.flatMap(emptyPeers), ...rules.flatMap(withoutPorts), ...inertRules(spec), ...typesSurprise(spec)];
}

/** `from:` with nothing under it, an empty list, or a key that is none: all of these let everybody through. */
function emptyPeers({ direction, rule, path }: PlacedRule): Draft[] {
  const key = PEERS_OF[direction];
  const found = rule === null || rule === undefined ? { place: path, what: 'the rule has nothing in it' } : emptyIn(rule, key, path);
  if (found === undefined) return [];
  const effect = direction === 'Ingress' ? 'everybody in' : 'traffic out to everywhere';
  return [{
    id: 'empty-from', level: 'FAIL', path: found.place, direction,
    message: `${found.what}, which lets ${effect}`,
    fix: `put the peers that you mean under ${key}, or remove the rule: no rule at all lets nothing through`,
  }];
}

function emptyIn(rule: StoredRule, key: 'from' | 'to', path: PlacedRule['path']): { place: PlacedRule['path']; what: string } | undefined {
  if (Object.hasOwn(rule, key)) {
    const peers = rule[key] ?? [];
    return peers.length > 0 ? undefined : { place: [...path, key], what: `${key} has nothing under it` };
  }
  const other = Object.keys(rule).find((name) => name !== 'ports');
  return other === undefined ? undefined : { place: [...path, other], what: `${JSON.stringify(other)} is no field of this rule and will be dropped, so ${key} is missing` };
}

function withoutPorts(placed: PlacedRule): Draft[] {
  const { direction, rule, path } = placed;
  const peers = peersOf(placed);
  if (rule === null || rule === undefined || (rule.ports ?? []).length > 0) return [];
  if (Object.hasOwn(rule, 'ports')) {
    return [{ id: 'rule-without-ports', level: 'WARN', path: [...path, 'ports'], direction, message: 'ports has nothing under it, which allows every port', fix: 'list the ports that you mean, or leave ports out if every port is meant' }];
  }
  if (peers.length === 0) return [];
  return [{ id: 'rule-without-ports', level: 'INFO', path, direction, message: 'the rule names no ports, so it allows every port', fix: 'list the ports that are needed' }];
}

function inertRules(spec: StoredNetworkPolicySpec): Draft[] {
  const types = policyTypesOf(spec);
  return DIRECTIONS.filter((direction) => !types.has(direction) && (spec[RULES_OF[direction]] ?? []).length > 0).map((direction) => ({
    id: 'inert-rules', level: 'WARN', path: ['spec', RULES_OF[direction]], direction,
    message: `${RULES_OF[direction]} rules have no effect: policyTypes does not list ${direction}`,
    fix: `add ${direction} to policyTypes, or remove the ${RULES_OF[direction]} rules`,
  }));
}

/** Without policyTypes a policy is always for ingress, and for egress only where there is an egress rule. */
function typesSurprise({ policyTypes, ingress, egress }: StoredNetworkPolicySpec): Draft[] {
  if ((policyTypes ?? []).length > 0) return [];
  const base = { id: 'policytypes-surprise', level: 'WARN', path: ['spec'] } as const;
  if ((egress ?? []).length > 0 && (ingress ?? []).length === 0) {
    return [{ ...base, direction: 'Ingress', message: 'policyTypes is missing, so this policy with egress rules only also denies all ingress', fix: 'add policyTypes: [Egress], or [Ingress, Egress] if that is meant' }];
  }
  if (egress !== undefined && egress !== null && egress.length === 0) {
    return [{ ...base, direction: 'Egress', message: 'policyTypes is missing, so the empty egress list denies nothing', fix: 'add Egress to policyTypes' }];
  }
  return [];
}
