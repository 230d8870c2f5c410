/** What an audit says of namespaces: levels, classes, default-deny, who defeats it, exemptions, and what is unknown. */
import assert from 'node:assert/strict';
import type { KubeObject } from '../../../src/analyze/snapshot.ts';
import { aNamespace, allowDns, aPod, aPolicy, auditObjects, CLUSTER, denyAll, findingsIn, namespaceIn } from '../../support/audit.ts';

const EVERYTHING = [{}];
const deny = (id: string, ...policyTypes: string[]): KubeObject => aPolicy(id, { podSelector: {}, policyTypes });
const opening = (id: string, direction: 'Ingress' | 'Egress', rule: unknown, podSelector: unknown = {}): KubeObject =>
  aPolicy(id, { podSelector, policyTypes: [direction], [direction === 'Ingress' ? 'ingress' : 'egress']: [rule] });
const clusterPolicy = (kind: string, spec: unknown): KubeObject => ({ apiVersion: 'policy.networking.k8s.io/v1alpha1', kind, metadata: { name: 'default' }, spec });
const messages = (objects: readonly KubeObject[], namespace = 'shop'): string[] => namespaceIn(auditObjects(objects), namespace).findings.map(({ message }) => message);

describe('audit: namespaces', () => {
  it('one that denies by default and allows DNS is OK', () => {
    const { level, directions, dns, findings, pods, policies } = namespaceIn(auditObjects(CLUSTER), 'shop');
    assert.deepEqual([level, directions.Ingress.class, directions.Egress.class, dns, findings, pods, policies], ['OK', 'closed', 'restricted', 'allowed', [], 2, 2]);
    assert.deepEqual(directions.Ingress.defaultDeny.map(({ name }) => name), ['default-deny']);
    assert.deepEqual(directions.Egress.defaultDeny.map(({ name }) => name), ['default-deny', 'allow-dns']);
    assert.deepEqual([...directions.Egress.counts], [['restricted', 2]]);
  });

  it('one without policies fails, with or without pods', () => {
    const audit = auditObjects([...CLUSTER, aNamespace('empty'), aNamespace('full'), aPod('full/web')]);
    for (const name of ['empty', 'full']) {
      assert.deepEqual(findingsIn(audit, name), ['FAIL no-policy']);
      assert.equal(namespaceIn(audit, name).directions.Ingress.class, 'open');
    }
    assert.match(messages([...CLUSTER, aNamespace('full'), aPod('full/web')], 'full').join(), /ingress and egress of pod web are open/);
  });

  it('one that policies of cluster scope close needs none of its own', () => {
    const everyPod = { namespaces: {} };
    const baseline = clusterPolicy('BaselineAdminNetworkPolicy', {
      subject: everyPod, ingress: [{ action: 'Deny', from: [everyPod] }], egress: [{ action: 'Deny', to: [{ networks: ['0.0.0.0/0'] }] }],
    });
    const { findings, directions } = namespaceIn(auditObjects([...CLUSTER, aNamespace('new'), aPod('new/web'), baseline]), 'new');
    assert.deepEqual(findings.map(({ id, direction }) => [id, direction]), [['no-policy', 'Ingress'], ['dns-blocked', 'Egress']]);
    assert.match(findings[0]?.message ?? '', /ingress of pod web is not isolated/); // addresses outside are not kept out
    assert.equal(directions.Egress.isolated, 'yes');
    assert.deepEqual([directions.Egress.hasDefaultDeny, directions.Egress.defaultDeny], [true, []]);
  });

  describe('no-default-deny', () => {
    const allowWeb = opening('blog/allow-web', 'Ingress', { from: [{ podSelector: {} }] }, { matchLabels: { app: 'web' } });
    const found = (...objects: KubeObject[]) => namespaceIn(auditObjects([...CLUSTER, aNamespace('blog'), ...objects]), 'blog').findings
      .filter(({ id }) => id === 'no-default-deny').map(({ level, direction }) => `${level} ${direction}`);

    it('fails where a pod is open', () => assert.deepEqual(found(allowWeb, aPod('blog/web', { labels: { app: 'web' } }), aPod('blog/other')), ['FAIL Egress', 'FAIL Ingress']));
    it('fails where no pod is there yet', () => assert.deepEqual(found(allowWeb), ['FAIL Egress', 'FAIL Ingress']));
    it('warns where every pod happens to be isolated', () => assert.deepEqual(found(allowWeb, deny('blog/deny', 'Egress'), aPod('blog/web', { labels: { app: 'web' } })), ['WARN Ingress']));
    it('is by direction', () => assert.deepEqual(found(deny('blog/deny', 'Ingress')), ['FAIL Egress']));
    it('is content with a policy for all pods that has rules', () => assert.deepEqual(found(deny('blog/deny', 'Ingress'), allowDns('blog')), []));
    it('is content with a spec that has nothing but its default', () => assert.deepEqual(found(aPolicy('blog/deny', {}), allowDns('blog')), []));
    it('does not look at finished pods, nor at those of the host network', () => {
      assert.deepEqual(found(allowWeb, deny('blog/deny', 'Egress'), aPod('blog/web', { labels: { app: 'web' } }), aPod('blog/job', { phase: 'Failed' }), aPod('blog/agent', { hostNetwork: true })), ['WARN Ingress']);
    });
  });

  describe('defeated', () => {
    it('names what the policy opens by itself, and every other that would be enough', () => {
      const out = (name: string, spec: object, selector: object = {}) => aPolicy(`shop/${name}`, { podSelector: selector, policyTypes: ['Egress'], egress: [spec] });
      const web = { matchLabels: { app: 'web' } };
      const range = { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.169.254/32'] } }], ports: [{ port: 443 }] };
      const names = out('c', { ports: [{ port: 53, protocol: 'UDP' }] });
      const { findings, directions } = namespaceIn(auditObjects([...CLUSTER, out('a', range, web), out('b', range, web), names]), 'shop');
      const told = findings.filter(({ id }) => id === 'defeated').map(({ message }) => message);
      assert.deepEqual(told.map((message) => message.replace(/: .* denies by default/, '')), [
        'NetworkPolicy shop/a (egress rule 0) lets traffic out to any address outside on TCP 443; so would NetworkPolicy shop/b (egress rule 0) on TCP 443 and NetworkPolicy shop/c (egress rule 0) on UDP 53 by themselves',
        'NetworkPolicy shop/c (egress rule 0) lets traffic out to any address outside on UDP 53',
      ]);
      assert.deepEqual([directions.Egress.defeatedBy.map(({ policy }) => policy.name), directions.Egress.alsoBy.map(({ policy }) => policy.name)], [['a', 'c'], ['b']]);
    });

    const found = (...objects: KubeObject[]) => namespaceIn(auditObjects([...CLUSTER, ...objects]), 'shop').findings
      .filter(({ id }) => id === 'defeated').map(({ level, direction, object, path }) => `${level} ${direction} ${object.name} ${path.join('.')}`);

    it('names the policy and its rule', () => assert.deepEqual(found(aPolicy('shop/tmp', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }] }, {}] })), ['FAIL Ingress tmp spec.ingress.1']));
    it('says what passes, whom, and despite what', () => {
      assert.deepEqual(messages([...CLUSTER, opening('shop/tmp', 'Ingress', {}, { matchLabels: { app: 'web' } })]),
        ['NetworkPolicy shop/tmp (ingress rule 0) lets everybody in on every port: pod web (1 of 2 pods) is allow-all, although default-deny denies by default']);
    });
    it('names all policies of a set that only together opens', () => {
      const blocks = (cidr: string) => ({ to: [{ ipBlock: { cidr } }] });
      const half = [opening('shop/a', 'Egress', blocks('0.0.0.0/1')), opening('shop/b', 'Egress', blocks('128.0.0.0/1'))];
      const [defeat] = namespaceIn(auditObjects([...CLUSTER, ...half]), 'shop').findings;
      assert.match(defeat?.message ?? '', /^NetworkPolicy shop\/a \(egress rule 0\) and NetworkPolicy shop\/b \(egress rule 0\) together let everything out/);
      assert.deepEqual(namespaceIn(auditObjects([...CLUSTER, ...half]), 'shop').directions.Egress.defeatedBy.map(({ policy, rules }) => [policy.name, rules]), [['a', [0]], ['b', [0]]]);
    });
    it('warns where some ports are open to all addresses', () => assert.deepEqual(found(opening('shop/tmp', 'Ingress', { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['192.0.2.0/24'] } }], ports: [{ port: 443 }] })), ['WARN Ingress tmp spec.ingress.0']));
    it('fails where every port is, on ingress', () => assert.deepEqual(found(opening('shop/tmp', 'Ingress', { from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['192.0.2.0/24'] } }] })), ['FAIL Ingress tmp spec.ingress.0']));
    it('fails where every pod of the cluster may come in', () => assert.deepEqual(found(opening('shop/tmp', 'Ingress', { from: [{ namespaceSelector: {} }] })), ['FAIL Ingress tmp spec.ingress.0']));
    it('warns where every pod of the cluster may come in on a port', () => assert.deepEqual(found(opening('shop/tmp', 'Ingress', { from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] })), ['WARN Ingress tmp spec.ingress.0']));
    it('warns where everything outside may be reached, on egress', () => assert.deepEqual(found(opening('shop/tmp', 'Egress', { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['192.0.2.0/24'] } }] })), ['WARN Egress tmp spec.egress.0']));
    it('takes pods with different classes apart', () => {
      const web = { matchLabels: { app: 'web' } };
      assert.deepEqual(found(opening('shop/all', 'Ingress', {}, web), opening('shop/some', 'Ingress', { ports: [{ port: 80 }] }, { matchLabels: { app: 'api' } })), ['FAIL Ingress all spec.ingress.0', 'WARN Ingress some spec.ingress.0']);
    });
    it('is also said of a namespace that has nothing but an allow-all', () => {
      const audit = auditObjects([...CLUSTER, aNamespace('blog'), aPolicy('blog/all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ingress: EVERYTHING, egress: EVERYTHING })]);
      assert.deepEqual(findingsIn(audit, 'blog'), ['FAIL defeated', 'FAIL defeated']);
      assert.equal(namespaceIn(audit, 'blog').directions.Ingress.hasDefaultDeny, false);
    });
    it('is not said of what policies of other pods open', () => assert.deepEqual(found(opening('shop/tmp', 'Ingress', {}, { matchLabels: { app: 'nobody' } })), []));
    it('takes the weaker class where it is not known whether ranges match pods, and says so', () => {
      const open = opening('shop/tmp', 'Egress', { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] });
      const [defeat] = namespaceIn(auditObjects([...CLUSTER, open], {}, { ipBlockMatchesPods: 'unknown' }), 'shop').findings;
      assert.equal(defeat?.level, 'FAIL');
      assert.match(defeat?.message ?? '', /are allow-all, although default-deny denies by default, or allow-any-external where the network does not match pods by ipBlock$/);
    });
  });

  describe('dns-blocked', () => {
    const dnsOf = (...objects: KubeObject[]) => {
      const { dns, findings } = namespaceIn(auditObjects([...CLUSTER, ...objects]), 'shop');
      return [dns, ...findings.filter(({ id }) => id === 'dns-blocked').map(({ message }) => message)];
    };
    const only = (podSelector: unknown) => aPolicy('shop/allow-dns', { ...(allowDns('shop')['spec'] as object), podSelector });

    it('names the pods that are cut off', () => assert.deepEqual(dnsOf(only({ matchLabels: { app: 'web' } })), ['partly', 'names cannot be resolved by pod api (1 of 2 pods): egress is denied, and no rule allows DNS']));
    it('says when all of them are', () => assert.deepEqual(dnsOf(deny('shop/allow-dns', 'Egress')), ['blocked', 'names cannot be resolved by pod api and pod web: egress is denied, and no rule allows DNS']));
    it('leaves out pods that ask other servers', () => {
      const own = (id: string, dnsPolicy: string): KubeObject => ({ ...aPod(id, { labels: { app: 'own' } }), spec: { dnsPolicy, containers: [] } });
      assert.deepEqual(dnsOf(deny('shop/allow-dns', 'Egress'), own('shop/web', 'None'), own('shop/api', 'Default')), ['allowed']);
      assert.deepEqual(dnsOf(deny('shop/allow-dns', 'Egress'), own('shop/web', 'None'), own('shop/api', 'ClusterFirst')), ['blocked', 'names cannot be resolved by pod api: egress is denied, and no rule allows DNS']);
    });
    it('sees that TCP was forgotten', () => {
      const udp = opening('shop/allow-dns', 'Egress', { to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] });
      assert.deepEqual(dnsOf(udp), ['allowed', 'names can be resolved over UDP only by pod api and pod web: long answers come over TCP and will fail']);
    });
    it('sees a policy on the DNS pods', () => assert.deepEqual(dnsOf(denyAll('kube-system'), allowDns('shop')).map((text) => text.replace(/.*: /, '')), ['blocked', 'NetworkPolicy kube-system/default-deny isolates the DNS pods']));
    it('is content with the address of the DNS Service', () => {
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'kube-dns', namespace: 'kube-system' }, spec: { clusterIP: '10.96.0.10', selector: { 'k8s-app': 'kube-dns' }, ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }] } };
      const address = opening('shop/allow-dns', 'Egress', { to: [{ ipBlock: { cidr: '10.96.0.10/32' } }], ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }] });
      assert.deepEqual(dnsOf(service, address), ['allowed']);
      assert.equal(dnsOf(address)[0], 'blocked'); // of that address nobody knows
    });
    it('is content with a cache on the nodes', () => {
      const cache = aPod('kube-system/node-local-dns', { labels: { 'k8s-app': 'node-local-dns' }, hostNetwork: true });
      const address = opening('shop/allow-dns', 'Egress', { to: [{ ipBlock: { cidr: '169.254.20.10/32' } }], ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }] });
      assert.deepEqual(dnsOf(cache, address), ['allowed']);
    });
    it('asks at the port of the pods', () => {
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'dns-default', namespace: 'openshift-dns' }, spec: { selector: { dns: 'default' }, ports: [{ port: 53, protocol: 'UDP', targetPort: 'dns' }, { port: 53, targetPort: 5353 }] } };
      const pod = aPod('openshift-dns/dns', { labels: { dns: 'default' }, ports: [{ name: 'dns', containerPort: 5353, protocol: 'UDP' }] });
      const to = (port: number) => opening('shop/allow-dns', 'Egress', { to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } } }], ports: [{ port, protocol: 'UDP' }, { port }] });
      assert.deepEqual([dnsOf(service, pod, to(53))[0], dnsOf(service, pod, to(5353))[0]], ['blocked', 'allowed']);
    });
    it('is no question where egress is open', () => assert.deepEqual(dnsOf(deny('shop/default-deny', 'Ingress'), opening('shop/allow-dns', 'Egress', {})), ['allowed']));
  });

  it('says what it cannot judge, by name, and takes nothing of it for granted', () => {
    const cilium: KubeObject = { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { name: 'web', namespace: 'shop' }, spec: { endpointSelector: {}, ingress: [{}] } };
    const { findings, directions, level } = namespaceIn(auditObjects([...CLUSTER, cilium, opening('shop/tmp', 'Ingress', {})]), 'shop');
    assert.deepEqual([level, directions.Ingress.class, directions.Ingress.isolated, directions.Ingress.defeatedBy], ['WARN', 'unknown', 'unknown', []]);
    assert.match(findings[0]?.message ?? '', /ingress.* cannot be judged: CiliumNetworkPolicy shop\/web is of a kind that is not evaluated/);
  });

  it('what may exist and may not be read makes everything unknown', () => {
    const audit = auditObjects(CLUSTER, { unread: [{ kind: 'AdminNetworkPolicy', why: 'forbidden' }] });
    assert.deepEqual(findingsIn(audit), ['WARN opaque-policy']);
    assert.equal(audit.summary.directions.Ingress.unknown, 1);
  });

  it('without pods, one whose policies single out pods is unknown, and one whose policies are for all is not', () => {
    const noPods = CLUSTER.filter(({ kind }) => kind !== 'Pod');
    const audit = auditObjects([...noPods, aNamespace('mixed'), denyAll('mixed'), allowDns('mixed'), opening('mixed/web', 'Ingress', {}, { matchLabels: { app: 'web' } }), aNamespace('open')]);
    const classesOf = (name: string) => namespaceIn(audit, name).directions.Ingress.class;
    assert.deepEqual([classesOf('shop'), classesOf('mixed'), classesOf('open')], ['closed', 'unknown', 'open']);
  });

  it('leaves system namespaces out, and takes them as they are when they are asked for', () => {
    assert.deepEqual(auditObjects(CLUSTER).namespaces.map(({ name }) => name), ['shop']);
    assert.equal(auditObjects(CLUSTER).summary.systemLeftOut, 1);
    const { level, findings, standing } = namespaceIn(auditObjects(CLUSTER, {}, { includeSystem: true }), 'kube-system');
    assert.deepEqual([level, standing.isSystem, findings.map((each) => `${each.level} ${each.id}`)], ['OK', true, ['INFO no-policy']]);
  });

  it('leaves out namespaces on their way out, and those that were not asked for', () => {
    const going = { ...aNamespace('going', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }) };
    const { namespaces } = auditObjects([...CLUSTER, going, aNamespace('other')], {}, { includes: ({ labels }) => labels.get('team') === 'a' });
    assert.deepEqual(namespaces.map(({ name }) => name), ['shop']);
    assert.deepEqual(auditObjects([...CLUSTER, going]).namespaces.map(({ name }) => name), ['shop']);
  });

  describe('exemptions', () => {
    const baseline = (name: string, spec: unknown): KubeObject => ({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name }, spec });
    const exempting = (directions: string[] | undefined, expiresAt?: string) =>
      baseline('default', { exemptions: [{ namespace: 'old', reason: 'vendor appliance', ...(directions !== undefined && { directions }), ...(expiresAt !== undefined && { expiresAt }) }] });
    const found = (...objects: KubeObject[]) => namespaceIn(auditObjects([...CLUSTER, aNamespace('old'), ...objects]), 'old');

    it('are told beside their direction', () => {
      const of = (...directions: string[]) => found(exempting(directions)).findings[0]?.message.replace(/, so (.*) of .*? are open/, ': $1 … are open');
      assert.equal(of('Egress'), 'there is no NetworkPolicy: ingress and egress (exempt in baseline default: vendor appliance) … are open');
      assert.equal(of('Ingress', 'Egress'), 'there is no NetworkPolicy: ingress and egress … are open (exempt in baseline default: vendor appliance)');
    });
    it('count only in a baseline that can be used, and the others are named', () => {
      const unusable = (spec: object, fields: object = {}) => {
        const audit = auditObjects([...CLUSTER, aNamespace('old'), baseline('default', { exemptions: [{ namespace: 'old', reason: 'vendor' }], ...spec })], fields);
        return [namespaceIn(audit, 'old').level, ...audit.unusable.map(({ name, why }) => `${name} ${why.replace(/;.*/, '')}`)];
      };
      assert.deepEqual(unusable({}), ['OK']);
      assert.deepEqual(unusable({ ingres: {} }, { source: 'files' }), ['FAIL', 'default spec.ingres: there is no such field']);
      assert.equal(unusable({ dns: { discovery: 'Magic' } }, { source: 'files' }).length, 2);
      assert.equal(unusable({ dns: { discovery: 'Magic' } }).length, 2);
    });
    it('make a note of what would fail, with the reason', () => {
      const { level, findings, standing } = found(exempting(undefined));
      assert.deepEqual([level, findings.map((each) => `${each.level} ${each.id}`)], ['OK', ['INFO no-policy']]);
      assert.match(findings[0]?.message ?? '', /exempt in baseline default: vendor appliance/);
      assert.deepEqual(standing.exemptions.map(({ direction, baseline: by, expiresAt }) => [direction, by, expiresAt]), [['Ingress', 'default', undefined], ['Egress', 'default', undefined]]);
    });
    it('are by direction', () => {
      assert.equal(found(exempting(['Egress'])).level, 'FAIL');
      assert.deepEqual(found(exempting(['Egress']), deny('old/default-deny', 'Ingress')).findings.map((each) => `${each.level} ${each.id}`), ['INFO no-default-deny']);
    });
    it('end', () => {
      assert.equal(found(exempting(undefined, '2026-05-31T23:59:59Z')).level, 'FAIL');
      const { level, standing } = found(exempting(undefined, '2026-06-01T00:00:01Z'));
      assert.deepEqual([level, standing.exemptions[0]?.expiresAt], ['OK', '2026-06-01T00:00:01.000Z']);
    });
    it('do not count where another baseline enforces the direction', () => assert.equal(found(exempting(undefined), baseline('other', {})).level, 'FAIL'));
    it('do not count in the score', () => {
      const { summary } = auditObjects([...CLUSTER, aNamespace('old'), exempting(undefined)]);
      assert.deepEqual([summary.score, summary.directions.Ingress.exempt, summary.directions.Ingress.notIsolated], [100, 1, 0]);
    });
    it('have mistakes that would fail warn', () => {
      const empty = aPolicy('old/p', { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: null }] });
      assert.deepEqual(found(exempting(undefined), empty).findings.map((each) => `${each.level} ${each.id}`), ['WARN empty-from', 'INFO no-default-deny', 'INFO defeated']);
      assert.equal(found(exempting(['Egress']), empty).level, 'FAIL');
    });
    it('do not excuse mistakes', () => assert.equal(found(exempting(undefined), aPolicy('old/p', { podSelector: {}, policyTypes: ['Ingress'], egress: [{}] })).level, 'WARN'));
  });

  it('sorts the worst first, by level, then by class, then by name', () => {
    const audit = auditObjects([
      ...CLUSTER, aNamespace('b'), aNamespace('a'), aNamespace('half'), denyAll('half'), allowDns('half'), opening('half/all', 'Ingress', {}), aNamespace('warned'), denyAll('warned'),
    ]);
    assert.deepEqual(audit.namespaces.map(({ name, level }) => `${level} ${name}`), ['FAIL a', 'FAIL b', 'FAIL half', 'WARN warned', 'OK shop']);
    assert.deepEqual(audit.summary.levels, { FAIL: 3, WARN: 1, OK: 1 });
    assert.equal(audit.summary.score, 50); // of ten pairs: two of shop, two of warned, egress of half
  });

  it('has no score where there is nothing to count', () => assert.equal(auditObjects([aNamespace('kube-system')], {}, { includeSystem: true }).summary.score, undefined));

  it('is not misled by names that every object inherits', () => {
    const names = ['constructor', '__proto__', 'toString'];
    const audit = auditObjects([...CLUSTER, ...names.flatMap((name) => [aNamespace(name), aPod(`${name}/${name}`), aPolicy(`${name}/${name}`, { podSelector: {}, policyTypes: ['Ingress'] })])]);
    for (const name of names) assert.deepEqual(findingsIn(audit, name), ['FAIL no-default-deny']);
  });
});
