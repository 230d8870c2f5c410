/** In which address families `internet` is asked for. */
import assert from 'node:assert/strict';
import { clusterOf } from '../../../src/analyze/explain/cluster.ts';
import { policyYaml } from '../../support/explain.ts';
import { snapshotOf } from '../../support/snapshot.ts';

const DEPLOYMENT = '\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\nspec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}\n---';
const podAt = (ip: string): string => `\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: c}]}\nstatus: {podIPs: [{ip: "${ip}"}]}\n---`;
const range = (cidr: string): string => policyYaml('shop/range', `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: "${cidr}"}}]}]}`);
const baseline = (network: string): string => `\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: deny}\nspec: {tier: Baseline, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: ["${network}"]}]}]}\n---`;

describe('families of internet', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['nothing is known', DEPLOYMENT, ['IPv4']],
    ['a pod has an IPv4 address', podAt('10.0.0.1') + range('::/0'), ['IPv4']],
    ['a pod has an IPv6 address', podAt('fd00::1') + range('0.0.0.0/0'), ['IPv6']],
    ['no pod has an address, and a rule allows IPv6', DEPLOYMENT + range('::/0'), ['IPv4', 'IPv6']],
    ['no pod has an address, and rules allow IPv4', DEPLOYMENT + range('0.0.0.0/0'), ['IPv4']],
    ['no pod has an address, and IPv4 alone is denied', DEPLOYMENT + baseline('0.0.0.0/0'), ['IPv4', 'IPv6']],
    ['a Service wants both', `${DEPLOYMENT}\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: shop}\nspec: {ipFamilies: [IPv4, IPv6], ports: [{port: 80}]}\n---`, ['IPv4', 'IPv6']],
    ['pods of a node have both', `${DEPLOYMENT}\napiVersion: v1\nkind: Node\nmetadata: {name: n}\nspec: {podCIDRs: [10.0.0.0/24, "fd00:1::/64"]}\n---`, ['IPv4', 'IPv6']],
    ['endpoints are of IPv6', `${DEPLOYMENT}\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, namespace: shop}\naddressType: IPv6\nendpoints: []\n---`, ['IPv6']],
  ];
  for (const [what, yaml, families] of cases) it(what, () => assert.deepEqual(clusterOf(snapshotOf(yaml), { ipBlockMatchesPods: 'yes' }).families, families));
});
