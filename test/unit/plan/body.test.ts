/** What is sent: nothing is left to defaulting, what is foreign is kept. */
import assert from 'node:assert/strict';
import { hashedSpec } from '../../../src/api/canonical.ts';
import type { ForeignMetadata } from '../../../src/kube/objects.ts';
import { newBody, replacementBody, withoutOtherOwners } from '../../../src/plan/body.ts';
import type { DesiredPolicy } from '../../../src/plan/claims.ts';
import { defaultDeny } from '../../../src/plan/templates/default-deny.ts';

const desired: DesiredPolicy = { name: 'default-deny', baseline: 'b', spec: hashedSpec(defaultDeny(['Ingress'])), description: undefined, isolatedFor: undefined };

describe('body of a policy', () => {
  it('spells out both lists and the policy types', () => {
    assert.deepEqual(newBody('team-a', desired).spec, { podSelector: {}, policyTypes: ['Ingress'], ingress: [], egress: [] });
  });

  it('carries the four labels and the hash, and nothing of owners or finalizers', () => {
    const { metadata } = newBody('team-a', desired);
    assert.deepEqual(metadata, {
      name: 'default-deny', namespace: 'team-a',
      labels: {
        'app.kubernetes.io/managed-by': 'namespace-policy-baseline', 'app.kubernetes.io/part-of': 'namespace-policy-baseline',
        'netbaseline.io/baseline': 'b', 'netbaseline.io/template': 'default-deny',
      },
      annotations: { 'netbaseline.io/template-hash': desired.spec.hash },
    });
  });

  it('keeps foreign labels and annotations, never instead of ours, and is conditional', () => {
    const foreign: ForeignMetadata = { labels: new Map([['team', 'a'], ['constructor', 'x']]), annotations: new Map([['note', 'kept']]) };
    const { metadata } = replacementBody('team-a', desired, foreign, { uid: 'u', resourceVersion: '7' });
    assert.equal(metadata.labels?.['team'], 'a');
    assert.equal(Object.getOwnPropertyDescriptor(metadata.labels, 'constructor')?.value, 'x');
    assert.equal(metadata.annotations?.['note'], 'kept');
    assert.deepEqual([metadata.uid, metadata.resourceVersion], ['u', '7']);
  });

  it('takes off the marks by which a generator, Helm or a GitOps tool would take it back', () => {
    const adopted = withoutOtherOwners({
      labels: new Map([['generate.kyverno.io/policy-name', 'p'], ['team', 'a']]),
      annotations: new Map([['meta.helm.sh/release-name', 'r'], ['argocd.argoproj.io/tracking-id', 't'], ['note', 'kept']]),
    });
    assert.deepEqual([...adopted.labels.keys()], ['team']);
    assert.deepEqual([...adopted.annotations.keys()], ['note']);
  });
});
