/** Explanations of connections: what is said, and that it is what the evaluator says. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseEnd } from '../../../src/analyze/explain/end.ts';
import { explanationDocument } from '../../../src/analyze/explain/document.ts';
import { explainConnection, type Explanation } from '../../../src/analyze/explain/explanation.ts';
import { explanationLines } from '../../../src/analyze/explain/lines.ts';
import type { Cluster } from '../../../src/analyze/explain/cluster.ts';
import type { Verdict } from '../../../src/netpol/answer.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import { withChanges } from '../../../src/netpol/smallest-change.ts';
import { buildWorld } from '../../../src/netpol/world.ts';
import { clusterOfWorld, explained, explainedText, podYaml, policyYaml, serviceYaml, shop } from '../../support/explain.ts';
import { aConnection, someWorld } from '../../support/random-netpol.ts';

const verdictOf = (found: Explanation | string): string => (typeof found === 'string' ? found : found.verdict);
const text = (question: string, more = '', color = false): string => explainedText(shop(more), question, color);
const lines = (...expected: readonly string[]): string => `${expected.join('\n')}\n`;

const GUARD = `
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: Admin
  priority: 5
  subject: {namespaces: {}}
  ingress:
  - {action: Pass, from: [{namespaces: {matchLabels: {team: shop}}}]}
  - {action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 8080}}}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: last}
spec:
  tier: Baseline
  priority: 5
  subject: {namespaces: {}}
  egress: [{action: Deny, to: [{networks: ["0.0.0.0/0"]}]}]
---`;

describe('an explanation of a connection', () => {
  it('names the rule that allows it, on both sides, once for pods that are alike', () => {
    assert.equal(text('shop/web -> orders/api:8080'), lines(
      'ALLOWED  shop/web-1 (Deployment web) -> orders/api-1 (Deployment api), port 8080',
      '        the same for 1 more: from shop/web-2',
      '',
      'Egress of shop/web-1: allowed',
      '  NetworkPolicy  isolated by shop/allow-api and shop/default-deny',
      '                 allowed by NetworkPolicy shop/allow-api, spec.egress[0], to[0], ports[0]',
      '',
      'Ingress of orders/api-1: allowed',
      '  NetworkPolicy  isolated by orders/allow-shop and orders/default-deny',
      '                 allowed by NetworkPolicy orders/allow-shop, spec.ingress[0], from[0], ports[0]',
    ));
  });

  it('says of a denial what the nearest rules missed, on each side that blocks, and what would allow it', () => {
    const found = text('shop/web-1 -> db/postgres');
    const walk = lines(
      'DENIED  shop/web-1 (Deployment web) -> db/postgres-1 (Deployment postgres), port 5432',
      '',
      'Egress of shop/web-1: denied',
      '  NetworkPolicy  isolated by shop/allow-api and shop/default-deny, and no rule allows this',
      '  Nearest rules  NetworkPolicy shop/allow-api, spec.egress[0], to[0], ports[0]',
      "                 - the destination's namespace has no label team, and team=orders is wanted",
      '                 - port 8080 is wanted, and this is port 5432',
      '',
      'Ingress of db/postgres-1: denied',
      '  NetworkPolicy  isolated by db/allow-orders and db/default-deny, and no rule allows this',
      '  Nearest rules  NetworkPolicy db/allow-orders, spec.ingress[0], from[0], ports[0]',
      "                 - the source's namespace has team=shop, and team=orders is wanted",
      '                 - the source pod has app=web, and app=api is wanted',
      '',
      'Smallest change that would allow it (--fix shows it)',
    );
    assert.equal(found.slice(0, walk.length), walk);
    assert.match(found.slice(walk.length), /^ {2}Egress: a new NetworkPolicy shop\/\S+, or its rule added to NetworkPolicy shop\/allow-api\n {2}Ingress: a new NetworkPolicy db\/\S+\n$/);
  });

  it('says where no policy is about a pod, and what is no pod', () => {
    assert.equal(text('open/tool -> 8.8.8.8:53/udp'), lines(
      'ALLOWED  open/tool-1 (Deployment tool) -> 8.8.8.8, port 53/UDP',
      '',
      'Egress of open/tool-1: allowed',
      '  No policy is about this pod in this direction: allowed by default.',
      '',
      'Ingress of 8.8.8.8: allowed',
      '  No policy governs this side: it is an address outside of the cluster.',
    ));
    assert.match(text('192.168.0.1 -> orders/api:8080'), /Egress of 192\.168\.0\.1: allowed\n {2}No policy governs this side: it is node node-1\.\n\nIngress of orders\/api-1: allowed\n {2}It comes from the pod's own node/);
    assert.match(text('open/agent -> orders/api:8080'), /it is a pod in the network of its node/);
    assert.match(text('open/done-1 -> orders/api:8080'), /it is a pod that has finished[^]*Pod open\/done-1 has finished: its address may be another pod's by now/);
    assert.match(text('shop/web-1 -> shop/web-1:80'), /A pod reaches itself: no policy counts/);
  });

  it('walks through all tiers: who passes on, who is not asked, and what would have matched there', () => {
    assert.equal(text('shop/web-1 -> orders/api', GUARD), lines(
      'ALLOWED  shop/web-1 (Deployment web) -> orders/api-1 (Deployment api), port 8080',
      '',
      'Egress of shop/web-1: allowed',
      '  NetworkPolicy  isolated by shop/allow-api and shop/default-deny',
      '                 allowed by NetworkPolicy shop/allow-api, spec.egress[0], to[0], ports[0]',
      '  Baseline       not asked: a tier before it decides',
      '                 would be denied by ClusterNetworkPolicy last, spec.egress[0], to[0]',
      '',
      'Ingress of orders/api-1: allowed',
      '  Admin          passed on by ClusterNetworkPolicy guard, spec.ingress[0], from[0]',
      '  NetworkPolicy  isolated by orders/allow-shop and orders/default-deny',
      '                 allowed by NetworkPolicy orders/allow-shop, spec.ingress[0], from[0], ports[0]',
    ));
    const overridden = text('open/tool -> orders/api', GUARD + policyYaml('orders/from-open', '{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}'));
    assert.match(overridden, /denied by ClusterNetworkPolicy guard, spec\.ingress\[1\], from\[0\], protocols\[0\]\n {2}NetworkPolicy {2}not asked: the Admin tier decides\n {17}would be allowed by NetworkPolicy orders\/from-open, spec\.ingress\[0\]\n/);
    assert.match(text('orders/api -> db/postgres', GUARD), /Admin {10}guard is about this pod, and no rule matches/);
  });

  it('does not guess what the network plugin decides, and says so in plain words', () => {
    const range = policyYaml('shop/out', '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}');
    const unknown = text('shop/web-1 -> open/tool:80', range);
    assert.match(unknown, /^UNKNOWN[^]*Egress of shop\/web-1: unknown \[1\]\n {2}NetworkPolicy {2}isolated by shop\/allow-api, shop\/default-deny and shop\/out, and no other rule allows this:\n {17}may be allowed by NetworkPolicy shop\/out[^]*\n\[1\] Whether an ipBlock matches the address of a pod depends on the network plugin/);
    for (const [ipBlockMatchesPods, verdict] of [['yes', 'allowed'], ['no', 'denied'], ['unknown', 'unknown']] as const) {
      assert.equal(verdictOf(explained(shop(range, { options: { ipBlockMatchesPods } }), 'shop/web-1 -> open/tool:80')), verdict);
    }
  });

  it('is inconclusive, with names, where a policy has a say that is not evaluated or could not be read', () => {
    const cilium = '\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: odd, namespace: orders}\nspec: {endpointSelector: {}, ingress: [{}]}\n---';
    assert.match(text('shop/web -> orders/api', cilium), /^UNKNOWN[^]*Ingress of orders\/api-1: unknown[^]*CiliumNetworkPolicy orders\/odd may change this: policies of this kind are not evaluated/);
    const forbidden = shop('', { snapshot: { unread: [{ kind: 'ClusterNetworkPolicy', why: 'this user may not list them' }] } });
    assert.match(explainedText(forbidden, 'shop/web -> orders/api'), /^UNKNOWN[^]*ClusterNetworkPolicy could not be read, and one may change this: this user may not list them/);
  });

  it('tells rules that have no effect, since policyTypes leave their direction out', () => {
    assert.match(text('orders/api -> internet:443', policyYaml('orders/inert', '{podSelector: {}, policyTypes: [Ingress], egress: [{}]}')), /No effect {6}NetworkPolicy orders\/inert has egress rules, but its policyTypes leave Egress out/);
  });

  it('says of several pods which are allowed and which are denied, denied ones first', () => {
    const more = podYaml('open/tool-2', '{app: tool, x: y}', { ip: '10.0.4.2' }) + policyYaml('open/only', '{podSelector: {matchLabels: {x: y}}, policyTypes: [Egress]}');
    assert.match(text('open/tool -> 8.8.8.8:53', more), /^MIXED {2}2 pairs of ends in 2 cases\n\nDENIED {2}open\/tool-2 [^]*\nALLOWED {2}open\/tool-1 /);
  });

  it('says of a pod that reaches itself through a Service that policies may not count', () => {
    const itself = policyYaml('open/deny', '{podSelector: {}, policyTypes: [Ingress, Egress]}') + serviceYaml('open/tool', '{selector: {app: tool}, ports: [{port: 80}]}');
    const found = text('open/tool -> svc/open/tool:80', itself);
    assert.match(found, /^UNKNOWN[^]*A pod reaches itself through a Service: policies may not count\.\n {2}NetworkPolicy {2}isolated by open\/deny/);
    assert.doesNotMatch(found, /no policy counts/);
  });

  it('says that it holds over both families, and counts two ends once', () => {
    const dual = (id: string, ip: string): string => podYaml(id, '{app: two}', { ip }).replace('podIPs: [', `podIPs: [{ip: "fd00::${ip.at(-1)}"}, `);
    const both = dual('open/two-1', '10.0.5.1') + dual('open/three-1', '10.0.5.2');
    assert.match(text('open/two -> open/three:80', both), /^ALLOWED {2}open\/two-1 [^\n]*\n {8}over IPv4 and IPv6\n\n/);
    assert.match(text('open/two -> internet:80', both), /^ALLOWED {2}open\/two-1 [^\n]*\n {8}over IPv4 and IPv6\n\n/);
    assert.match(text('open/two -> open/three:80', both + dual('open/three-2', '10.0.5.3')), /\n {8}the same for 1 more: to open\/three-2\n {8}over IPv4 and IPv6\n\n/);
  });

  it('says which ports of a Service nobody answers on, and that it is not all allowed', () => {
    const half = serviceYaml('open/half', '{clusterIP: 10.96.0.11, selector: {app: tool}, ports: [{port: 80, targetPort: 8080}, {name: x, port: 81, targetPort: nope}]}');
    assert.match(text('shop/web-1 -> svc/open/half', policyYaml('shop/out', '{podSelector: {}, egress: [{}], policyTypes: [Egress]}') + half),
      /^MIXED {2}1 pair of ends in 1 case\n {8}Service open\/half has no endpoints for port 81 \(x\): no pod behind it has a port named "nope"\.\n\nALLOWED /);
    assert.equal(verdictOf(explained(shop(half), 'shop/web-1 -> svc/open/half')), 'denied');
    assert.equal(verdictOf(explained(shop(half), '8.8.8.8 -> svc/open/half:80')), 'allowed');
  });

  it('says of the internet which parts of it are allowed', () => {
    const parts = policyYaml('shop/out', '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [8.8.0.0/16, 10.0.0.0/8]}}]}]}');
    assert.match(text('shop/web-1 -> internet:443', parts), /^MIXED[^]*DENIED {2}shop\/web-1 \(Deployment web\) -> 8\.8\.0\.1 \(for 8\.8\.0\.0\/16\), port 443[^]*ALLOWED {2}shop\/web-1 \(Deployment web\) -> 1\.0\.0\.1 \(for /);
    assert.match(text('open/tool -> internet:443', parts), /^ALLOWED {2}open\/tool-1 \(Deployment tool\) -> internet, port 443/);
  });

  it('says of a set of addresses what would allow all of it, with the pods in it', () => {
    const allows = (cluster: Cluster, question: string, ips: readonly string[]): void => {
      const found = explained(cluster, question);
      assert.ok(typeof found !== 'string');
      const policies = withChanges(cluster.policies, found.cases.flatMap(({ changes }) => changes));
      const world = buildWorld({ namespaces: [...cluster.namespaces.values()], pods: cluster.pods, nodes: cluster.nodes, policies, options: { ipBlockMatchesPods: 'yes' } });
      const [one, ...others] = found.cases;
      assert.deepEqual([one?.verdict, others.length], ['denied', 0]);
      const fromSet = one !== undefined && 'ip' in one.connection.from;
      for (const ip of ips) assert.deepEqual([ip, evaluate(world, { ...one!.connection, [fromSet ? 'from' : 'to']: { ip }, family: ip.includes(':') ? 'IPv6' : 'IPv4' }).verdict], [ip, 'allowed']);
      for (const ip of ['10.255.255.255', '192.168.9.9']) assert.equal(evaluate(world, { ...one!.connection, [fromSet ? 'from' : 'to']: { ip } }).verdict, 'denied', ip);
    };
    allows(shop(), 'internet -> orders/api:8080', ['1.0.0.0', '1.0.0.1', '9.255.255.255', '223.255.255.255', '172.32.0.0']);
    allows(shop(), 'shop/web-1 -> internet:443', ['1.0.0.0', '8.8.8.8', '223.255.255.255']);
    allows(shop(), 'shop/web-1 -> 10.0.8.0/22:443', ['10.0.8.0', '10.0.11.255']);
    const both = podYaml('shop/two-1', '{app: two}', { ip: '10.0.5.1' }).replace('podIPs: [', 'podIPs: [{ip: "fd00::5"}, ');
    allows(shop(both), 'shop/two -> internet:443', ['1.0.0.0', '223.255.255.255', '2000::', '2606:4700::1', '3ffe::1']);
    assert.match(text('internet -> orders/api:8080'), /a new NetworkPolicy orders\/allow-api-from-internet-tcp-8080/);
    const guarded = shop('apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: out}\nspec: {tier: Admin, priority: 5, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: ["0.0.0.0/0"]}]}]}\n---');
    allows(guarded, 'shop/web-1 -> internet:443', ['1.0.0.0', '8.8.8.8', '223.255.255.255']);
    const mixed = explained(shop(), 'shop/web-1 -> 10.0.3.0/24:80');
    assert.ok(typeof mixed !== 'string');
    assert.equal(mixed.cases.flatMap(({ changes }) => changes).filter(({ direction }) => direction === 'Egress').length, 2);
  });

  it('says that files may not be all there is, and where in them a rule is', () => {
    const origin = (file: string) => ({ file, line: 1, lineOf: (path: readonly (string | number)[]) => 10 + Number(path.at(-1)) });
    const cluster = shop('', { snapshot: { source: 'files' } });
    const placed = { ...cluster, policies: cluster.policies.map((policy) => ({ ...policy, origin: origin('policies.yaml') })) };
    const found = explainedText(placed, 'shop/web -> orders/api');
    assert.match(found, /allowed by NetworkPolicy shop\/allow-api, spec\.egress\[0\], to\[0\], ports\[0\] \(policies\.yaml:10\)/);
    assert.match(found, /The answer is for what the files declare: a cluster may hold more policies\./);
  });

  it('has colours where they are asked for, on nothing but verdicts and headings', () => {
    assert.equal(text('open/tool -> 8.8.8.8:53/udp', '', true), lines(
      '\u001b[32mALLOWED\u001b[39m  open/tool-1 (Deployment tool) -> 8.8.8.8, port 53/UDP',
      '',
      '\u001b[1mEgress of open/tool-1: \u001b[22m\u001b[32mallowed\u001b[39m',
      '  No policy is about this pod in this direction: allowed by default.',
      '',
      '\u001b[1mIngress of 8.8.8.8: \u001b[22m\u001b[32mallowed\u001b[39m',
      '  No policy governs this side: it is an address outside of the cluster.',
    ));
    // oxlint-disable-next-line no-control-regex
    for (const question of ['shop/web -> db/postgres', 'open/agent -> orders/api:8080']) assert.equal(text(question, '', true).replaceAll(/\u001b\[\d+m/g, ''), text(question));
  });

  it('shows hostile names without doing what they say', () => {
    const hostile = policyYaml('"orders/x"', '{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {"a\\u001b[31m": "b\\nDENIED"}}}]}]}');
    const found = text('open/tool -> orders/api:1', hostile.replace('"orders', 'orders').replace('x"', 'x'), false);
    assert.ok(found.includes('a\\u001b[31m=b\\u000aDENIED is wanted'), found);
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(found, /\u001b/);
  });
});

describe('an explanation of a connection to a Service', () => {
  const two = podYaml('orders/api-2', '{app: api, old: x}', { ip: '10.0.2.2', ports: '[{name: http, containerPort: 9090}]' });
  const slice = (service: string, addresses: string, ports: string): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ${service}-x, namespace: orders, labels: {kubernetes.io/service-name: ${service}}}
addressType: IPv4
endpoints: [${addresses}]
ports: ${ports}
---`;

  it('is that of the pods behind it, each with its own port', () => {
    const found = text('shop/web-1 -> svc/orders/api:80', two);
    assert.match(found, /^MIXED[^]*DENIED {2}shop\/web-1 .* -> orders\/api-2 .*, port 9090[^]*ALLOWED {2}shop\/web-1 .* -> orders\/api-1 .*, port 8080/);
    assert.match(found, /Service orders\/api: port 80 \(http\) is the port named http of 2 pods\./);
  });

  it('with one pod is that of the pod, however the Service is called', () => {
    const direct = text('shop/web -> orders/api-1:8080');
    for (const question of ['svc/orders/api', 'svc/orders/api:80', 'svc/orders/api:http', 'api.orders.svc:80', 'api.orders.svc.cluster.local', '10.96.0.10:80', '10.96.0.10']) {
      assert.ok(text(`shop/web -> ${question}`).startsWith(direct), question);
    }
    assert.match(text('shop/web -> 10.96.0.10:80'), /10\.96\.0\.10 is an address of Service orders\/api\./);
  });

  it('says which pods get no traffic now', () => {
    const ready = slice('api', '{addresses: [10.0.2.1], conditions: {ready: true}}, {addresses: [10.0.2.2], conditions: {ready: false}}', '[{name: http, port: 8080}]');
    assert.match(text('shop/web -> svc/orders/api', two + ready), /Not all of these pods are a ready endpoint of Service orders\/api; those that are not get no traffic now: api-2\./);
  });

  const services = [
    serviceYaml('orders/none', '{selector: {app: nobody}, ports: [{port: 80}]}'), serviceYaml('orders/away', '{type: ExternalName, externalName: example.com}'),
    serviceYaml('orders/headless', '{clusterIP: None, selector: {app: api}, ports: [{port: 8080}]}'), serviceYaml('orders/bare', '{ports: [{port: 80}]}'),
    serviceYaml('orders/shifted', '{clusterIP: None, selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080}]}'),
    serviceYaml('orders/written', '{ports: [{name: x, port: 80}]}'), slice('written', '{addresses: [10.0.2.1]}, {addresses: [192.0.2.1]}', '[{name: x, port: 8080}]'),
    serviceYaml('orders/misnamed', '{selector: {app: api}, ports: [{port: 80, targetPort: web}]}'), serviceYaml('orders/several', '{selector: {app: api}, ports: [{name: a, port: 80}, {name: b, port: 81, protocol: UDP}]}'),
  ].join('');
  const cases: readonly [string, RegExp][] = [
    ['svc/orders/none', /^Service orders\/none has no endpoints: its selector matches no pod, so that nobody answers$/],
    ['svc/orders/away:80', /^Service orders\/away is another name for "example\.com" \(ExternalName\): ask for its addresses$/],
    ['svc/orders/headless', /Service orders\/headless is headless: clients connect to its pods directly\./],
    ['svc/orders/shifted:80', /Service orders\/shifted: port 80 \(http\) is port 80 of/],
    ['svc/orders/shifted:http', /Service orders\/shifted: port 80 \(http\) is port 8080 of/],
    ['svc/orders/bare', /^Service orders\/bare has no selector and no endpoints, so that nobody answers$/],
    ['svc/orders/written', /Service orders\/written has no selector; its EndpointSlices lead to 10\.0\.2\.1 and 192\.0\.2\.1\./],
    ['svc/orders/misnamed', /^Service orders\/misnamed has no endpoints: no pod behind it has a port named "web"$/],
    ['svc/orders/api:8080', /^Service orders\/api has no port 8080: it has 80 \(http\)$/],
    ['svc/orders/several:81', /^Service orders\/several has no port 81: it has 80 \(a\) and 81\/UDP \(b\)$/],
    ['svc/orders/api:icmp', /^Service orders\/api passes on its ports only, and ICMP has none$/],
    ['svc/orders/ap', /^namespace orders has no Service "ap"\. Did you mean svc\/orders\/api\?$/],
    ['svc/order/api', /^there is no namespace "order"\. Did you mean orders\?$/],
  ];
  for (const [question, expected] of cases) it(`${question}: ${String(expected)}`, () => assert.match(text(`shop/web -> ${question}`, services), expected));
});

describe('a question that has no answer', () => {
  const more = podYaml('shop/multi-1', '{app: m}', { ip: '10.0.1.9', ports: '[{containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}]' })
    + podYaml('shop/both-1', '{app: m}').replace('ReplicaSet', 'StatefulSet').replace('both-abc', 'both') + podYaml('shop/both-2', '{app: m}')
    + podYaml('shop/v6-1', '{app: v6}', { ip: 'fd00::6' });
  const cases: readonly [string, RegExp][] = [
    ['shop/wbe -> db/postgres:1', /^namespace shop has no pod or workload with pods "wbe"\. Did you mean shop\/web\?$/],
    ['shop/postgres -> db/postgres:1', /Did you mean db\/postgres\?$/],
    ['shop/xxxxxxxx -> db/postgres:1', /"xxxxxxxx"\. It has both, both-1, both-2 and /],
    ['sts/shop/web -> db/postgres:1', /^namespace shop has no StatefulSet "web"/],
    ['thing/shop/web -> db/postgres:1', /^"thing" in "thing\/shop\/web" is no kind that can be an end: expected pod, deploy/],
    ['pod/shop/web -> db/postgres:1', /^namespace shop has no Pod "web"/],
    ['shpo/web -> db/postgres:1', /^there is no namespace "shpo"\. Did you mean shop\?$/],
    ['shpo/{app=x} -> db/postgres:1', /^there is no namespace "shpo"/],
    ['orders/apix -> db/postgres:1', /Did you mean orders\/api/],
    ['shop/web -> orders/api:web', /^orders\/api-1 has no port named "web": it declares 8080 \(http\)$/],
    ['shop/web -> open/tool', /^open\/tool-1 does not say which port is meant: it declares none\. Write open\/tool-1:PORT$/],
    ['shop/web -> shop/multi', /does not say which port is meant: it declares 80 and 53\/UDP \(dns\)/],
    ['shop/web -> 8.8.8.8', /^an address has no ports of its own: write ADDRESS:PORT$/],
    ['shop/web -> internet:https', /^an address has no port named "https": write its number$/],
    ['shop/web -> orders/api:any', /^any is not one port/],
    ['svc/orders/api -> db/postgres', /^a Service is no source: connections come from pods/],
    ['shop/both -> db/postgres', /^"shop\/both" may be 2 workloads\. Write deploy\/shop\/both or sts\/shop\/both$/],
    ['open/done -> db/postgres', /^all pods of open\/done have finished, and none has traffic/],
    ['shop/v6 -> 8.8.8.8:53', /^the two ends have no address of the same family/],
    ['web -> db/postgres', /^"web" has no namespace/],
  ];
  for (const [question, expected] of cases) it(`${question}: ${String(expected)}`, () => assert.match(text(question, more), expected));

  it('has one where the kind is unknown, and pods say that they belong to such a thing', () => {
    const rollout = podYaml('shop/blue-1', '{app: blue}', { ip: '10.0.1.7' }).replace('ReplicaSet', 'Rollout').replace('blue-abc', 'blue');
    assert.match(text('Rollout/shop/blue -> orders/api', rollout), /^DENIED {2}shop\/blue-1 \(Rollout blue\) -> orders\/api-1/m);
    assert.match(text('rollout/shop/bleu -> orders/api', rollout), /^namespace shop has no rollout "bleu"\. Did you mean shop\/blue\?$/m);
  });
  it('is told of a Service of that name', () => {
    assert.match(text('shop/web -> orders/front:80', serviceYaml('orders/front', '{selector: {app: api}, ports: [{port: 80}]}')), /has no pod or workload with pods "front", but a Service of that name\. Write svc\/orders\/front$/);
  });
});

describe('explanations and the evaluator', () => {
  it('never contradict each other', () => {
    fc.assert(fc.property(someWorld().chain((input) => fc.tuple(fc.constant(input), aConnection(input.pods))), ([input, connection]) => {
      const cluster = clusterOfWorld(input);
      const endOf = (endpoint: typeof connection.from): string => ('ip' in endpoint ? endpoint.ip : `pod/${endpoint.pod.namespace}/${endpoint.pod.name}`);
      const [from, to] = [parseEnd(endOf(connection.from)), parseEnd(endOf(connection.to))];
      assert.ok(!('problem' in from) && !('problem' in to));
      assert.ok(connection.protocol !== 'ICMP');
      const found = explainConnection(cluster, from, { end: to, port: { kind: 'number', port: connection.port, protocol: connection.protocol } });
      if ('problem' in found) return assert.match(found.problem, /no address of the same family/);
      const answer = evaluate(cluster.world, connection);
      const expected: readonly (Verdict | 'mixed')[] = answer.verdict === 'unknown' ? ['unknown', 'mixed'] : [answer.verdict];
      assert.ok(expected.includes(found.verdict), `${found.verdict}, not ${answer.verdict}`);
      for (const each of found.cases) assert.equal(each.verdict, evaluate(cluster.world, each.connection).verdict);
      assert.ok(explanationLines(cluster, found).length > 0);
      JSON.stringify(explanationDocument(cluster, { from: 'a', to: 'b' }, found));
      // Every outcome by a rule is found again on the walk.
      for (const side of found.cases.flatMap(({ egress, ingress }) => [egress, ingress])) {
        const walked = side.steps.filter(({ asked }) => asked).flatMap(({ matching }) => matching.map(({ decider }) => JSON.stringify(decider)));
        for (const { reason } of side.outcomes) if (reason.kind === 'rule') assert.ok(walked.includes(JSON.stringify(reason.decider)), `${JSON.stringify(reason.decider)} is not in ${walked.join('; ')}`);
      }
      return undefined;
    }), { numRuns: 300 });
  });
});
