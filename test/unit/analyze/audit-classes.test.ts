/** What classes of a namespace without known pods are worth: files declare workloads, and not of every kind that makes pods. */
import assert from 'node:assert/strict';
import type { KubeObject, Snapshot } from '../../../src/analyze/snapshot.ts';
import { aNamespace, aPod, aPolicy, auditObjects, denyAll, namespaceIn } from '../../support/audit.ts';

const OPEN_A = aPolicy('m/open-a', { podSelector: { matchLabels: { app: 'a' } }, policyTypes: ['Ingress'], ingress: [{}] });
const elsewhere: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'o', namespace: 'other' }, spec: { containers: [{ name: 'c' }] } };
const scaledToNothing: KubeObject = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a', namespace: 'm' },
  spec: { replicas: 0, template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c' }] } } },
};
const classesOf = (objects: readonly KubeObject[], source: Snapshot['source']): string[] => {
  const { Ingress, Egress } = namespaceIn(auditObjects([aNamespace('m'), aNamespace('other'), denyAll('m'), ...objects], { source }), 'm').directions;
  return [Ingress.class, Egress.class];
};

describe('audit: a namespace without known pods', () => {
  it('of files is unknown where a policy singles out pods, whatever is known of others', () => {
    assert.deepEqual(classesOf([OPEN_A], 'files'), ['unknown', 'closed']);
    assert.deepEqual(classesOf([OPEN_A, elsewhere], 'files'), ['unknown', 'closed']);
  });
  it('of files is known where its policies are about every pod', () => assert.deepEqual(classesOf([elsewhere], 'files'), ['closed', 'closed']));
  it('of files has the pods of a Deployment that is scaled to nothing', () => assert.deepEqual(classesOf([OPEN_A, elsewhere, scaledToNothing], 'files'), ['allow-all', 'closed']));
  it('of a cluster has none, and so it is in a dump', () => {
    for (const source of ['cluster', 'files'] as const) assert.deepEqual(classesOf([OPEN_A, aPod('other/o')], source), ['closed', 'closed']);
  });
  it('of a cluster without any pods is unknown', () => assert.deepEqual(classesOf([OPEN_A], 'cluster'), ['unknown', 'closed']));
  it('has none that counts where they use the network of their nodes', () => {
    const onNode: KubeObject = { ...elsewhere, metadata: { name: 'h', namespace: 'm' }, spec: { hostNetwork: true, containers: [{ name: 'c' }] } };
    assert.deepEqual(classesOf([OPEN_A, onNode], 'files'), ['unknown', 'closed']);
  });
});

describe('audit: a namespace that no manifest declares', () => {
  it('is unknown where a cluster policy may be about it by its labels, which is said', () => {
    const byLabel: KubeObject = {
      apiVersion: 'policy.networking.k8s.io/v1alpha1', kind: 'AdminNetworkPolicy', metadata: { name: 'deny' },
      spec: { priority: 5, subject: { namespaces: { matchLabels: { team: 'a' } } }, ingress: [{ name: 'all', action: 'Deny', from: [{ namespaces: {} }] }] },
    };
    const { directions, findings } = namespaceIn(auditObjects([elsewhere, byLabel], { source: 'files' }), 'other');
    assert.deepEqual([directions.Ingress.class, directions.Egress.class], ['unknown', 'open']);
    assert.match(findings.map(({ message }) => message).join('\n'), /ingress cannot be judged: AdminNetworkPolicy deny .* labels of the namespace, which no manifest declares/);
  });
});
