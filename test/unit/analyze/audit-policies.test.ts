/** What is found in single policies: each finding with the cases that trigger it, and the twins that do not. */
import assert from 'node:assert/strict';
import { whereOf } from '../../../src/analyze/audit/text.ts';
import type { KubeObject } from '../../../src/analyze/snapshot.ts';
import { aNamespace, aPod, aPolicy, auditObjects, CLUSTER, HTTP, namespaceIn, TO_DNS } from '../../support/audit.ts';

/** What comes of a rule that lets much through, and is not what these tests are about. */
const EFFECTS: ReadonlySet<string> = new Set(['defeated', 'dns-blocked', 'no-default-deny', 'no-policy', 'opaque-policy', 'host-network']);

interface Case { readonly spec: unknown; readonly more?: readonly KubeObject[]; readonly without?: string; readonly labels?: Record<string, string> }

/** `LEVEL id place` of all that is found in policy shop/p beside effects and notes on ports. */
function foundIn({ spec, more = [], without, labels }: Case, notes = false): string[] {
  const objects = [...CLUSTER, ...more, aPolicy('shop/p', spec, labels)].filter(({ metadata }) => `${metadata.namespace}/${metadata.name}` !== without && metadata.name !== without);
  return namespaceIn(auditObjects(objects), 'shop').findings.filter(({ id, object, level }) => object.name === 'p' && !EFFECTS.has(id) && (notes || level !== 'INFO'))
    .map(({ level, id, path }) => `${level} ${id} ${path.join('.')}`);
}

const web = { podSelector: { matchLabels: { app: 'web' } } };
const fromApi = { from: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 8080 }] };
const ingress = (...rules: unknown[]) => ({ ...web, policyTypes: ['Ingress'], ingress: rules });
const egress = (...rules: unknown[]) => ({ ...web, policyTypes: ['Egress'], egress: rules });
const peers = (...from: unknown[]) => ingress({ from, ports: [{ port: 8080 }] });
const inNamespace = (name: string, podSelector?: unknown) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } }, ...(podSelector !== undefined && { podSelector }) });
const labelled = (key: string, value: string) => ({ matchLabels: { [key]: value } });

type Row = readonly [title: string, found: Case, expected: readonly string[]];

