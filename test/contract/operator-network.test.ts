/** The operator's own NetworkPolicy, of kustomize and of the chart, by the project's own evaluator: what it needs is open, the rest is not. */
import assert from 'node:assert/strict';
import { clusterOf } from '../../src/analyze/explain/cluster.ts';
import type { KubeObject } from '../../src/analyze/snapshot.ts';
import type { Json } from '../support/api.ts';
import { sharedControlPlane } from '../support/control-plane.ts';
import { explained, podYaml } from '../support/explain.ts';
import { HELM_BUILD_MS, aHelm, documents, named } from '../support/helm.ts';
import { snapshotOfObjects } from '../support/snapshot.ts';

const OPERATOR = 'namespace-policy-baseline-system/namespace-policy-baseline';
const OTHERS = ['kube-system', 'monitoring', 'namespace-policy-baseline-system'].map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {kubernetes.io/metadata.name: ${name}}}\n---\n`).join('')
  + podYaml('kube-system/coredns-1', '{k8s-app: kube-dns}', { ip: '10.0.9.1' }) + podYaml('monitoring/prometheus-1', '{app: prometheus}', { ip: '10.0.8.1' });

const CONNECTIONS: Readonly<Record<string, string>> = {
  [`${OPERATOR} -> 192.0.2.1:6443`]: 'allowed', // the API server
  [`${OPERATOR} -> kube-system/coredns:53/UDP`]: 'allowed',
  [`monitoring/prometheus -> ${OPERATOR}:8080`]: 'allowed',
  [`monitoring/prometheus -> ${OPERATOR}:9000`]: 'denied',
  [`${OPERATOR} -> monitoring/prometheus:9090`]: 'denied',
  [`${OPERATOR} -> 192.0.2.1:80`]: 'denied',
};

/** A pod of the Deployment, as it runs in a cluster. */
function podOf(deployment: Json): KubeObject {
  const { metadata: { name, namespace }, spec: { template } } = deployment;
  const metadata = {
    ...template.metadata, name: `${name}-1`, namespace, labels: { ...template.metadata.labels, 'pod-template-hash': 'abc' },
    ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-abc`, controller: true }],
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec, status: { phase: 'Running', podIP: '10.0.7.1', podIPs: [{ ip: '10.0.7.1' }] } };
}

describe('the network of the operator', function () {
  this.timeout(60_000);
  const sources: Record<string, KubeObject[]> = {};
  before(async function () {
    this.timeout(HELM_BUILD_MS);
    const plane = await sharedControlPlane();
    const helm = await aHelm(this, 4);
    sources['kustomize'] = documents((await plane.kubectl(['kustomize', 'config/default'])).stdout);
    sources['Helm'] = await helm.template();
    await helm.end();
  });

  for (const source of ['kustomize', 'Helm']) for (const [question, answer] of Object.entries(CONNECTIONS)) {
    it(`${source}: ${question} is ${answer}`, () => {
      const objects = sources[source] ?? [];
      const own = [named(objects, 'NetworkPolicy'), podOf(named(objects, 'Deployment'))];
      const found = explained(clusterOf(snapshotOfObjects([...documents(OTHERS), ...own]), { ipBlockMatchesPods: 'unknown' }), question);
      assert.equal(typeof found === 'string' ? found : found.verdict, answer);
    });
  }
});
