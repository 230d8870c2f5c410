/**
 * Baselines that the API server refuses, each with the field that it names and the words that the user reads.
 * `spec` is YAML as people write it; a rule or limit of the CRD that has no row here is not known to work.
 */

export interface BadBaseline {
  readonly what: string;
  /** What stands under `spec:`. */
  readonly spec: string;
  /** The field of the complaint; `spec` for the spec itself. */
  readonly field: string;
  /** Part of its message. */
  readonly message: string;
}

const template = (rest: string): string => `policies: [{name: allow-x, ${rest}}]`;
const networkPolicy = (rest: string): string => template(`networkPolicy: {podSelector: {}, ${rest}}`);
const ingress = (rule: string): string => networkPolicy(`policyTypes: [Ingress], ingress: [${rule}]`);
const from = (peer: string): string => ingress(`{from: [${peer}]}`);
const port = (port: string): string => ingress(`{from: [{podSelector: {}}], ports: [${port}]}`);
const exemption = (rest: string): string => `exemptions: [{${rest}}]`;
const selector = (rest: string): string => `namespaceSelector: {${rest}}`;
const times = (count: number, item: (index: number) => string): string => Array.from({ length: count }, (_, index) => item(index)).join(', ');
const long = (length: number): string => 'a'.repeat(length);

const POLICY = 'spec.policies[0].networkPolicy';
const RULE = `${POLICY}.ingress[0]`;
const ANY_SOURCE = 'an ingress rule without from allows every source; add from, or set allowAnyPeer: true if that is meant (a misspelt from has the same effect)';
const ANY_DESTINATION = 'an egress rule without to allows every destination; add to, or set allowAnyPeer: true if that is meant (a misspelt to has the same effect)';
const MASKED = 'cidr must be an address range with no bits set past its prefix, such as 10.0.0.0/8';
const EMPTY_PEER = 'a peer needs a podSelector, a namespaceSelector or an ipBlock: an empty one would allow every source or destination';
const VALUES = 'In and NotIn need values; Exists and DoesNotExist take none';
const END_PORT = 'endPort needs a numeric port that is not greater than it';
const RFC3339 = 'expiresAt must be an RFC 3339 time with its zone, such as 2027-01-29T10:00:00Z';
const ONE_TARGET = 'an exemption names exactly one of namespace and namespaceSelector';

