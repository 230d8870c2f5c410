/** NetworkPolicies that a 1.36 API server refuses, with the place it names; the contract test asks a real one. */
type Row = readonly [title: string, spec: unknown, path: string];

const inbound = (rule: unknown) => ({ podSelector: {}, policyTypes: ['Ingress'], ingress: [rule] });
const block = (ipBlock: unknown) => inbound({ from: [{ ipBlock }] });
const ports = (...list: unknown[]) => inbound({ ports: list });
const expression = (fields: object) => ({ podSelector: { matchExpressions: [{ key: 'a', ...fields }] } });

export const REFUSED: readonly Row[] = [
  ['a peer with nothing in it', inbound({ from: [{}] }), 'spec.ingress.0.from.0'],
  ['a null peer', inbound({ from: [null] }), 'spec.ingress.0.from.0'],
  ['a peer of egress', { policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }, {}] }] }, 'spec.egress.0.to.1'],
  ['an ipBlock beside a selector', inbound({ from: [{ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }] }), 'spec.ingress.0.from.0.ipBlock'],
  ['a policy type in lower case', { policyTypes: ['ingress'] }, 'spec.policyTypes.0'],
  ['three policy types', { policyTypes: ['Ingress', 'Egress', 'Ingress'] }, 'spec.policyTypes'],
  ['a number as text', ports({ port: '80' }), 'spec.ingress.0.ports.0.port'],
  ['a name of a port that is none', ports({ port: 'HTTP' }), 'spec.ingress.0.ports.0.port'],
  ['an empty name of a port', ports({ port: '' }), 'spec.ingress.0.ports.0.port'],
  ['port 0', ports({ port: 0 }), 'spec.ingress.0.ports.0.port'],
  ['a port that is too large', ports({ port: 70_000 }), 'spec.ingress.0.ports.0.port'],
  ['half a port', ports({ port: 80.5 }), 'spec.ingress.0.ports.0.port'],
  ['endPort below port', ports({ port: 90, endPort: 80 }), 'spec.ingress.0.ports.0.endPort'],
  ['endPort without port', ports({ endPort: 80 }), 'spec.ingress.0.ports.0.endPort'],
  ['endPort of a name', ports({ port: 'http', endPort: 80 }), 'spec.ingress.0.ports.0.endPort'],
  ['endPort that is too large', ports({ port: 80, endPort: 70_000 }), 'spec.ingress.0.ports.0.endPort'],
  ['a protocol in lower case', ports({ protocol: 'tcp', port: 80 }), 'spec.ingress.0.ports.0.protocol'],
  ['a protocol that policies do not have', ports({ protocol: 'ICMP' }), 'spec.ingress.0.ports.0.protocol'],
  ['no range', block({ cidr: 'bogus' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['an empty range', block({ cidr: '' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['an address without a prefix', block({ cidr: '1.2.3.4' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['bits past the prefix', block({ cidr: '10.1.2.3/8' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['leading zeros', block({ cidr: '010.0.0.0/8' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['a prefix that is too long', block({ cidr: '10.0.0.0/33' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['an IPv4 address as an IPv6 one', block({ cidr: '::ffff:10.0.0.0/104' }), 'spec.ingress.0.from.0.ipBlock.cidr'],
  ['except outside its range', block({ cidr: '10.0.0.0/8', except: ['192.168.0.0/16'] }), 'spec.ingress.0.from.0.ipBlock.except.0'],
  ['except that is all of its range', block({ cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] }), 'spec.ingress.0.from.0.ipBlock.except.0'],
  ['except of the other family', block({ cidr: '0.0.0.0/0', except: ['fd00::/8'] }), 'spec.ingress.0.from.0.ipBlock.except.0'],
  ['except with bits past its prefix', block({ cidr: '10.0.0.0/8', except: ['10.1.2.3/16'] }), 'spec.ingress.0.from.0.ipBlock.except.0'],
  ['In without values', expression({ operator: 'In' }), 'spec.podSelector.matchExpressions.0'],
  ['NotIn with an empty list', expression({ operator: 'NotIn', values: [] }), 'spec.podSelector.matchExpressions.0'],
  ['Exists with values', expression({ operator: 'Exists', values: ['b'] }), 'spec.podSelector.matchExpressions.0'],
  ['a key that is none', { podSelector: { matchLabels: { 'a b': 'c' } } }, 'spec.podSelector'],
  ['a value that is none', { podSelector: { matchLabels: { a: 'b c' } } }, 'spec.podSelector'],
  ['a value that is none in a list', expression({ operator: 'In', values: ['b c'] }), 'spec.podSelector'],
];

export const TAKEN: readonly (readonly [title: string, spec: unknown])[] = [
  ['nothing', {}],
  ['null everywhere', { podSelector: null, policyTypes: null, ingress: null, egress: null }],
  ['a null rule', { ingress: [null] }],
  ['rules without anything', { ingress: [{ from: null, ports: null }, { from: [], ports: [] }] }],
  ['a null port', ports(null)],
  ['the same type twice', { policyTypes: ['Ingress', 'Ingress'] }],
  ['rules of a direction that is not isolated', { policyTypes: ['Ingress'], egress: [{}] }],
  ['a range of one port', ports({ port: 80, endPort: 80 })],
  ['a protocol alone', ports({ protocol: 'SCTP' })],
  ['a name', ports({ port: 'http-2' })],
  ['everything but', block({ cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '10.1.0.0/16', '169.254.169.254/32'] })],
  ['IPv6', block({ cidr: '2001:DB8::/32', except: ['2001:db8:1::/48'] })],
  ['all of IPv6', block({ cidr: '::/0', except: ['fc00::/7'] })],
  ['empty selectors', inbound({ from: [{ podSelector: {} }, { namespaceSelector: {} }, { namespaceSelector: {}, podSelector: {} }] })],
  ['an empty value', { podSelector: { matchLabels: { a: '' } } }],
  ['a selector that contradicts itself', expression({ operator: 'In', values: ['b', 'b'] })],
];