const TABLES: Readonly<Record<string, readonly Row[]>> = {
  'empty-from': [
    ['from: with nothing under it', { spec: ingress({ from: null, ports: [{ port: 8080 }] }) }, ['FAIL empty-from spec.ingress.0.from']],
    ['an empty list', { spec: ingress(fromApi, { from: [] }) }, ['FAIL empty-from spec.ingress.1.from']],
    ['a rule with nothing in it at all', { spec: ingress(null) }, ['FAIL empty-from spec.ingress.0']],
    ['a misspelt key', { spec: ingress({ frm: fromApi.from, ports: fromApi.ports }) }, ['FAIL empty-from spec.ingress.0.frm']],
    ['the key of the other direction', { spec: egress({ from: fromApi.from, ports: fromApi.ports }) }, ['FAIL empty-from spec.egress.0.from']],
    ['of a policy that selects no pod: it opens nothing yet', { spec: { ...ingress({ from: null }), podSelector: labelled('app', 'gone') } }, ['WARN empty-from spec.ingress.0.from', 'WARN unknown-label spec.podSelector']],
    ['not a rule that is there as {}', { spec: ingress({}) }, []],
    ['not a rule with ports alone', { spec: ingress({ ports: [{ port: 8080 }] }) }, []],
    ['not a rule with peers', { spec: ingress(fromApi) }, []],
    ['not an empty list of rules', { spec: { ...web, policyTypes: ['Ingress'], ingress: [] } }, []],
    ['not a rule that has no effect', { spec: { ...web, policyTypes: ['Egress'], ingress: [{ from: null }] } }, ['WARN inert-rules spec.ingress']],
  ],
  'opens-later': [
    ['a rule {} for a label that no pod has', { spec: { ...ingress({}), podSelector: labelled('app', 'gone') } }, ['WARN unknown-label spec.podSelector', 'WARN opens-later spec.ingress.0']],
    ['for pods that have finished', { spec: { ...ingress(fromApi, {}), podSelector: labelled('app', 'job') }, more: [aPod('shop/job', { labels: { app: 'job' }, phase: 'Succeeded' })] }, ['WARN opens-later spec.ingress.1']],
    ['for pods with hostNetwork, which no policy isolates', { spec: { ...ingress({}), podSelector: labelled('app', 'host') }, more: [aPod('shop/host', { labels: { app: 'host' }, hostNetwork: true })] }, ['WARN selects-nothing spec.podSelector', 'WARN opens-later spec.ingress.0']],
    ['in a namespace without pods', { spec: ingress({}), more: [aPod('shop/web', { labels: { app: 'web' }, phase: 'Succeeded' })] }, ['WARN opens-later spec.ingress.0']],
    ['not for a pod that is there', { spec: ingress({}) }, []],
    ['not for every pod: that is said of the namespace', { spec: { ...ingress({}), podSelector: {} } }, []],
    ['not of a rule with ports or peers', { spec: { ...ingress({ ports: [{ port: 8080 }] }, fromApi), podSelector: labelled('app', 'gone') } }, ['WARN unknown-label spec.podSelector']],
    ['not of a direction that the policy is not for', { spec: { ...egress(), podSelector: labelled('app', 'gone'), ingress: [{}] } }, ['WARN inert-rules spec.ingress', 'WARN unknown-label spec.podSelector']],
  ],
  'or-for-and': [
    ['namespaces beside pods that are not here', { spec: peers(inNamespace('kube-system'), { podSelector: labelled('k8s-app', 'metrics-server') }) }, ['WARN or-for-and spec.ingress.0.from.0']],
    ['in the other order', { spec: peers({ podSelector: labelled('k8s-app', 'metrics-server') }, inNamespace('kube-system')) }, ['WARN or-for-and spec.ingress.0.from.0']],
    ['further back in the list', { spec: peers(fromApi.from[0], inNamespace('kube-system', {}), inNamespace('kube-system'), { podSelector: labelled('k8s-app', 'metrics-server') }) }, ['WARN or-for-and spec.ingress.0.from.2']],
    ['and not the pods that are missing here as well', { spec: { ...peers(inNamespace('nowhere'), { podSelector: labelled('k8s-app', 'metrics-server') }), podSelector: {} } }, ['WARN or-for-and spec.ingress.0.from.0', 'WARN unknown-label spec.ingress.0.from.0.namespaceSelector']],
    ['not one combined peer', { spec: peers(inNamespace('kube-system', labelled('k8s-app', 'metrics-server'))) }, []],
    ['not pods that are here', { spec: peers(inNamespace('kube-system'), { podSelector: labelled('app', 'api') }) }, []],
    ['not all own pods', { spec: peers(inNamespace('kube-system'), { podSelector: {} }) }, []],
    ['not in two rules', { spec: ingress({ from: [inNamespace('kube-system')], ports: [{ port: 8080 }] }, fromApi) }, []],
  ],
  'policytypes-surprise': [
    ['egress rules alone', { spec: { ...web, egress: [{ to: fromApi.from, ports: fromApi.ports }] } }, ['WARN policytypes-surprise spec']],
    ['an empty list of types', { spec: { ...web, policyTypes: [], egress: [{ to: fromApi.from, ports: fromApi.ports }] } }, ['WARN policytypes-surprise spec']],
    ['an empty egress list, which denies nothing', { spec: { ...web, egress: [] } }, ['WARN policytypes-surprise spec']],
    ['not with rules for both', { spec: { ...web, ingress: [fromApi], egress: [{ to: fromApi.from, ports: fromApi.ports }] } }, []],
    ['not with ingress rules alone', { spec: { ...web, ingress: [fromApi] } }, []],
    ['not with policyTypes', { spec: egress({ to: fromApi.from, ports: fromApi.ports }) }, []],
  ],
  'inert-rules': [
    ['egress rules of a policy for ingress', { spec: { ...ingress(fromApi), egress: [{}] } }, ['WARN inert-rules spec.egress']],
    ['ingress rules of a policy for egress', { spec: { ...egress({ to: fromApi.from, ports: fromApi.ports }), ingress: [fromApi] } }, ['WARN inert-rules spec.ingress']],
    ['not an empty list', { spec: { ...ingress(fromApi), egress: [] } }, []],
  ],
  'rule-without-ports': [
    ['ports: with nothing under it', { spec: ingress({ from: fromApi.from, ports: null }) }, ['WARN rule-without-ports spec.ingress.0.ports']],
    ['an empty list', { spec: ingress({ from: fromApi.from, ports: [] }) }, ['WARN rule-without-ports spec.ingress.0.ports']],
    ['not a rule with ports', { spec: ingress(fromApi) }, []],
  ],
  'empty-pod-selector-with-rules': [
    ['peers by label in the own namespace', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [fromApi] } }, ['WARN empty-pod-selector-with-rules spec.ingress.0']],
    ['on egress', { spec: { policyTypes: ['Egress'], egress: [{ to: fromApi.from, ports: fromApi.ports }] } }, ['WARN empty-pod-selector-with-rules spec.egress.0']],
    ['ports that are open to everybody', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 8080 }] }] } }, ['WARN empty-pod-selector-with-rules spec.ingress.0']],
    ['not a rule for DNS', { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ ...TO_DNS, to: [{ podSelector: labelled('app', 'api') }] }] }, more: [aPod('shop/api', { labels: { app: 'api' }, ports: [{ containerPort: 53 }] })] }, []],
    ['not all own pods', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 8080 }] }] } }, []],
    ['not other namespaces', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [inNamespace('kube-system', labelled('k8s-app', 'metrics-server'))], ports: [{ port: 8080 }] }] } }, []],
    ['not addresses', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 8080 }] }] } }, []],
    ['not a policy for some pods', { spec: ingress(fromApi) }, []],
    ['not what a baseline generates', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [fromApi] }, labels: { 'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'netbaseline.io/baseline': 'default' } }, []],
  ],
  'dns-matches-nothing': [
    ['a label that no namespace has', { spec: egress({ ...TO_DNS, to: [{ namespaceSelector: labelled('name', 'kube-system') }] }) }, ['WARN dns-matches-nothing spec.egress.0']],
    ['DNS pods in the own namespace', { spec: egress({ ...TO_DNS, to: [{ podSelector: labelled('k8s-app', 'kube-dns') }] }) }, ['WARN dns-matches-nothing spec.egress.0']],
    ['by the name of the port', { spec: egress({ to: [{ podSelector: labelled('k8s-app', 'kube-dns') }], ports: [{ port: 'dns', protocol: 'UDP' }] }) }, ['WARN dns-matches-nothing spec.egress.0']],
    ['other pods of kube-system', { spec: egress({ ...TO_DNS, to: [inNamespace('kube-system', labelled('k8s-app', 'metrics-server'))] }) }, ['WARN dns-matches-nothing spec.egress.0']],
    ['not the whole namespace', { spec: egress({ ...TO_DNS, to: [inNamespace('kube-system')] }) }, []],
    ['not one good peer of two', { spec: egress({ ...TO_DNS, to: [...TO_DNS.to, { namespaceSelector: labelled('kubernetes.io/metadata.name', 'shop') }] }) }, []],
    ['not everybody', { spec: egress({ ports: TO_DNS.ports }) }, []],
    ['not an address', { spec: egress({ ...TO_DNS, to: [{ ipBlock: { cidr: '10.96.0.10/32' } }] }) }, []],
    ['not a DNS server of the own namespace', { spec: egress({ ...TO_DNS, to: [{ podSelector: labelled('app', 'bind') }] }), more: [aPod('shop/bind', { labels: { app: 'bind' }, ports: [{ containerPort: 53, protocol: 'UDP' }] })] }, []],
    ['not a rule for other ports', { spec: egress({ to: [{ podSelector: labelled('app', 'api') }], ports: [{ port: 53 }, { port: 8080 }] }) }, []],
  ],
  'unknown-label': [
    ['of the policy', { spec: { ...ingress(fromApi), podSelector: labelled('app', 'wbe') } }, ['WARN unknown-label spec.podSelector']],
    ['of a peer', { spec: peers({ podSelector: labelled('app', 'wbe') }) }, ['WARN unknown-label spec.ingress.0.from.0.podSelector']],
    ['of a namespace', { spec: peers({ namespaceSelector: labelled('name', 'kube-system') }) }, ['WARN unknown-label spec.ingress.0.from.0.namespaceSelector']],
    ['of pods of another namespace', { spec: peers(inNamespace('kube-system', labelled('k8s-app', 'prometheus'))) }, ['WARN unknown-label spec.ingress.0.from.0.podSelector']],
    ['a key that must exist', { spec: { ...ingress(fromApi), podSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } } }, ['WARN unknown-label spec.podSelector']],
    ['of several values all', { spec: { ...ingress(fromApi), podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'y'] }] } } }, ['WARN unknown-label spec.podSelector']],
    ['not of several values one', { spec: { ...ingress(fromApi), podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['x', 'web'] }] } } }, []],
    ['not what must be absent', { spec: { ...ingress(fromApi), podSelector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }, { key: 'zone', operator: 'NotIn', values: ['b'] }] } } }, []],
    ['not of a namespace, where not the whole cluster is known', { spec: peers({ namespaceSelector: labelled('name', 'monitoring') }), without: 'kube-system' }, []],
    ['a name that every object inherits', { spec: { ...ingress(fromApi), podSelector: labelled('constructor', 'Object') } }, ['WARN unknown-label spec.podSelector']],
    ['not such a name that a pod has', { spec: { ...ingress(fromApi), podSelector: labelled('constructor', 'Object') }, more: [aPod('shop/odd', { labels: { constructor: 'Object' } })] }, []],
  ],
  'selects-nothing': [
    ['pods of another namespace', { spec: { ...ingress(fromApi), podSelector: labelled('k8s-app', 'metrics-server') } }, ['WARN selects-nothing spec.podSelector']],
    ['labels that no pod has together', { spec: { ...ingress(fromApi), podSelector: { matchLabels: { app: 'web', 'k8s-app': 'kube-dns' } } } }, ['WARN selects-nothing spec.podSelector']],
    ['what contradicts itself', { spec: { ...ingress(fromApi), podSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'In', values: ['api'] }] } } }, ['WARN selects-nothing spec.podSelector']],
    ['only a pod with hostNetwork', { spec: { ...ingress(fromApi), podSelector: labelled('app', 'agent') }, more: [aPod('shop/agent', { labels: { app: 'agent' }, hostNetwork: true })] }, ['WARN selects-nothing spec.podSelector']],
    ['not a finished pod', { spec: { ...ingress(fromApi), podSelector: labelled('app', 'job') }, more: [aPod('shop/job', { labels: { app: 'job' }, phase: 'Succeeded' })] }, []],
  ],
  'peer-matches-nothing': [
    ['pods of another namespace without its selector', { spec: peers({ podSelector: labelled('k8s-app', 'metrics-server') }) }, ['WARN peer-matches-nothing spec.ingress.0.from.0.podSelector']],
    ['pods of a namespace that has others', { spec: peers(inNamespace('kube-system', labelled('app', 'web'))) }, ['WARN peer-matches-nothing spec.ingress.0.from.0.podSelector']],
    ['namespaces by labels that none has together', { spec: peers({ namespaceSelector: { matchLabels: { team: 'a', 'kubernetes.io/metadata.name': 'kube-system' } } }) }, ['WARN peer-matches-nothing spec.ingress.0.from.0.namespaceSelector']],
    ['not pods of a namespace without any', { spec: peers(inNamespace('empty', labelled('app', 'web'))), more: [aNamespace('empty')] }, []],
    ['not a namespace without pods', { spec: peers(inNamespace('empty')), more: [aNamespace('empty')] }, []],
    ['not every namespace', { spec: peers({ namespaceSelector: {}, podSelector: labelled('k8s-app', 'metrics-server') }) }, []],
    ['on egress', { spec: egress({ to: [{ podSelector: labelled('k8s-app', 'metrics-server') }], ports: [{ port: 443 }] }) }, ['WARN peer-matches-nothing spec.egress.0.to.0.podSelector']],
  ],
  'named-port-unresolved': [
    ['a name that the selected pods do not have', { spec: ingress({ from: fromApi.from, ports: [{ port: 8080 }, { port: 'metrics' }] }) }, ['WARN named-port-unresolved spec.ingress.0.ports.1']],
    ['the right name of another protocol', { spec: ingress({ from: fromApi.from, ports: [{ port: 'http', protocol: 'UDP' }] }) }, ['WARN named-port-unresolved spec.ingress.0.ports.0']],
    ['a name that the peers do not have', { spec: egress({ to: fromApi.from, ports: [{ port: 'grpc' }] }) }, ['WARN named-port-unresolved spec.egress.0.ports.0']],
    ['a name for addresses', { spec: egress({ to: [{ ipBlock: { cidr: '192.0.2.0/24' } }], ports: [{ port: 'http' }] }) }, ['WARN named-port-unresolved spec.egress.0.ports.0']],
    ['not a name that they have', { spec: ingress({ from: fromApi.from, ports: [{ port: 'http' }] }) }, []],
    ['not a name that the peers have', { spec: egress({ to: fromApi.from, ports: [{ port: 'http' }] }) }, []],
    ['not where one pod of several has it', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'metrics' }] }] }, more: [aPod('shop/api', { labels: { app: 'api' }, ports: [{ ...HTTP, name: 'metrics' }] })] }, []],
    ['not where nobody is selected', { spec: { ...ingress({ from: fromApi.from, ports: [{ port: 'metrics' }] }), podSelector: labelled('app', 'wbe') } }, ['WARN unknown-label spec.podSelector']],
  ],
};

