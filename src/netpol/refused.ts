/**
 * What an API server (1.36) says of a new NetworkPolicy that it does not take, by its own rules; and of the kinds of cluster
 * scope, by the rules of their CRDs.
 *
 * For manifests only: what is stored was taken once, by whatever rules there were then. Types are as
 * kube/manifest-shape.ts holds them. Must not: refuse what is merely odd.
 */
import { selectorProblem } from '../api/selector.ts';
import { isPortName } from '../api/network-policy.ts';
import { cidrProblem, exceptProblem } from './refused-range.ts';
import type { StoredBlock, StoredNetworkPolicySpec, StoredPeer, StoredPort, StoredRule, StoredSelector } from './stored.ts';

export type RefusalPath = readonly (string | number)[];
export interface Refusal {
  /** Of the object. */
  readonly path: RefusalPath;
  /** Names the value and what is wrong with it, without a full stop. */
  readonly message: string;
}

type Maybe<T> = T | null | undefined;

/** Empty where the API server takes it. */
export function networkPolicyRefusals(spec: StoredNetworkPolicySpec): Refusal[] {
  const at = ['spec'];
  return [
    ...selectorRefusals(spec.podSelector, [...at, 'podSelector']),
    ...typeRefusals(spec.policyTypes ?? [], [...at, 'policyTypes']),
    ...listOf(spec.ingress).flatMap((rule, index) => ruleRefusals(rule ?? {}, 'from', [...at, 'ingress', index])),
    ...listOf(spec.egress).flatMap((rule, index) => ruleRefusals(rule ?? {}, 'to', [...at, 'egress', index])),
  ];
}

export const listOf = <T>(list: Maybe<readonly T[]>): readonly T[] => list ?? [];
export const isThere = <T>(value: Maybe<T>): value is T => value !== null && value !== undefined;
export const refusalIf = (isBad: boolean, path: RefusalPath, message: string): Refusal[] => (isBad ? [{ path, message }] : []);

const TYPES: readonly string[] = ['Ingress', 'Egress'];
const PROTOCOLS: readonly string[] = ['TCP', 'UDP', 'SCTP'];
const LAST_PORT = 65_535;

function typeRefusals(types: readonly string[], path: RefusalPath): Refusal[] {
  if (types.length > 2) return [{ path, message: `policyTypes has ${types.length} entries, and may have two` }];
  return types.flatMap((type, index) => refusalIf(!TYPES.includes(type), [...path, index], `${JSON.stringify(type)} is no policy type: Ingress or Egress`));
}

function ruleRefusals(rule: StoredRule, key: 'from' | 'to', path: RefusalPath): Refusal[] {
  return [
    ...listOf(rule[key]).flatMap((peer, index) => peerRefusals(peer ?? {}, [...path, key, index])),
    ...listOf(rule.ports).flatMap((port, index) => portRefusals(port ?? {}, [...path, 'ports', index])),
  ];
}

function peerRefusals({ podSelector, namespaceSelector, ipBlock }: StoredPeer, path: RefusalPath): Refusal[] {
  const selectors = [podSelector, namespaceSelector].filter(isThere).length;
  return [
    ...refusalIf(selectors === 0 && !isThere(ipBlock), path, 'a peer must have a podSelector, a namespaceSelector or an ipBlock'),
    ...refusalIf(selectors > 0 && isThere(ipBlock), [...path, 'ipBlock'], 'ipBlock may not be beside a podSelector or namespaceSelector in one peer'),
    ...selectorRefusals(podSelector, [...path, 'podSelector']), ...selectorRefusals(namespaceSelector, [...path, 'namespaceSelector']),
    ...isThere(ipBlock) ? blockRefusals(ipBlock, [...path, 'ipBlock']) : [],
  ];
}

function blockRefusals({ cidr, except }: StoredBlock, path: RefusalPath): Refusal[] {
  const problem = cidrProblem(cidr);
  if (problem !== undefined) return [{ path: [...path, 'cidr'], message: problem }];
  return listOf(except).flatMap((each, index) => {
    const bad = cidrProblem(each) ?? exceptProblem(each, cidr);
    return bad === undefined ? [] : [{ path: [...path, 'except', index], message: bad }];
  });
}

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= LAST_PORT;

function portRefusals({ protocol, port, endPort }: StoredPort, path: RefusalPath): Refusal[] {
  return [
    ...refusalIf(isThere(protocol) && !PROTOCOLS.includes(protocol), [...path, 'protocol'], `${JSON.stringify(protocol)} is no protocol: TCP, UDP or SCTP`),
    ...isThere(port) ? valueRefusals(port, [...path, 'port']) : [],
    ...isThere(endPort) ? endRefusals(port, endPort, [...path, 'endPort']) : [],
  ];
}

function valueRefusals(port: number | string, path: RefusalPath): Refusal[] {
  if (typeof port === 'number') return refusalIf(!isPort(port), path, `${port} is no port: 1 to ${LAST_PORT}`);
  const hint = /^\d+$/.test(port) ? ' (a number stands without quotes)' : ': lower-case letters, digits and hyphens, at most 15, one of them a letter';
  return refusalIf(!isPortName(port), path, `${JSON.stringify(port)} is no name of a port${hint}`);
}

function endRefusals(port: Maybe<number | string>, endPort: number, path: RefusalPath): Refusal[] {
  if (typeof port !== 'number') return [{ path, message: 'endPort needs a port that is a number' }];
  if (!isPort(endPort)) return [{ path, message: `${endPort} is no port: 1 to ${LAST_PORT}` }];
  return refusalIf(endPort < port, path, `endPort ${endPort} is less than port ${port}`);
}

function selectorRefusals(selector: Maybe<StoredSelector>, path: RefusalPath): Refusal[] {
  const expressions = listOf(selector?.matchExpressions).map((each) => each ?? { key: '', operator: '' });
  const problem = selectorProblem({ matchLabels: { ...selector?.matchLabels }, matchExpressions: expressions.map(({ key, operator, values }) => ({ key, operator: operator as 'In', values: [...values ?? []] })) });
  return [
    ...problem === undefined ? [] : [{ path, message: problem }],
    ...expressions.flatMap(({ operator, values }, index) => {
      const [isSet, count] = [operator === 'In' || operator === 'NotIn', listOf(values).length];
      return refusalIf(isSet !== count > 0, [...path, 'matchExpressions', index], isSet ? `${operator} needs values` : `${operator} takes no values`);
    }),
  ];
}
