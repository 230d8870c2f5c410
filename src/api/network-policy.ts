/**
 * `networking.k8s.io/v1` NetworkPolicySpec in its wire shape (`from`, never `_from`), as zod schemas:
 * the CRD embeds them, the operator parses with them, and every policy in the program has these types.
 *
 * Limits (items, lengths) come from the CEL cost estimate of a real API server: see docs/decisions.
 */
import { z } from 'zod';
import { cel } from './schema.ts';

export const DIRECTIONS = ['Ingress', 'Egress'] as const;
export type Direction = (typeof DIRECTIONS)[number];

const LABEL_KEY_LENGTH = 317; // 253 of a prefix, a slash, 63 of a name
const LABEL_VALUE_LENGTH = 63;

const matchExpression = z.object({
  key: z.string().min(1).max(LABEL_KEY_LENGTH).describe('Label key that the requirement applies to.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string().max(LABEL_VALUE_LENGTH)).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
}).meta(cel(
  {
    rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
    message: 'In and NotIn need values; Exists and DoesNotExist take none',
  },
));

export const labelSelector = z.object({
  matchLabels: z.record(z.string(), z.string().max(LABEL_VALUE_LENGTH)).meta({ maxProperties: 16 }).optional(),
  matchExpressions: z.array(matchExpression).max(4).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
}).meta({ 'x-kubernetes-map-type': 'atomic' });
export type LabelSelector = z.infer<typeof labelSelector>;

const cidr = z.string().min(1).max(49).meta({ format: 'cidr' });

const ipBlock = z.object({
  cidr: cidr.describe('Address range, for example 10.0.0.0/8 or 2001:db8::/32.'),
  except: z.array(cidr).max(64).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
}).meta(cel(
  {
    rule: 'isCIDR(self.cidr) && cidr(self.cidr) == cidr(self.cidr).masked()',
    message: 'cidr must be an address range with no bits set past its prefix, such as 10.0.0.0/8',
  },
));

export const peer = z.object({
  podSelector: labelSelector.optional(),
  namespaceSelector: labelSelector.optional(),
  ipBlock: ipBlock.optional(),
}).meta({
  minProperties: 1,
  ...cel(
    {
      rule: 'has(self.podSelector) || has(self.namespaceSelector) || has(self.ipBlock)',
      message: 'a peer needs a podSelector, a namespaceSelector or an ipBlock: an empty one would allow every source or destination',
    },
    {
      rule: '!has(self.ipBlock) || (!has(self.podSelector) && !has(self.namespaceSelector))',
      message: 'ipBlock cannot be combined with podSelector or namespaceSelector in one peer',
    },
  ),
});
export type Peer = z.infer<typeof peer>;

export const port = z.object({
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional().describe('TCP when absent.'),
  port: z.union([z.int32(), z.string().max(63)]).meta({ 'x-kubernetes-int-or-string': true }).optional()
    .describe('Port number or the name of a container port; every port when absent.'),
  endPort: z.int32().min(1).max(65535).optional(),
}).meta(cel(
  {
    rule: '!has(self.port) || type(self.port) == string || (int(self.port) >= 1 && int(self.port) <= 65535)',
    message: 'port must be between 1 and 65535, or the name of a container port',
  },
  {
    rule: '!has(self.endPort) || (has(self.port) && type(self.port) == int && int(self.port) <= self.endPort)',
    message: 'endPort needs a numeric port that is not greater than it',
  },
));
export type Port = z.infer<typeof port>;

const peers = z.array(peer).min(1).max(64).meta({ 'x-kubernetes-list-type': 'atomic' });
const ports = z.array(port).min(1).max(32).meta({ 'x-kubernetes-list-type': 'atomic' });

export const ingressRule = z.object({ from: peers.optional(), ports: ports.optional() });
export const egressRule = z.object({ to: peers.optional(), ports: ports.optional() });
export type IngressRule = z.infer<typeof ingressRule>;
export type EgressRule = z.infer<typeof egressRule>;

export const networkPolicySpec = z.object({
  podSelector: labelSelector.describe('Pods that the policy applies to; {} is every pod of the namespace.'),
  policyTypes: z.array(z.enum(DIRECTIONS)).min(1).max(2).meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Directions that the policy isolates. Required: what a policy means must not depend on defaulting.'),
  ingress: z.array(ingressRule).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
  egress: z.array(egressRule).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional(),
}).meta(cel(
  {
    rule: "!has(self.ingress) || size(self.ingress) == 0 || 'Ingress' in self.policyTypes",
    message: 'ingress rules have no effect unless policyTypes contains Ingress',
  },
  {
    rule: "!has(self.egress) || size(self.egress) == 0 || 'Egress' in self.policyTypes",
    message: 'egress rules have no effect unless policyTypes contains Egress',
  },
));
export type NetworkPolicySpec = z.infer<typeof networkPolicySpec>;