describe('audit: mistakes in policies', () => {
  for (const [id, rows] of Object.entries(TABLES)) {
    describe(id, () => {
      for (const [title, found, expected] of rows) it(title, () => assert.deepEqual(foundIn(found), expected));
    });
  }

  it('rule-without-ports is a note on a rule with peers, and nothing on one without', () => {
    assert.deepEqual(foundIn({ spec: ingress({ from: fromApi.from }) }, true), ['INFO rule-without-ports spec.ingress.0']);
    assert.deepEqual(foundIn({ spec: ingress({}) }, true), []);
  });

  it('what a baseline generates and fits nothing here is a note', () => {
    const labels = { 'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'netbaseline.io/baseline': 'default' };
    const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [inNamespace('monitoring', labelled('app', 'prometheus'))], ports: [{ port: 'metrics' }] }] };
    assert.deepEqual(foundIn({ spec, labels }, true), ['INFO unknown-label spec.ingress.0.from.0.namespaceSelector']);
    assert.deepEqual(foundIn({ spec }), ['WARN unknown-label spec.ingress.0.from.0.namespaceSelector', 'WARN named-port-unresolved spec.ingress.0.ports.0']);
  });

  it('where nothing of kube-system is known, any of the usual DNS pods will do', () => {
    const application = CLUSTER.filter(({ metadata }) => metadata.namespace !== 'kube-system' && metadata.name !== 'kube-system');
    const idsWith = (to: unknown): string[] => namespaceIn(auditObjects([...application, aPolicy('shop/allow-dns', egress({ ...TO_DNS, to: [to] }))]), 'shop').findings.map(({ id }) => id);
    assert.deepEqual(idsWith(inNamespace('kube-system', labelled('k8s-app', 'coredns'))), ['dns-blocked']); // of api only, which this policy does not select
    assert.deepEqual(idsWith(inNamespace('kube-system', labelled('k8s-app', 'other'))), ['dns-blocked', 'dns-matches-nothing']);
  });

  it('a namespace without pods says nothing about selectors', () => {
    const spec = { podSelector: labelled('app', 'wbe'), policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: labelled('app', 'x') }], ports: [{ port: 'metrics' }] }] };
    const audit = auditObjects([...CLUSTER, aNamespace('new'), aPolicy('new/p', spec)]);
    assert.deepEqual(namespaceIn(audit, 'new').findings.filter(({ object }) => object.name === 'p'), []);
  });
});

