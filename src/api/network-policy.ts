/**
 * `networking.k8s.io/v1` NetworkPolicySpec in its wire shape (`from`, never `_from`), as zod schemas:
 * the CRD embeds them, the operator parses with them, and every policy in the program has these types.
 *
 * The limits on items come from the API server's estimate of what rules cost, which multiplies the limits of nested
 * lists. Measured on 1.36.3: the dearest rule (on matchExpressions of peers) takes 0.52 of what one rule may cost, all
 * together 0.33 of the whole budget. A rule over every `except` would take 28.6 times what one may.
 */
import { z } from 'zod';
import { cel, type CelRule } from './schema.ts';

export const DIRECTIONS = ['Ingress', 'Egress'] as const;
export type Direction = (typeof DIRECTIONS)[number];

const LABEL_KEY_LENGTH = 317; // 253 of a prefix, a slash, 63 of a name
const LABEL_VALUE_LENGTH = 63;
const LABEL_NAME = '[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?';
/** Key of a label or annotation; its parts have limits of their own, which the operator checks. */
export const LABEL_KEY = `([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?${LABEL_NAME}`;

export const labelKey = z.string().min(1).max(LABEL_KEY_LENGTH).regex(new RegExp(`^${LABEL_KEY}$`));
const labelValue = z.string().max(LABEL_VALUE_LENGTH).regex(new RegExp(`^(${LABEL_NAME})?$`));

const matchExpression = z.object({
  key: labelKey.describe('Label key that the requirement applies to.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('In and NotIn compare with values; Exists and DoesNotExist look at the key alone.'),
  values: z.array(labelValue).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional().describe('For In and NotIn.'),
}).meta(cel(
  {
    rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
    message: 'In and NotIn need values; Exists and DoesNotExist take none',
  },
));

const matchLabels = z.record(z.string(), labelValue).meta({
  maxProperties: 16,
  ...cel({
    // A schema cannot check the keys of a map; the operator does. This one never reaches it, as parsers of JavaScript
    // drop it, and the selector would silently match more.
    rule: "!('__proto__' in self)",
    message: 'label key "__proto__" cannot exist',
  }),
});

export const labelSelector = z.object({
  matchLabels: matchLabels.optional().describe('Labels that must all be there with these values.'),
  matchExpressions: z.array(matchExpression).max(4).meta({ 'x-kubernetes-list-type': 'atomic' }).optional()
    .describe('Requirements that must all hold.'),
}).meta({ 'x-kubernetes-map-type': 'atomic' });
export type LabelSelector = z.infer<typeof labelSelector>;

/**
 * A pattern, not `format: cidr`: beside a format the API server (1.36.3) lets a list pass for a string.
 * What it cannot say of an IPv6 address is left to CEL, or to the operator where a rule would cost too much.
 */
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4_RANGE = `(${OCTET}\\.){3}${OCTET}/(3[0-2]|[12]?[0-9])`;
const IPV6_RANGE = '[0-9a-fA-F:.]*:[0-9a-fA-F:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])';
const cidr = z.string().min(1).max(49).regex(new RegExp(`^(${IPV4_RANGE}|${IPV6_RANGE})$`));

const MASKED: CelRule = {
  rule: 'isCIDR(self.cidr) && cidr(self.cidr) == cidr(self.cidr).masked()',
  message: 'cidr must be an address range with no bits set past its prefix, such as 10.0.0.0/8',
};
const EXCEPT_INSIDE: CelRule = {
  rule: '!has(self.except) || self.except.all(e, cidr(e) == cidr(e).masked() && cidr(self.cidr).containsCIDR(e)'
    + ' && cidr(e).prefixLength() > cidr(self.cidr).prefixLength())',
  message: 'every entry of except must be a smaller range inside cidr, with no bits set past its prefix, such as 10.1.0.0/16 in 10.0.0.0/8',
};

const ipBlock = (...rules: readonly CelRule[]) => z.object({
  cidr: cidr.describe('Address range, for example 10.0.0.0/8 or 2001:db8::/32.'),
  except: z.array(cidr).max(64).meta({ 'x-kubernetes-list-type': 'atomic' }).optional()
    .describe('Ranges inside cidr that are left out.'),
}).meta(cel(...rules));

const peerWith = (...blockRules: readonly CelRule[]) => z.object({
  podSelector: labelSelector.optional().describe('Pods, in the namespace of the policy unless namespaceSelector is there too; {} is every pod.'),
  namespaceSelector: labelSelector.optional().describe('Namespaces whose pods are meant; {} is every namespace.'),
  ipBlock: ipBlock(...blockRules).optional().describe('Addresses, usually outside the cluster; alone in its peer.'),
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

/** A peer of a template: that `except` lies in `cidr` is checked by the operator only, since a rule would cost too much. */
export const peer = peerWith(MASKED);
/** There are few of these, so it is checked: were allow-dns refused later, default-deny would cut off names. */
export const dnsPeer = peerWith(MASKED, EXCEPT_INSIDE);
export type Peer = z.infer<typeof peer>;

/**
 * IANA service name, as Kubernetes checks it: a letter somewhere, no hyphen at either end or twice in a row. Also for
 * RE2, which knows no lookahead.
 */
const PORT_NAME = '^([0-9]-?)*[a-z](-?[a-z0-9])*$';
const PORT_NAME_LIMIT = 15;

export function isPortName(text: string): boolean {
  return text.length <= PORT_NAME_LIMIT && new RegExp(PORT_NAME).test(text);
}

export const port = z.object({
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional().describe('TCP when absent.'),
  port: z.union([z.int32().min(1).max(65535), z.string().max(PORT_NAME_LIMIT).regex(new RegExp(PORT_NAME))])
    .meta({ 'x-kubernetes-int-or-string': true }).optional()
    .describe('Port number or the name of a container port; every port when absent.'),
  endPort: z.int32().min(1).max(65535).optional().describe('Last port of a range that begins at port.'),
}).meta(cel(
  {
    rule: '!has(self.endPort) || (has(self.port) && type(self.port) == int && int(self.port) <= self.endPort)',
    message: 'endPort needs a numeric port that is not greater than it',
  },
));
export type Port = z.infer<typeof port>;

const peers = z.array(peer).min(1).max(64).meta({ 'x-kubernetes-list-type': 'atomic' });
const ports = z.array(port).min(1).max(32).meta({ 'x-kubernetes-list-type': 'atomic' });

const rulePorts = ports.optional().describe('Ports that are allowed; every port when absent.');
export const ingressRule = z.object({
  from: peers.optional().describe('Sources that are allowed; every source when absent.'),
  ports: rulePorts,
});
export const egressRule = z.object({
  to: peers.optional().describe('Destinations that are allowed; every destination when absent.'),
  ports: rulePorts,
});
export type IngressRule = z.infer<typeof ingressRule>;
export type EgressRule = z.infer<typeof egressRule>;

export const networkPolicySpec = z.object({
  podSelector: labelSelector.describe('Pods that the policy applies to; {} is every pod of the namespace.'),
  policyTypes: z.array(z.enum(DIRECTIONS)).min(1).max(2).meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Directions that the policy isolates. Required: what a policy means must not depend on defaulting.'),
  ingress: z.array(ingressRule).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional().describe('What may come in.'),
  egress: z.array(egressRule).max(32).meta({ 'x-kubernetes-list-type': 'atomic' }).optional().describe('What may go out.'),
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
