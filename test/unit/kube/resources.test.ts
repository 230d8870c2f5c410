/** Paths, and times of a Lease. */
import assert from 'node:assert/strict';
import { microTime } from '../../../src/kube/lease.ts';
import { BASELINES, collectionPath, EVENTS, LEASES, NAMESPACES, NETWORK_POLICIES, objectPath } from '../../../src/kube/resources.ts';

describe('resources', () => {
  it('spell the paths of the API', () => {
    assert.equal(collectionPath(NAMESPACES), '/api/v1/namespaces');
    assert.equal(collectionPath(NETWORK_POLICIES), '/apis/networking.k8s.io/v1/networkpolicies');
    assert.equal(collectionPath(EVENTS, 'a'), '/apis/events.k8s.io/v1/namespaces/a/events');
    assert.equal(objectPath(LEASES, { namespace: 'a', name: 'l' }), '/apis/coordination.k8s.io/v1/namespaces/a/leases/l');
    assert.equal(objectPath(BASELINES, { name: 'default', subresource: 'status' }), '/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/default/status');
  });
  it('no name leads to another resource', () => {
    assert.equal(objectPath(NETWORK_POLICIES, { namespace: 'a/../b', name: '../x?y#z' }), '/apis/networking.k8s.io/v1/namespaces/a%2F..%2Fb/networkpolicies/..%2Fx%3Fy%23z');
  });
  it('a MicroTime has six fractional digits', () => {
    assert.equal(microTime(Date.UTC(2026, 10, 21, 15, 51, 54, 7)), '2026-11-21T15:51:54.007000Z');
  });
});
