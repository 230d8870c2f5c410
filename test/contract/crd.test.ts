/**
 * The CRD on a real API server: it is accepted, fills in what the design says, refuses bad baselines with a message
 * that says why, and takes the largest that is allowed. Dry runs, unless said otherwise.
 */
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { crdManifest } from '../../src/api/crd.ts';
import { baselineSpec } from '../../src/api/v1alpha1.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { BASELINES, apiAs, type Answer, type Api, type Json } from '../support/api.ts';
import { sharedControlPlane } from '../support/control-plane.ts';
import { BAD_BASELINES } from './bad-baselines.ts';
import { largestBaseline } from './largest-baseline.ts';

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/namespacepolicybaselines.netbaseline.io';

describe('CRD', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let api: Api;

  before(async () => {
    plane = await sharedControlPlane();
    api = apiAs(plane.adminKubeconfig);
  });
  after(() => api.close());

  const create = (object: Json): Promise<Answer> =>
    api.post(`${BASELINES}?dryRun=All&fieldValidation=Ignore`, { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', ...object });
  /** As kubectl reads it: YAML 1.1, where Off is a boolean. */
  const createFrom = (spec: string, name = 'b'): Promise<Answer> => create({ metadata: { name }, spec: parse(spec, { version: '1.1' }) });

  it('is established, and what is stored is what the code generates', async () => {
    const { body } = await api.get(CRD);
    const established = body.status.conditions.filter(({ status }: Json) => status === 'True').map(({ type }: Json) => type);
    assert.deepEqual(established.sort(), ['Established', 'NamesAccepted']);
    const wanted: Json = JSON.parse(JSON.stringify(crdManifest()));
    assert.deepEqual(body.spec.versions[0].schema, wanted.spec.versions[0].schema);
  });

  it('has room for half as many templates again before its rules cost too much, should another release estimate higher', async () => {
    const { body } = await api.get(CRD);
    body.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.policies.maxItems = 48;
    const answer = await api.put(`${CRD}?dryRun=All`, body);
    assert.equal(answer.code, 200, answer.body.message);
  });

  describe('defaults', () => {
    it('fills in everything for spec: {}', async () => {
      const { body } = await create({ metadata: { name: 'b' }, spec: {} });
      assert.deepEqual(body.spec, {
        priority: 0, namespaceSelector: {}, excludedNamespaces: [],
        ingress: { mode: 'Enforce' }, egress: { mode: 'Enforce' },
        dns: { enabled: true, discovery: 'Static', peers: [], ports: [] },
        policies: [], exemptions: [], ownerKey: '',
        driftPolicy: 'Repair', adoptionPolicy: 'Refuse', deletionPolicy: 'Retain', paused: false,
      });
    });

    it('fills in what a part leaves open, and takes an empty value for an absent one', async () => {
      const { body } = await createFrom('{ingress: {mode: Audit}, egress: , dns: {enabled: false, peers: }, policies: }');
      assert.deepEqual([body.spec.ingress, body.spec.egress], [{ mode: 'Audit' }, { mode: 'Enforce' }]);
      assert.deepEqual(body.spec.dns, { enabled: false, discovery: 'Static', peers: [], ports: [] });
      assert.deepEqual(body.spec.policies, []);
    });

    it('adds nothing inside the items of a list, where GitOps tools would see a difference for ever', async () => {
      const spec = {
        policies: [{ name: 'a', networkPolicy: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] } }],
        exemptions: [{ namespace: 'a', reason: 'x' }],
      };
      const { body } = await create({ metadata: { name: 'b' }, spec });
      assert.deepEqual({ policies: body.spec.policies, exemptions: body.spec.exemptions }, spec);
    });
  });

  describe('GB-64: refuses', () => {
    for (const { what, spec, field, message } of BAD_BASELINES) {
      it(`${what}: ${message}`, async () => {
        const { code, body } = await createFrom(spec);
        assert.equal(code, 422, `${code}, not refused: ${JSON.stringify(body.spec)}`);
        const complaints: { field: string; message: string }[] = body.details.causes;
        const found = complaints.some((cause) => cause.field === field && cause.message.includes(message));
        assert.ok(found, `expected "${message}" of ${field}, got:\n${complaints.map((cause) => `${cause.field}: ${cause.message}`).join('\n')}`);
      });
    }

    it('a baseline without spec: a forgotten or misspelt one would otherwise deny everything everywhere', async () => {
      for (const object of [{}, { spec: null }, { specs: { ingress: { mode: 'Audit' } } }]) {
        const { code, body } = await create({ metadata: { name: 'b' }, ...object });
        assert.equal(code, 422);
        assert.match(body.message, /spec: Required value/);
      }
    });

    it('a name of 64 characters, and takes one of 63', async () => {
      const { code, body } = await createFrom('{}', 'a'.repeat(64));
      assert.equal(code, 422);
      assert.match(body.message, /the name of a baseline has at most 63 characters: it is the value of a label on every generated policy/);
      assert.equal((await createFrom('{}', 'a'.repeat(63))).code, 201);
    });

    it('every CEL rule has a bad baseline above', () => {
      const shown = BAD_BASELINES.map(({ message }) => message);
      const missing = [...messagesOf(crdManifest())].filter((message) => !shown.some((part) => message.includes(part)));
      assert.deepEqual(missing, ['the name of a baseline has at most 63 characters: it is the value of a label on every generated policy']);
    });
  });

  describe('accepts', () => {
    it('a rule for everybody where allowAnyPeer says that it is meant', async () => {
      const rules = 'networkPolicy: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{ports: [{port: 443}]}]}';
      assert.equal((await createFrom(`policies: [{name: a, allowAnyPeer: true, ${rules}}]`)).code, 201);
    });

    it('a reason of 512 emoji, counted as characters by both sides', async () => {
      const { code, body } = await create({ metadata: { name: 'b' }, spec: { exemptions: [{ namespace: 'a', reason: '🚧'.repeat(512) }] } });
      assert.equal(code, 201);
      assert.deepEqual(baselineSpec.parse(body.spec), body.spec);
    });

    it('and stores the largest baseline that fits into etcd, with every list as long as it may be somewhere', async () => {
      const spec = { ...largestBaseline(), paused: true };
      const beganMs = performance.now();
      const { code, body } = await api.post(BASELINES, { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'largest' }, spec });
      const tookMs = performance.now() - beganMs;
      await api.delete(`${BASELINES}/largest`);
      assert.equal(code, 201, JSON.stringify(body).slice(0, 2000));
      assert.deepEqual(baselineSpec.parse(body.spec), body.spec);
      const megabytes = JSON.stringify(spec).length / 1e6;
      console.log(`      ${megabytes.toFixed(2)} MB accepted in ${(tookMs / 1000).toFixed(2)} s`);
      assert.ok(megabytes > 1.2 && tookMs < 40_000, `${megabytes} MB took ${tookMs} ms`);
    });
  });
});

/** The messages of all rules of a schema, wherever they are. */
function messagesOf(value: unknown): Set<string> {
  const found = new Set<string>();
  JSON.stringify(value, (key, inner: unknown) => {
    if (key === 'x-kubernetes-validations') for (const { message } of inner as { message: string }[]) found.add(message);
    return inner;
  });
  return found;
}
