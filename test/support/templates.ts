/** Specs that scenarios use, as somebody would write them, and as the API server gives back what was generated. */
import type { Json } from './api.ts';

/** A template that lets namespaces with a label in. */
export const allowFrom = (name: string, team = 'platform'): Json => ({ name, networkPolicy: allowing(team) });

/** A template that lets pods out to namespaces with a label. */
export const allowTo = (name: string, team = 'platform'): Json => ({
  name, networkPolicy: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: { matchLabels: { team } } }] }] },
});

/** Spec of a policy that lets namespaces with a label in. */
export const allowing = (team: string): Json => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ namespaceSelector: { matchLabels: { team } } }] }] });

export const DEFAULT_DENY_SPEC: Json = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };
export const DENY_INGRESS_SPEC: Json = { podSelector: {}, policyTypes: ['Ingress'] };
export const DENY_EGRESS_SPEC: Json = { podSelector: {}, policyTypes: ['Egress'] };
export const ALLOW_DNS_SPEC: Json = {
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [{
    to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
    ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }],
  }],
};

/** Opens everything, in the directions that the policy isolates. */
export const WIDE_OPEN: Json = { ingress: [{}], egress: [{}] };
