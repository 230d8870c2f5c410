/**
 * The client against a real API server, as the operator's ServiceAccount: what is written comes back, and what is
 * refused is sorted rightly.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../../src/control/clock.ts';
import { createKubeClient, type KubeClient } from '../../../src/kube/client.ts';
import { kubeconfigConnection } from '../../../src/kube/kubeconfig.ts';
import { dispositionOn, isKubeError, type KubeErrorKind } from '../../../src/kube/errors.ts';
import type { Frame } from '../../../src/kube/frames.ts';
import { microTime } from '../../../src/kube/lease.ts';
import type { WireNetworkPolicy } from '../../../src/kube/objects.ts';
import { BASELINES, NAMESPACES, NETWORK_POLICIES } from '../../../src/kube/resources.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import { apiAs, POLICIES, type Api } from '../../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, sharedControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const never = new AbortController().signal;
const of = (...kinds: KubeErrorKind[]) => (error: unknown): boolean => isKubeError(error, ...kinds);
const spec: NonNullable<WireNetworkPolicy['spec']> = {
  podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [],
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }], ports: [{ protocol: 'TCP', port: 443 }] }],
};
const policyIn = (namespace: string, name = 'p', more: object = {}): WireNetworkPolicy =>
  ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace, ...more }, spec });

describe('client on a real API server', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let admin: Api;
  let client: KubeClient;
  let stranger: KubeClient;
  const open = async (kubeconfig: string): Promise<KubeClient> =>
    createKubeClient({ connection: await kubeconfigConnection([kubeconfig], undefined), userAgent: 'namespace-policy-baseline/test', clock: systemClock });

  before(async () => {
    plane = await sharedControlPlane();
    admin = apiAs(plane.adminKubeconfig);
    client = await open(await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT));
    await admin.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'stranger' } });
    stranger = await open(await plane.serviceAccountKubeconfig('default', 'stranger'));
  });
  after(async () => { await Promise.all([client.close(), stranger.close(), admin.close()]); });

  async function aNamespace(): Promise<string> {
    const name = `kube-${randomUUID().slice(0, 8)}`;
    await admin.post('/api/v1/namespaces', { metadata: { name } });
    return name;
  }

  describe('policies', () => {
    it('come back as they were sent, under our name; empty lists are left out by the server', async () => {
      const namespace = await aNamespace();
      const stored = await client.createPolicy(policyIn(namespace), never);
      const { egress, ...kept } = spec;
      assert.deepEqual([stored.spec, egress], [kept, []]);
      assert.deepEqual(stored.metadata.managedFields?.map(({ manager, operation }) => [manager, operation]), [['namespace-policy-baseline', 'Update']]);
      assert.deepEqual(await client.getPolicy(namespace, 'p', never), stored);
    });

    it('the server fills in the protocol of a port, and nothing else', async () => {
      const namespace = await aNamespace();
      const { spec: stored } = await client.createPolicy({ ...policyIn(namespace), spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 53 }] }] } }, never);
      assert.deepEqual(stored, { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ protocol: 'TCP', port: 53 }] }] });
    });

    it('with the field name of a typed client are refused, not opened', async () => {
      const namespace = await aNamespace();
      const wrong = { ...policyIn(namespace), spec: { ...spec, ingress: [{ _from: spec.ingress?.[0]?.from }] } };
      await assert.rejects(client.createPolicy(wrong as WireNetworkPolicy, never), (error) => isKubeError(error, 'BadRequest') && error.message.includes('_from'));
    });

    it('are replaced at the version that is known, and at no other', async () => {
      const namespace = await aNamespace();
      const first = await client.createPolicy(policyIn(namespace), never);
      const { resourceVersion } = first.metadata;
      const second = await client.replacePolicy({ ...policyIn(namespace, 'p', { resourceVersion }), spec: { ...spec, ingress: [] } }, never);
      assert.equal(second.spec?.ingress, undefined);
      assert.equal(second.metadata.uid, first.metadata.uid);
      await assert.rejects(client.replacePolicy(policyIn(namespace, 'p', { resourceVersion }), never), of('Conflict'));
      await assert.rejects(client.replacePolicy(policyIn(namespace, 'missing', { resourceVersion }), never), of('NotFound'));
    });

    it('are removed only as the object and version that were meant', async () => {
      const namespace = await aNamespace();
      const { metadata: { uid = '', resourceVersion = '' } } = await client.createPolicy(policyIn(namespace), never);
      const target = { namespace, name: 'p', uid, resourceVersion };
      await assert.rejects(client.removePolicy({ ...target, uid: randomUUID() }, never), of('Conflict'));
      await assert.rejects(client.removePolicy({ ...target, resourceVersion: '1' }, never), of('Conflict'));
      await client.removePolicy(target, never);
      await assert.rejects(client.removePolicy(target, never), of('NotFound'));
    });

    it('whose name is taken are AlreadyExists, or BeingDeleted while a finalizer holds the old one', async () => {
      const namespace = await aNamespace();
      await client.createPolicy(policyIn(namespace, 'p', { finalizers: ['example.com/hold'] }), never);
      await assert.rejects(client.createPolicy(policyIn(namespace), never), of('AlreadyExists'));
      await admin.delete(`${POLICIES(namespace)}/p`);
      await assert.rejects(client.createPolicy(policyIn(namespace), never), of('BeingDeleted'));
      await admin.patch(`${POLICIES(namespace)}/p`, { metadata: { finalizers: null } });
      await client.createPolicy(policyIn(namespace), never);
    });

    it('in a namespace that is missing or going cannot be created; what is there can still be replaced', async () => {
      await assert.rejects(client.createPolicy(policyIn('there-is-no-such-namespace'), never), (error) => of('NamespaceMissing')(error) && dispositionOn(error) === 'drop');
      const namespace = await aNamespace();
      await client.createPolicy(policyIn(namespace, 'p', { finalizers: ['example.com/hold'] }), never);
      await admin.delete(`/api/v1/namespaces/${namespace}`);
      await assert.rejects(client.createPolicy(policyIn(namespace, 'q'), never), (error) => of('NamespaceTerminating')(error) && dispositionOn(error) === 'drop');
      await eventually(async () => {
        const { metadata: { resourceVersion } } = await client.getPolicy(namespace, 'p', never);
        return client.replacePolicy(policyIn(namespace, 'p', { resourceVersion, finalizers: ['example.com/hold'], labels: { changed: 'yes' } }), never);
      }, ({ metadata }) => assert.equal(metadata.labels?.['changed'], 'yes'));
      await admin.patch(`${POLICIES(namespace)}/p`, { metadata: { finalizers: null } });
    });

    it('that validation refuses are Invalid', async () => {
      const namespace = await aNamespace();
      const bad = { ...policyIn(namespace), spec: { ...spec, podSelector: { matchLabels: { 'a b': 'c' } } } };
      await assert.rejects(client.createPolicy(bad, never), (error) => isKubeError(error, 'Invalid') && error.causes[0]?.field === 'spec.podSelector.matchLabels');
    });
  });

  describe('403', () => {
    it('by quota is another kind than by RBAC, on create and on update', async () => {
      const namespace = await aNamespace();
      const { metadata: { resourceVersion = '' } } = await client.createPolicy(policyIn(namespace), never);
      const hard = { 'count/networkpolicies.networking.k8s.io': '1' };
      const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
      await admin.post(quotas, { metadata: { name: 'q' }, spec: { hard } });
      await admin.patch(`${quotas}/q/status`, { status: { hard, used: hard } }); // the work of a controller that is not here
      await eventually(() => client.createPolicy(policyIn(namespace, `p-${randomUUID().slice(0, 4)}`), never).then(() => 'created', (error: unknown) => (isKubeError(error) ? error.kind : 'other')),
        (kind) => assert.equal(kind, 'QuotaExceeded'));
      await assert.rejects(stranger.createPolicy(policyIn(namespace, 'r'), never), of('Forbidden'));
      await assert.rejects(stranger.replacePolicy(policyIn(namespace, 'p', { resourceVersion }), never), of('Forbidden'));
      await assert.rejects(stranger.removePolicy({ namespace, name: 'p', uid: 'u', resourceVersion }, never), of('Forbidden'));
      await assert.rejects(stranger.getPolicy(namespace, 'p', never), of('Forbidden'));
      await assert.rejects(stranger.listPage(NETWORK_POLICIES, { limit: 1 }, never), of('Forbidden'));
      await assert.rejects(stranger.watch(NAMESPACES, { initialEvents: true, timeoutSeconds: 5 }, { alive: () => undefined, frame: () => undefined }, never), of('Forbidden'));
    });

    it('and 422 by an admission policy are AdmissionDenied', async () => {
      const namespace = await aNamespace();
      const name = `npb-test-${namespace}`;
      const admission = '/apis/admissionregistration.k8s.io/v1';
      const rule = { apiGroups: ['networking.k8s.io'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['networkpolicies'] };
      const selected = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } }, resourceRules: [rule] };
      const validations = [{ expression: "request.name != 'default-reason'" }, { expression: "request.name != 'forbidden'", reason: 'Forbidden' }];
      await admin.post(`${admission}/validatingadmissionpolicies`, { metadata: { name }, spec: { matchConstraints: selected, validations } });
      await admin.post(`${admission}/validatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } });
      for (const [refused, code] of [['default-reason', 422], ['forbidden', 403]] as const) {
        await eventually(() => client.createPolicy(policyIn(namespace, refused), never).then(
          async (made) => {
            await admin.delete(`${POLICIES(namespace)}/${made.metadata.name}`);
            return [];
          }, (error: unknown) => (isKubeError(error) ? [error.kind, error.code] : [])), (seen) => assert.deepEqual(seen, ['AdmissionDenied', code]));
      }
      await admin.delete(`${admission}/validatingadmissionpolicybindings/${name}`);
      await admin.delete(`${admission}/validatingadmissionpolicies/${name}`);
    });
  });

  it('an unknown token is Unauthorized', async () => {
    const imposter = await createKubeClient({
      connection: { source: 'test', server: plane.url, proxyUrl: undefined, read: async () => ({ headers: { authorization: 'Bearer nonsense' }, tls: { ca: plane.caPem } }) },
      userAgent: 'test', clock: systemClock,
    });
    await assert.rejects(imposter.getPolicy('default', 'p', never), of('Unauthorized'));
    await imposter.close();
  });

  it('a baseline is patched at its version, its status under another field manager', async () => {
    const name = `b-${randomUUID().slice(0, 8)}`;
    const { body } = await admin.post('/apis/netbaseline.io/v1alpha1/namespacepolicybaselines', { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name }, spec: { paused: true } });
    const finalizers = ['netbaseline.io/cleanup'];
    await assert.rejects(client.patchBaseline(name, { metadata: { finalizers, resourceVersion: '1' } }, never), of('Conflict'));
    const patched = await client.patchBaseline(name, { metadata: { finalizers, resourceVersion: body.metadata.resourceVersion } }, never);
    assert.deepEqual(patched.metadata.finalizers, finalizers);
    const stated = await client.patchBaselineStatus(name, { status: { protected: '0/0' } }, never);
    assert.deepEqual(stated.status, { protected: '0/0' });
    assert.ok(stated.metadata.managedFields?.some((entry) => entry.manager === 'namespace-policy-baseline-status' && entry.subresource === 'status'));
    await client.patchBaseline(name, { metadata: { finalizers: null } }, never);
    await admin.delete(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${name}`);
    await assert.rejects(client.patchBaselineStatus(name, { status: {} }, never), of('NotFound'));
  });

  it('a Lease is created, read and replaced with microseconds, by one at a time', async () => {
    const name = 'namespace-policy-baseline';
    const renewTime = microTime(Date.UTC(2026, 10, 21, 12, 0, 0, 5));
    await admin.delete(`/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/${name}`);
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace: OPERATOR_NAMESPACE }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime } };
    const created = await client.createLease(lease, never);
    assert.equal(created.spec?.renewTime, renewTime);
    await assert.rejects(client.createLease(lease, never), of('AlreadyExists'));
    const read = await client.getLease(OPERATOR_NAMESPACE, name, never);
    const replaced = await client.replaceLease({ ...read, spec: { ...read.spec, holderIdentity: 'b' } }, never);
    assert.equal(replaced.spec?.holderIdentity, 'b');
    await assert.rejects(client.replaceLease(read, never), of('Conflict'));
    await admin.delete(`/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/${name}`);
  });

  it('an event is taken', async () => {
    const note = {
      apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: `e-${randomUUID()}` }, eventTime: microTime(Date.now()), type: 'Normal', reason: 'Test', action: 'Test', note: 'x',
      reportingController: 'netbaseline.io/namespace-policy-baseline', reportingInstance: 'test', regarding: { apiVersion: 'v1', kind: 'Namespace', name: 'default' },
    };
    await client.createEvent('default', note, never);
  });

  describe('lists and watches', () => {
    it('pages belong together, and a token that is none is refused', async () => {
      const first = await client.listPage(NAMESPACES, { limit: 2 }, never);
      assert.ok(first.items.length === 2 && first.continueToken !== undefined);
      const second = await client.listPage(NAMESPACES, { limit: 2, continueToken: first.continueToken }, never);
      assert.equal(second.resourceVersion, first.resourceVersion);
      assert.notEqual(second.items[0]?.metadata.name, first.items[0]?.metadata.name);
      await assert.rejects(client.listPage(NAMESPACES, { limit: 2, continueToken: 'none' }, never), of('BadRequest'));
    });

    it('a streamed list ends with a bookmark and goes on with events; a watch resumes after a version', async () => {
      const namespace = await aNamespace();
      const { metadata } = await client.createPolicy(policyIn(namespace), never);
      const frames = await heard((sink, signal) => client.watch(NETWORK_POLICIES, { initialEvents: true, timeoutSeconds: 30 }, sink, signal),
        async () => { await client.createPolicy(policyIn(namespace, 'q'), never); }, (seen) => seen.some((frame) => nameIn(frame) === 'q'));
      const end = frames.findIndex((frame) => frame.kind === 'Bookmark' && frame.initialEnd);
      const inNamespace = frames.map((frame, index) => ({ name: nameIn(frame), initial: index < end, namespace: frame.kind === 'Bookmark' ? '' : frame.object.metadata.namespace })).filter((frame) => frame.namespace === namespace);
      assert.deepEqual(inNamespace.map(({ name, initial }) => [name, initial]), [['p', true], ['q', false]]);

      const resumed = await heard((sink, signal) => client.watch(NETWORK_POLICIES, { initialEvents: false, resourceVersion: metadata.resourceVersion, timeoutSeconds: 30 }, sink, signal),
        async () => { await admin.delete(`${POLICIES(namespace)}/q`); }, (seen) => seen.some((frame) => frame.kind === 'Deleted'));
      assert.deepEqual(resumed.filter((frame) => frame.kind !== 'Bookmark' && frame.object.metadata.namespace === namespace).map((frame) => [frame.kind, nameIn(frame)]), [['Applied', 'q'], ['Deleted', 'q']]);
    });

    it('a watch ends in an ordinary way when its time is over', async () => {
      await client.watch(BASELINES, { initialEvents: true, timeoutSeconds: 1 }, { alive: () => undefined, frame: () => undefined }, never);
    });

    it('a watch from a version to come is answered with silence, not with an error', async () => {
      let lives = 0;
      const frames: Frame[] = [];
      await client.watch(NAMESPACES, { initialEvents: false, resourceVersion: '99999999', timeoutSeconds: 1 }, { alive: () => { lives += 1; }, frame: (frame) => { frames.push(frame); } }, never);
      assert.deepEqual([lives, frames], [1, []]);
    });
  });
});

const nameIn = (frame: Frame): string => (frame.kind === 'Bookmark' ? '' : frame.object.metadata.name);

/** Watches, acts once the watch is open, and stops when enough was heard. */
async function heard(
  watch: (sink: { alive(): void; frame(frame: Frame): void }, signal: AbortSignal) => Promise<void>, act: () => Promise<void>, enough: (frames: readonly Frame[]) => boolean,
): Promise<Frame[]> {
  const frames: Frame[] = [];
  const ending = new AbortController();
  let acted: Promise<void> | undefined;
  const watching = watch({
    alive: () => { acted ??= act(); },
    frame: (frame) => {
      frames.push(frame);
      if (enough(frames)) ending.abort();
    },
  }, AbortSignal.any([ending.signal, AbortSignal.timeout(15_000)]));
  await assert.rejects(watching, of('Aborted'));
  await acted;
  return frames;
}
