/**
 * Lets every pod reach the cluster's DNS: UDP and TCP, since answers over 512 bytes come by TCP.
 *
 * The label `kubernetes.io/metadata.name` is set by the API server and cannot be forged by a tenant.
 */
import type { NetworkPolicySpec, Peer, Port } from '../../api/network-policy.ts';
import type { BaselineSpec } from '../../api/v1alpha1.ts';

const CLUSTER_DNS: readonly Peer[] = [{
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
}];
const DNS_PORTS: readonly Port[] = [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }];

export function allowDns({ peers, ports }: Pick<BaselineSpec['dns'], 'peers' | 'ports'>): NetworkPolicySpec {
  const to = peers.length > 0 ? peers : CLUSTER_DNS;
  return {
    podSelector: {},
    policyTypes: ['Egress'],
    ingress: [],
    egress: [{ to: [...to], ports: [...(ports.length > 0 ? ports : DNS_PORTS)] }],
  };
}