export const BAD_BASELINES: readonly BadBaseline[] = [
  // Modes and other words
  { what: 'mode Off, which YAML reads as false', spec: 'ingress: {mode: Off}', field: 'spec.ingress.mode', message: 'must be of type string: "boolean"' },
  { what: 'an unknown mode', spec: 'egress: {mode: Warn}', field: 'spec.egress.mode', message: 'Unsupported value: "Warn": supported values: "Enforce", "Audit", "Disabled"' },
  { what: 'an unknown drift policy', spec: 'driftPolicy: Ignore', field: 'spec.driftPolicy', message: 'supported values: "Repair", "Warn"' },
  { what: 'an unknown adoption policy', spec: 'adoptionPolicy: Force', field: 'spec.adoptionPolicy', message: 'supported values: "Refuse", "Adopt"' },
  { what: 'an unknown deletion policy', spec: 'deletionPolicy: Orphan', field: 'spec.deletionPolicy', message: 'supported values: "Retain", "Delete"' },
  { what: 'an unknown way of finding DNS', spec: 'dns: {discovery: Guess}', field: 'spec.dns.discovery', message: 'supported values: "Static", "Auto"' },
  { what: 'paused in words', spec: 'paused: "yes"', field: 'spec.paused', message: 'must be of type boolean' },
  { what: 'a priority past 32 bits', spec: 'priority: 2147483648', field: 'spec.priority', message: 'should be less than or equal to 2147483647' },

  // Rules that would open a direction
  { what: 'from without a value', spec: ingress('{from: }'), field: 'spec.policies[0]', message: ANY_SOURCE },
  { what: 'a misspelt from', spec: ingress('{frm: [{podSelector: {}}]}'), field: 'spec.policies[0]', message: ANY_SOURCE },
  { what: 'an empty rule', spec: ingress('{}'), field: 'spec.policies[0]', message: ANY_SOURCE },
  { what: 'a rule with ports alone', spec: ingress('{ports: [{port: 80}]}'), field: 'spec.policies[0]', message: ANY_SOURCE },
  { what: 'allowAnyPeer that is false', spec: template('allowAnyPeer: false, networkPolicy: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}'), field: 'spec.policies[0]', message: ANY_SOURCE },
  { what: 'to without a value', spec: networkPolicy('policyTypes: [Egress], egress: [{to: }]'), field: 'spec.policies[0]', message: ANY_DESTINATION },
  { what: 'from where to is meant', spec: networkPolicy('policyTypes: [Egress], egress: [{from: [{podSelector: {}}]}]'), field: 'spec.policies[0]', message: ANY_DESTINATION },
  { what: 'an empty from', spec: ingress('{from: []}'), field: `${RULE}.from`, message: 'should have at least 1 items' },
  { what: 'empty ports', spec: ingress('{from: [{podSelector: {}}], ports: []}'), field: `${RULE}.ports`, message: 'should have at least 1 items' },
  { what: 'an empty peer', spec: from('{}'), field: `${RULE}.from[0]`, message: EMPTY_PEER },
  { what: 'a misspelt selector of a peer', spec: from('{podSelecter: {matchLabels: {app: x}}}'), field: `${RULE}.from[0]`, message: EMPTY_PEER },
  { what: 'ipBlock with a selector', spec: from('{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}'), field: `${RULE}.from[0]`, message: 'ipBlock cannot be combined with podSelector or namespaceSelector in one peer' },

  // What isolates must be said
  { what: 'no policyTypes', spec: networkPolicy('ingress: [{from: [{podSelector: {}}]}]'), field: `${POLICY}.policyTypes`, message: 'Required value' },
  { what: 'empty policyTypes', spec: networkPolicy('policyTypes: []'), field: `${POLICY}.policyTypes`, message: 'should have at least 1 items' },
  { what: 'an unknown policy type', spec: networkPolicy('policyTypes: [ingress]'), field: `${POLICY}.policyTypes[0]`, message: 'supported values: "Ingress", "Egress"' },
  { what: 'a policy type twice', spec: networkPolicy('policyTypes: [Ingress, Ingress]'), field: `${POLICY}.policyTypes[1]`, message: 'Duplicate value: "Ingress"' },
  { what: 'egress rules without policy type Egress', spec: networkPolicy('policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]'), field: POLICY, message: 'egress rules have no effect unless policyTypes contains Egress' },
  { what: 'ingress rules without policy type Ingress', spec: networkPolicy('policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]'), field: POLICY, message: 'ingress rules have no effect unless policyTypes contains Ingress' },
  { what: 'no podSelector', spec: template('networkPolicy: {policyTypes: [Ingress]}'), field: `${POLICY}.podSelector`, message: 'Required value' },
  { what: 'a template without a policy', spec: 'policies: [{name: allow-x}]', field: POLICY, message: 'Required value' },

  // Addresses and ports
  { what: 'a range with bits past its prefix', spec: from('{ipBlock: {cidr: 10.0.0.1/8}}'), field: `${RULE}.from[0].ipBlock`, message: MASKED },
  { what: 'an IPv6 range with bits past its prefix', spec: from("{ipBlock: {cidr: '2001:db8::1/32'}}"), field: `${RULE}.from[0].ipBlock`, message: MASKED },
  { what: 'an IPv4 range in IPv6 clothes', spec: from("{ipBlock: {cidr: '::ffff:10.0.0.0/104'}}"), field: `${RULE}.from[0].ipBlock`, message: MASKED },
  { what: 'an address that is no range', spec: from('{ipBlock: {cidr: 10.0.0.1}}'), field: `${RULE}.from[0].ipBlock.cidr`, message: 'should match' },
  { what: 'an ipBlock without cidr', spec: from('{ipBlock: {except: [10.1.0.0/16]}}'), field: `${RULE}.from[0].ipBlock.cidr`, message: 'Required value' },
  { what: 'an except that is no range', spec: from('{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0]}}'), field: `${RULE}.from[0].ipBlock.except[0]`, message: 'should match' },
  { what: 'a list where a range should be', spec: from('{ipBlock: {cidr: 10.0.0.0/8, except: [[{}]]}}'), field: `${RULE}.from[0].ipBlock.except[0]`, message: 'must be of type string' },
  { what: 'a bad range of DNS', spec: 'dns: {peers: [{ipBlock: {cidr: 169.254.20.10/24}}]}', field: 'spec.dns.peers[0].ipBlock', message: MASKED },
  ...['10.1.2.3/16', '11.0.0.0/16', '10.0.0.0/8', '8.0.0.0/6', '2001:db8::/64'].map((except) => (
    { what: `except ${except} in 10.0.0.0/8 of DNS`, spec: `dns: {peers: [{ipBlock: {cidr: 10.0.0.0/8, except: ["${except}"]}}]}`, field: 'spec.dns.peers[0].ipBlock', message: 'every entry of except must be a smaller range inside cidr, with no bits set past its prefix, such as 10.1.0.0/16 in 10.0.0.0/8' }
  )),
  { what: 'an empty peer of DNS', spec: 'dns: {peers: [{}]}', field: 'spec.dns.peers[0]', message: EMPTY_PEER },
  { what: 'port 0', spec: port('{port: 0}'), field: `${RULE}.ports[0].port`, message: 'should be greater than or equal to 1' },
  { what: 'port 65536', spec: port('{port: 65536}'), field: `${RULE}.ports[0].port`, message: 'should be less than or equal to 65535' },
  { what: 'a number as the name of a port', spec: port('{port: "80"}'), field: `${RULE}.ports[0].port`, message: 'should match' },
  { what: 'a port name of 16 characters', spec: port(`{port: ${long(16)}}`), field: `${RULE}.ports[0].port`, message: 'may not be more than 15' },
  { what: 'an unknown protocol', spec: port('{protocol: tcp, port: 80}'), field: `${RULE}.ports[0].protocol`, message: 'supported values: "TCP", "UDP", "SCTP"' },
  { what: 'endPort below port', spec: port('{port: 8080, endPort: 80}'), field: `${RULE}.ports[0]`, message: END_PORT },
  { what: 'endPort with a named port', spec: port('{port: http, endPort: 80}'), field: `${RULE}.ports[0]`, message: END_PORT },
  { what: 'endPort alone', spec: port('{endPort: 80}'), field: `${RULE}.ports[0]`, message: END_PORT },
  { what: 'a bad port of DNS', spec: 'dns: {ports: [{port: 53, endPort: 52}]}', field: 'spec.dns.ports[0]', message: END_PORT },

  // Selectors
  { what: 'In without values', spec: selector('matchExpressions: [{key: team, operator: In}]'), field: 'spec.namespaceSelector.matchExpressions[0]', message: VALUES },
  { what: 'NotIn with empty values', spec: selector('matchExpressions: [{key: team, operator: NotIn, values: []}]'), field: 'spec.namespaceSelector.matchExpressions[0]', message: VALUES },
  { what: 'Exists with values', spec: selector('matchExpressions: [{key: team, operator: Exists, values: [a]}]'), field: 'spec.namespaceSelector.matchExpressions[0]', message: VALUES },
  { what: 'an unknown operator', spec: selector('matchExpressions: [{key: team, operator: Equals, values: [a]}]'), field: 'spec.namespaceSelector.matchExpressions[0].operator', message: 'supported values: "In", "NotIn", "Exists", "DoesNotExist"' },
  { what: 'a key that no label has', spec: selector('matchExpressions: [{key: -team, operator: Exists}]'), field: 'spec.namespaceSelector.matchExpressions[0].key', message: 'should match' },
  { what: 'a value that no label has', spec: selector('matchLabels: {team: a b}'), field: 'spec.namespaceSelector.matchLabels.team', message: 'should match' },
  { what: 'a value among many that no label has', spec: selector('matchExpressions: [{key: team, operator: In, values: [a, "-"]}]'), field: 'spec.namespaceSelector.matchExpressions[0].values[1]', message: 'should match' },
  { what: 'a label value of 64 characters', spec: selector(`matchLabels: {team: ${long(64)}}`), field: 'spec.namespaceSelector.matchLabels.team', message: 'may not be more than 63' },
  { what: 'a number as a label value', spec: selector('matchLabels: {team: 1}'), field: 'spec.namespaceSelector.matchLabels.team', message: 'must be of type string: "integer"' },
  { what: 'a label key that JavaScript drops', spec: selector('matchLabels: {__proto__: a}'), field: 'spec.namespaceSelector.matchLabels', message: 'label key "__proto__" cannot exist' },
  { what: '17 labels', spec: selector(`matchLabels: {${times(17, (index) => `l${index}: a`)}}`), field: 'spec.namespaceSelector.matchLabels', message: 'must have at most 16' },
  { what: 'a bad selector of a template', spec: template('namespaceSelector: {matchExpressions: [{key: a, operator: In}]}, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}'), field: 'spec.policies[0].namespaceSelector.matchExpressions[0]', message: VALUES },

  // Names
  { what: 'a template called default-deny', spec: 'policies: [{name: default-deny, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}]', field: 'spec.policies[0].name', message: 'default-deny and allow-dns are generated by the baseline itself; choose another name' },
  { what: 'a template called allow-dns', spec: 'policies: [{name: allow-dns, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}]', field: 'spec.policies[0].name', message: 'choose another name' },
  { what: 'two templates of one name', spec: `policies: [${times(2, () => '{name: a, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}')}]`, field: 'spec.policies[1]', message: 'Duplicate value: {"name":"a"}' },
  { what: 'a template name of 64 characters', spec: `policies: [{name: ${long(64)}, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}]`, field: 'spec.policies[0].name', message: 'may not be more than 63' },
  { what: 'a template name with capitals', spec: 'policies: [{name: Allow, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}]', field: 'spec.policies[0].name', message: 'should match' },
  { what: 'a template without a name', spec: 'policies: [{networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}]', field: 'spec.policies[0].name', message: 'Required value' },
  { what: 'an excluded namespace by pattern', spec: 'excludedNamespaces: ["legacy-*"]', field: 'spec.excludedNamespaces[0]', message: 'should match' },
  { what: 'an excluded namespace twice', spec: 'excludedNamespaces: [a, a]', field: 'spec.excludedNamespaces[1]', message: 'Duplicate value: "a"' },
  { what: 'an owner key that cannot be a label', spec: 'ownerKey: "owner of"', field: 'spec.ownerKey', message: 'should match' },

  // Exemptions
  { what: 'an exemption of nothing', spec: exemption('reason: x'), field: 'spec.exemptions[0]', message: ONE_TARGET },
  { what: 'an exemption of two things', spec: exemption('namespace: a, namespaceSelector: {matchLabels: {a: b}}, reason: x'), field: 'spec.exemptions[0]', message: ONE_TARGET },
  { what: 'an exemption of every namespace', spec: exemption('namespaceSelector: {}, reason: x'), field: 'spec.exemptions[0].namespaceSelector', message: 'an empty namespaceSelector would exempt every namespace (a misspelt field has the same effect)' },
  { what: 'an exemption with a misspelt selector', spec: exemption('namespaceSelector: {matchLabel: {a: b}}, reason: x'), field: 'spec.exemptions[0].namespaceSelector', message: 'an empty namespaceSelector would exempt every namespace' },
  { what: 'an exemption with empty lists in its selector', spec: exemption('namespaceSelector: {matchLabels: {}, matchExpressions: []}, reason: x'), field: 'spec.exemptions[0].namespaceSelector', message: 'an empty namespaceSelector would exempt every namespace' },
  { what: 'an exemption without a reason', spec: exemption('namespace: a'), field: 'spec.exemptions[0].reason', message: 'Required value' },
  { what: 'an exemption with a blank reason', spec: exemption('namespace: a, reason: "  "'), field: 'spec.exemptions[0].reason', message: 'an exemption needs a reason' },
  { what: 'an exemption by pattern', spec: exemption('namespace: "legacy-*", reason: x'), field: 'spec.exemptions[0].namespace', message: 'should match' },
  { what: 'an exemption of no direction', spec: exemption('namespace: a, reason: x, directions: []'), field: 'spec.exemptions[0].directions', message: 'should have at least 1 items' },
  { what: 'an exemption of an unknown direction', spec: exemption('namespace: a, reason: x, directions: [egress]'), field: 'spec.exemptions[0].directions[0]', message: 'supported values: "Ingress", "Egress"' },
  { what: 'an expiry that is a date', spec: exemption('namespace: a, reason: x, expiresAt: "2027-01-29"'), field: 'spec.exemptions[0].expiresAt', message: RFC3339 },
  { what: 'an expiry without a zone', spec: exemption('namespace: a, reason: x, expiresAt: "2027-01-29T10:00:00"'), field: 'spec.exemptions[0].expiresAt', message: RFC3339 },
  { what: 'an expiry on 30 February', spec: exemption('namespace: a, reason: x, expiresAt: "2027-02-30T10:00:00Z"'), field: 'spec.exemptions[0]', message: RFC3339 },

  // Limits
  { what: '33 templates', spec: `policies: [${times(33, (index) => `{name: p${index}, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}}`)}]`, field: 'spec.policies', message: 'must have at most 32' },
  { what: '33 rules', spec: networkPolicy(`policyTypes: [Ingress], ingress: [${times(33, () => '{from: [{podSelector: {}}]}')}]`), field: `${POLICY}.ingress`, message: 'must have at most 32' },
  { what: '65 peers', spec: from(times(65, () => '{podSelector: {}}')), field: `${RULE}.from`, message: 'must have at most 64' },
  { what: '33 ports', spec: port(times(33, () => '{port: 80}')), field: `${RULE}.ports`, message: 'must have at most 32' },
  { what: '65 of except', spec: from(`{ipBlock: {cidr: 10.0.0.0/8, except: [${times(65, () => '10.1.0.0/16')}]}}`), field: `${RULE}.from[0].ipBlock.except`, message: 'must have at most 64' },
  { what: '5 requirements', spec: selector(`matchExpressions: [${times(5, () => '{key: a, operator: Exists}')}]`), field: 'spec.namespaceSelector.matchExpressions', message: 'must have at most 4' },
  { what: '33 values', spec: selector(`matchExpressions: [{key: a, operator: In, values: [${times(33, () => 'a')}]}]`), field: 'spec.namespaceSelector.matchExpressions[0].values', message: 'must have at most 32' },
  { what: '1,001 exemptions', spec: `exemptions: [${times(1001, (index) => `{namespace: n${index}, reason: x}`)}]`, field: 'spec.exemptions', message: 'must have at most 1000' },
  { what: '1,001 excluded namespaces', spec: `excludedNamespaces: [${times(1001, (index) => `n${index}`)}]`, field: 'spec.excludedNamespaces', message: 'must have at most 1000' },
  { what: 'a reason of 513 characters', spec: exemption(`namespace: a, reason: ${long(513)}`), field: 'spec.exemptions[0].reason', message: 'may not be more than 512' },
  { what: 'a description of 257 characters', spec: template(`description: ${long(257)}, networkPolicy: {podSelector: {}, policyTypes: [Ingress]}`), field: 'spec.policies[0].description', message: 'may not be more than 256' },
];