describe('audit: labels that may have been meant', () => {
  const fixOf = (spec: unknown, more: readonly KubeObject[] = []): string | undefined =>
    namespaceIn(auditObjects([...CLUSTER, ...more, aPolicy('shop/p', spec)]), 'shop').findings.find(({ id }) => id === 'unknown-label' || id === 'dns-matches-nothing')?.fix;
  const select = (key: string, value: string) => ({ ...ingress(fromApi), podSelector: labelled(key, value) });

  it('a value almost the same', () => assert.equal(fixOf(select('app', 'wbe')), 'correct the selector; there is app=web'));
  it('other values, where none is near', () => assert.equal(fixOf(select('app', 'warehouse')), 'correct the selector; there is app=web and app=api'));
  it('the same value of another key', () => assert.equal(fixOf(select('name', 'web')), 'correct the selector; there is app=web'));
  it('a key almost the same', () => assert.equal(fixOf(select('ap', 'nothing')), 'correct the selector; there is app'));
  it('the name of a namespace', () => assert.equal(fixOf(peers({ namespaceSelector: labelled('name', 'kube-system') })), 'correct the selector; there is kubernetes.io/metadata.name=kube-system'));
  it('nothing, where nothing is near', () => assert.equal(fixOf(select('something', 'else')), 'correct the selector, or remove it if what it was for is gone'));
  it('for DNS, the whole peer', () => assert.equal(fixOf(egress({ ...TO_DNS, to: [{ namespaceSelector: labelled('name', 'kube-system') }] })),
    'name the pods of kube-system/kube-dns in one peer: namespaceSelector {matchLabels: {kubernetes.io/metadata.name: kube-system}} and podSelector {matchLabels: {k8s-app: kube-dns}}'));
});

