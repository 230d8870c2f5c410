/** Isolates every pod of the namespace in the given directions; both lists are sent, so that nothing is defaulted. */
import type { Direction, NetworkPolicySpec } from '../../api/network-policy.ts';

export function defaultDeny(directions: readonly Direction[]): NetworkPolicySpec {
  return { podSelector: {}, policyTypes: [...directions], ingress: [], egress: [] };
}
