/**
 * What makes the API server refuse a policy and the CRD schema cannot say.
 *
 * Found before anything is sent: the template is reported in TemplatesValid, and the policy that
 * is in place stays as it is.
 */
import { isPortName, type NetworkPolicySpec, type Peer, type Port } from '../api/network-policy.ts';
import type { PolicyTemplate } from '../api/v1alpha1.ts';
import { isRange, isWithin } from './cidr.ts';
import { selectorProblem } from '../api/selector.ts';

export function templateProblem(spec: NetworkPolicySpec): string | undefined {
  const selected = selectorProblem(spec.podSelector);
  if (selected !== undefined) return `podSelector: ${selected}`;
  for (const [index, rule] of (spec.ingress ?? []).entries()) {
    const problem = peersProblem('from', rule.from) ?? portsProblem(rule.ports);
    if (problem !== undefined) return `ingress[${index}].${problem}`;
  }
  for (const [index, rule] of (spec.egress ?? []).entries()) {
    const problem = peersProblem('to', rule.to) ?? portsProblem(rule.ports);
    if (problem !== undefined) return `egress[${index}].${problem}`;
  }
  return undefined;
}

/** Said by the CRD too; here again, since a rule whose from or to was lost on the way would open a direction everywhere. */
export function anyPeerProblem({ allowAnyPeer = false, networkPolicy: { ingress = [], egress = [] } }: Pick<PolicyTemplate, 'allowAnyPeer' | 'networkPolicy'>): string | undefined {
  if (allowAnyPeer) return undefined;
  const inward = ingress.findIndex(({ from = [] }) => from.length === 0);
  const outward = egress.findIndex(({ to = [] }) => to.length === 0);
  if (inward !== -1) return `ingress[${inward}] has no from and would allow every source; set allowAnyPeer: true if that is meant`;
  return outward === -1 ? undefined : `egress[${outward}] has no to and would allow every destination; set allowAnyPeer: true if that is meant`;
}

export function peersProblem(field: string, peers: readonly Peer[] | undefined): string | undefined {
  for (const [index, peer] of (peers ?? []).entries()) {
    const problem = selectorProblem(peer.podSelector) ?? selectorProblem(peer.namespaceSelector) ?? blockProblem(peer.ipBlock);
    if (problem !== undefined) return `${field}[${index}]: ${problem}`;
  }
  return undefined;
}

export function portsProblem(ports: readonly Port[] | undefined): string | undefined {
  for (const [index, { port }] of (ports ?? []).entries()) {
    if (typeof port === 'string' && !isPortName(port)) {
      return `ports[${index}]: "${port}" cannot be the name of a port (at most 15 of a-z, 0-9 and -, with a letter)`;
    }
  }
  return undefined;
}

function blockProblem(block: Peer['ipBlock']): string | undefined {
  if (block === undefined) return undefined;
  const bad = [block.cidr, ...(block.except ?? [])].find((range) => !isRange(range));
  if (bad !== undefined) return `${bad} is not an address range with no bits set past its prefix, such as 10.0.0.0/8`;
  const outside = block.except?.find((except) => !isWithin(except, block.cidr));
  return outside === undefined ? undefined : `except ${outside} does not lie in ${block.cidr}`;
}