describe('audit: ranges that reach more than the internet', () => {
  const leaksOf = (cidr: string, except: readonly string[], direction: 'egress' | 'ingress' = 'egress'): string[] => {
    const block = { ipBlock: { cidr, except } };
    const spec = direction === 'egress' ? egress({ to: [block], ports: [{ port: 443 }] }) : ingress({ from: [block], ports: [{ port: 443 }] });
    return namespaceIn(auditObjects([...CLUSTER, aPolicy('shop/p', spec)]), 'shop').findings.filter(({ id }) => id === 'except-leaks').map(({ message }) => message.replace(/.*still reaches /, ''));
  };
  const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

  it('names the metadata address', () => assert.deepEqual(leaksOf('0.0.0.0/0', PRIVATE), ['169.254.169.254 (cloud metadata)']));
  it('is content with the range around it', () => assert.deepEqual(leaksOf('0.0.0.0/0', [...PRIVATE, '169.254.0.0/16']), []));
  it('names private ranges', () => assert.deepEqual(leaksOf('0.0.0.0/0', ['169.254.169.254/32', '10.0.0.0/8', '100.64.0.0/10']), ['172.16.0.0/12 and 192.168.0.0/16']));
  it('says where a part is left', () => assert.deepEqual(leaksOf('0.0.0.0/0', [...PRIVATE.slice(1), '10.0.0.0/9', '169.254.0.0/16']), ['part of 10.0.0.0/8']));
  it('adds up what several excepts take out', () => assert.deepEqual(leaksOf('0.0.0.0/0', [...PRIVATE.slice(1), '10.0.0.0/9', '10.128.0.0/9', '169.254.0.0/16']), []));
  it('looks at half of the addresses as well', () => assert.deepEqual(leaksOf('0.0.0.0/1', ['100.64.0.0/10']), ['10.0.0.0/8']));
  it('looks at IPv6', () => assert.deepEqual(leaksOf('::/0', ['2001:db8::/32']), ['fd00:ec2::254 (cloud metadata) and fc00::/7 (unique local)']));
  it('is content with global IPv6 addresses', () => assert.deepEqual(leaksOf('2000::/3', ['2001:db8::/32']), []));
  it('leaves private ranges alone', () => assert.deepEqual(leaksOf('10.0.0.0/8', ['10.1.0.0/16']), []));
  it('leaves ranges without except alone', () => assert.deepEqual(leaksOf('0.0.0.0/0', []), []));
  it('sees a peer of the same rule that has what is left out', () => {
    const reopens = (...to: unknown[]): string[] => namespaceIn(auditObjects([...CLUSTER, aPolicy('shop/p', egress({ to, ports: [{ port: 443 }] }))]), 'shop').findings
      .filter(({ id }) => id === 'except-leaks').map(({ path, message }) => `${path.join('.')}: ${message}`);
    const internet = { ipBlock: { cidr: '0.0.0.0/0', except: [...PRIVATE, '169.254.169.254/32'] } };
    const told = (cidr: string) => [`spec.egress.0.to.0.ipBlock.except: what this except list leaves out, to[1] of the same rule lets through: ${cidr}`];
    assert.deepEqual(reopens(internet, { ipBlock: { cidr: '169.254.0.0/16' } }), told('169.254.0.0/16'));
    assert.deepEqual(reopens(internet, { ipBlock: { cidr: '10.0.0.0/8' } }), told('10.0.0.0/8'));
    assert.deepEqual([reopens(internet, { ipBlock: { cidr: '10.1.0.0/16' } }), reopens(internet, { ipBlock: { cidr: '192.0.2.0/24' } })], [[], []]);
  });
  it('leaves ingress alone', () => assert.deepEqual(leaksOf('0.0.0.0/0', ['10.0.0.0/8'], 'ingress'), []));
});

