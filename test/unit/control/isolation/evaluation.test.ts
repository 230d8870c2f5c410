/** One change after the other: which are classified together, and which cost no classification at all. Counted exactly. */
import assert from 'node:assert/strict';
import { FIELD_MANAGER } from '../../../../src/api/names.ts';
import { createBacklog } from '../../../../src/control/isolation/backlog.ts';
import { createEvaluation } from '../../../../src/control/isolation/evaluation.ts';
import { createOperations, type Operation } from '../../../../src/control/isolation/operations.ts';
import { parsePolicy } from '../../../../src/kube/objects.ts';
import { policyInterner } from '../../../../src/kube/policy-interner.ts';
import { parsePod, podInterner } from '../../../../src/kube/pods.ts';
import { createClassifier } from '../../../../src/netpol/classifier.ts';
import { aNamespace, asGenerated, aWirePolicy, type PolicyFields } from '../../../support/build.ts';

const DENY: PolicyFields = { spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, managers: [FIELD_MANAGER] };
const DNS: PolicyFields = { spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ podSelector: {} }] }] }, managers: [FIELD_MANAGER] };
const THEIRS: PolicyFields = { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } };

/** Counts flushes and pods classified, of the classifier as it is. */
function aScene({ isReady = true } = {}) {
  const classifier = createClassifier({ ipBlockMatchesPods: 'yes' });
  let flushes = 0;
  const counted = { flush: (goesOn?: () => boolean) => { flushes += 1; return classifier.flush(goesOn); }, get unflushed() { return classifier.unflushed; } };
  const operations = createOperations({ classifier, known: new Set(), report: (object, error) => assert.fail(`${object}: ${String(error)}`) });
  const backlog = createBacklog();
  const told: string[] = [];
  const evaluation = createEvaluation({
    classifier: counted, backlog, isReady: () => isReady, apply: ({ operation }) => operation.apply(), changed: () => undefined,
    done: ({ cause }, changes) => told.push(`${cause().text}: ${changes.map(({ pod, direction, after }) => `${pod.name} ${direction} ${after?.class ?? '-'}`).join(', ')}`),
  });
  const intern = policyInterner({ keepsForeign: true });
  const add = (operation: Operation | undefined): void => { if (operation !== undefined) backlog.add({ operation, sinceMs: 0 }); };
  return {
    namespace: (name: string) => add(operations.namespace({ namespace: undefined, name, before: undefined, after: aNamespace(name) })),
    policy: (name: string, fields: PolicyFields, namespace = 'x') => add(operations.policy({
      namespace, name, before: undefined, after: parsePolicy(aWirePolicy(name, { namespace, ...(fields.managers === undefined ? fields : asGenerated(name, fields)) }), intern),
    })),
    pod: (name: string, namespace = 'x') => add(operations.pod({ namespace, name, before: undefined, after: parsePod({ metadata: { name, namespace }, status: { podIP: '10.0.0.1' } }, podInterner()) })),
    /** How often it flushed until nothing was left, and what was told. */
    evaluated(): { readonly flushes: number; readonly told: string[] } {
      flushes = 0;
      while (evaluation.step(() => true));
      return { flushes, told: told.splice(0) };
    },
  };
}

describe('isolation: what is classified together', () => {
  it('a new namespace and our policies in it: nothing is classified, there is no pod', () => {
    const scene = aScene();
    scene.namespace('x');
    scene.policy('default-deny', DENY);
    scene.policy('allow-dns', DNS);
    assert.deepEqual(scene.evaluated(), { flushes: 0, told: [] });
  });

  it('with pods: our policies at once, in any number of namespaces', () => {
    const scene = aScene();
    for (const namespace of ['x', 'y']) {
      scene.namespace(namespace);
      scene.pod('a', namespace);
    }
    assert.equal(scene.evaluated().flushes, 2, 'a pod is a change of its own');
    for (const namespace of ['x', 'y']) {
      scene.policy('default-deny', DENY, namespace);
      scene.policy('allow-dns', DNS, namespace);
    }
    const { flushes, told } = scene.evaluated();
    assert.deepEqual([flushes, told], [1, ['NetworkPolicy x/default-deny was created: a Ingress closed, a Egress restricted, a Ingress closed, a Egress restricted']]);
  });

  it('what somebody else does is never put together with anything', () => {
    const scene = aScene();
    scene.pod('a');
    scene.evaluated();
    scene.policy('default-deny', DENY);
    scene.policy('theirs', THEIRS);
    scene.policy('allow-dns', DNS);
    const { flushes, told } = scene.evaluated();
    assert.deepEqual([flushes, told], [3, [
      'NetworkPolicy x/default-deny was created: a Ingress closed, a Egress closed', 'NetworkPolicy x/theirs was created: a Ingress allow-all', 'NetworkPolicy x/allow-dns was created: a Egress restricted',
    ]]);
  });

  it('before anything is reported, all at once', () => {
    const scene = aScene({ isReady: false });
    for (const name of ['a', 'b', 'c']) scene.pod(name);
    scene.policy('theirs', THEIRS);
    assert.equal(scene.evaluated().flushes, 1);
  });
});
