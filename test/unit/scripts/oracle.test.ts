/** The comparison with truth tables: what it counts, and that it sees what is wrong. */
import assert from 'node:assert/strict';
import { checkCases, explained } from '../../../scripts/oracle/check.ts';
import type { ClusterCase, Expected, OracleCase } from '../../../scripts/oracle/files.ts';

const pod = (namespace: string, name: string, ip: string) => ({ namespace, name, ip, labels: { pod: name }, ports: [{ name: 'web', containerPort: 80, protocol: 'TCP' }] });
const pair = (from: string, to: string, allowed: boolean, more: Partial<Expected> = {}): Expected => ({ from, to, port: 80, protocol: 'TCP', allowed, loopback: from === to, ...more });

const snapshot = (...expected: Expected[]): OracleCase => ({
  id: 7, description: 'deny x', steps: [{
    namespaces: { x: {}, y: {} }, pods: [pod('x', 'a', '10.0.0.1'), pod('y', 'a', '10.0.0.2')], expected,
    policies: [{ metadata: { namespace: 'x', name: 'deny' }, spec: {} }],
  }],
});

describe('oracle', () => {
  it('counts pairs, and does not look at loopback', () => {
    const { cases, pairs, masked, allowed, mismatches } = checkCases([snapshot(pair('y/a', 'x/a', false), pair('x/a', 'y/a', true), pair('x/a', 'x/a', false))]);
    assert.deepEqual([cases, pairs, masked, allowed, mismatches.length], [1, 2, 1, 1, 0]);
  });
  it('a wrong verdict is a mismatch, explained', () => {
    const { mismatches } = checkCases([snapshot(pair('y/a', 'x/a', true))]);
    assert.equal(mismatches.length, 1);
    assert.match(explained(mismatches[0]!), /7: deny x, step 1[\s\S]*y\/a -> x\/a:80\/TCP: expected .*got denied[\s\S]*ingress: denied by .*isolated by \[x\/deny\]/);
  });
  it('a direction is checked where it is given', () => {
    assert.equal(checkCases([snapshot(pair('y/a', 'x/a', false, { ingress: false, egress: true }))]).mismatches.length, 0);
    assert.equal(checkCases([snapshot(pair('y/a', 'x/a', false, { ingress: false, egress: false }))]).mismatches.length, 1);
  });
  it('assertions with the objects before them', () => {
    const test = (allowed: boolean): ClusterCase => ({
      name: 'T', pods: [pod('x', 'a', '10.0.0.1'), pod('y', 'a', '10.0.0.2')], nodes: [],
      asserts: [{ test: 'T/1', from: 'y/a', toIP: '10.0.0.1', protocol: 'tcp', port: 80, allowed, state: {
        np: {}, ns: { x: { metadata: { name: 'x' } }, y: { metadata: { name: 'y' } } },
        cnp: { c: { metadata: { name: 'c' }, spec: { tier: 'Admin', priority: 1, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] } } },
      } }],
    });
    assert.deepEqual([true, false].map((allowed) => checkCases([test(allowed)]).mismatches.length), [1, 0]);
  });
  it('a pod that is not in the snapshot is an error', () => assert.throws(() => checkCases([snapshot(pair('y/a', 'x/zzz', true))]), /x\/zzz is not in the snapshot/));
});
