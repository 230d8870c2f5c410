import assert from 'node:assert/strict';
import { HOLES, recordRequests, template } from '../../bench/recorded-requests.ts';

describe('bench floor requests', () => {
  it('are those of the operator: allow-dns, then default-deny, with nothing left to defaulting', async () => {
    const recorded = await recordRequests({ name: 'default', spec: {} });
    assert.deepEqual(recorded.map(({ name }) => name), ['allow-dns', 'default-deny']);
    for (const { name, create, replace } of recorded) {
      const body = JSON.parse(create.body ?? '') as { metadata: { name: string; namespace: string }; spec: object };
      assert.deepEqual([create.method, replace.method], ['POST', 'PUT']);
      assert.deepEqual([body.metadata.name, body.metadata.namespace], [name, HOLES.namespace]);
      assert.deepEqual(Object.keys(body.spec).sort(), ['egress', 'ingress', 'podSelector', 'policyTypes']);
      assert.match(create.path, /\/namespaces\/recorded-namespace\/networkpolicies\?fieldManager=namespace-policy-baseline&/);
      assert.equal(create.headers?.['content-type'], 'application/json');
    }
  });

  it('follow the baseline', async () => {
    const recorded = await recordRequests({ name: 'strict', spec: { dns: { enabled: false } } });
    assert.deepEqual(recorded.map(({ name }) => name), ['default-deny']);
    assert.match(recorded[0]?.create.body ?? '', /"netbaseline.io\/baseline":"strict"/);
    await assert.rejects(recordRequests({ name: 'off', spec: { ingress: { mode: 'Disabled' }, egress: { mode: 'Disabled' } } }), /plans nothing/);
  });

  it('are filled in everywhere, and only there', () => {
    const fill = template({
      method: 'PUT', path: `/n/${HOLES.namespace}/p/allow-dns`, headers: { a: 'b' },
      body: `{"namespace":"${HOLES.namespace}","uid":"${HOLES.uid}","resourceVersion":"${HOLES.resourceVersion}","also":"${HOLES.namespace}"}`,
    });
    const filled = { method: 'PUT', path: '/n/team-$&/p/allow-dns', headers: { a: 'b' }, body: '{"namespace":"team-$&","uid":"u1","resourceVersion":"77","also":"team-$&"}' };
    assert.deepEqual(fill({ namespace: 'team-$&', uid: 'u1', resourceVersion: '77' }), filled);
    assert.deepEqual(fill({ namespace: 'team-$&', uid: 'u1', resourceVersion: '77' }), filled);
    assert.match(fill({ namespace: 'x' }).body ?? '', /"uid":"recorded-uid"/);
  });
});