describe('audit: the metadata address', () => {
  const reaches = (...rules: unknown[]): string[] => namespaceIn(auditObjects([...CLUSTER, aPolicy('shop/p', egress(...rules))]), 'shop').findings.filter(({ id }) => id === 'metadata-reachable').map(({ path }) => path.join('.'));
  const everywhere = { ipBlock: { cidr: '0.0.0.0/0' } };

  it('is reached by a range without except', () => assert.deepEqual(reaches({ to: [everywhere], ports: [{ port: 80 }] }), ['spec.egress.0.to.0']));
  it('is named at the peer', () => assert.deepEqual(reaches({ to: [{ podSelector: {} }], ports: [{ port: 80 }] }, { to: [{ podSelector: {} }, everywhere], ports: [{ port: 80 }] }), ['spec.egress.1.to.1']));
  it('is reached by a rule without peers', () => assert.deepEqual(reaches({ ports: [{ port: 80 }] }), ['spec.egress.0']));
  it('is not asked for on other ports', () => assert.deepEqual(reaches({ to: [everywhere], ports: [{ port: 443 }] }), []));
  it('is left to except-leaks where there is an except', () => assert.deepEqual(reaches({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }], ports: [{ port: 80 }] }), []));
  it('is asked for on the ports of an except list that leaves it out', () => {
    const internet = { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.169.254/32'] } }], ports: [{ port: 443 }] };
    const local = (port: number) => ({ to: [{ ipBlock: { cidr: '169.254.0.0/16' } }], ports: [{ port }] });
    assert.deepEqual([reaches(internet, local(443)), reaches(internet, local(53)), reaches(internet), reaches(internet, { to: [everywhere], ports: [{ port: 443 }] })], [['spec.egress.1.to.0'], [], [], ['spec.egress.1.to.0']]);
  });
  it('goes without saying where everything is open', () => assert.deepEqual(reaches({}), []));
});

describe('audit: what only together with others lets everybody in', () => {
  const half = (operator: string) => ({ from: [{ namespaceSelector: { matchExpressions: [{ key: 'zone', operator }] } }] });
  const of = (...rules: unknown[]): string[] => namespaceIn(auditObjects([...CLUSTER, aPolicy('shop/p', ingress(...rules))]), 'shop').findings.filter(({ id }) => id === 'defeated' || id === 'unknown-label').map(({ id }) => id);

  it('is no peer that lets nobody through', () => assert.deepEqual(of(half('Exists'), half('DoesNotExist')), ['defeated']));
  it('and is one by itself', () => assert.deepEqual(of(half('Exists')), ['unknown-label']));
  it('beside a peer that opens it is a mistake', () => assert.deepEqual(of({ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { podSelector: labelled('app', 'wbe') }] }), ['defeated', 'unknown-label']));
});

describe('audit: the place of a finding', () => {
  it('is the policy where it is the whole spec', () => {
    const [found] = namespaceIn(auditObjects([...CLUSTER, aPolicy('shop/p', { ...web, egress: [] })]), 'shop').findings.filter(({ id }) => id === 'policytypes-surprise');
    assert.ok(found !== undefined);
    assert.equal(whereOf(found), 'in NetworkPolicy shop/p');
  });
});
