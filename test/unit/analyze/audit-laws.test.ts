/** What holds of audits of any cluster: files say what the cluster says, order says nothing, and a default-deny never opens. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { auditSnapshot } from '../../../src/analyze/audit/audit.ts';
import type { Audit } from '../../../src/analyze/audit/result.ts';
import type { KubeObject } from '../../../src/analyze/snapshot.ts';
import { DIRECTIONS } from '../../../src/api/network-policy.ts';
import { auditDocument } from '../../../src/cli/audit/document.ts';
import { toYaml } from '../../../src/cli/output/yaml.ts';
import { loadFromFiles } from '../../../src/cli/sources/files.ts';
import { KINDS, type KindName } from '../../../src/kube/kinds.ts';
import { NAMESPACE_CLASSES } from '../../../src/netpol/namespace-class.ts';
import type { Namespace, Pod, Policy } from '../../../src/netpol/model.ts';
import { AUDIT_OPTIONS, auditObjects, denyAll } from '../../support/audit.ts';
import { memoryHost } from '../../support/host.ts';
import { someNamespaces, somePods, somePolicies } from '../../support/random-netpol.ts';

interface Cluster { readonly namespaces: readonly Namespace[]; readonly pods: readonly Pod[]; readonly policies: readonly Policy[] }

const cluster = (): fc.Arbitrary<Cluster> => fc.record({ namespaces: someNamespaces(), pods: somePods(), policies: somePolicies() });

const namespaceObject = ({ name, labels }: Namespace): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: Object.fromEntries(labels) } });
const podObject = ({ namespace, name, labels, ips, ports, hostNetwork, terminal }: Pod): KubeObject => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name, labels: Object.fromEntries(labels), uid: `${namespace}-${name}` },
  spec: { hostNetwork, containers: [{ name: 'main', ports }] }, status: { phase: terminal ? 'Failed' : 'Running', podIPs: ips.map((ip) => ({ ip })) },
});

/** As stored: with a uid nobody asks whether an API server would take it. */
function policyObject(policy: Policy): KubeObject {
  const object = policyWithoutUid(policy);
  return { ...object, metadata: { ...object.metadata, uid: policy.name } };
}

function policyWithoutUid(policy: Policy): KubeObject {
  if (policy.kind === 'Opaque') return { apiVersion: 'cilium.io/v2', kind: 'CiliumNetworkPolicy', metadata: { namespace: policy.namespace ?? 'x', name: policy.name }, spec: { endpointSelector: {}, ingress: [{}] } };
  if (policy.kind === 'NetworkPolicy') return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: policy.namespace, name: policy.name }, spec: policy.spec };
  const version = policy.kind === 'ClusterNetworkPolicy' ? 'v1alpha2' : 'v1alpha1';
  return { apiVersion: `policy.networking.k8s.io/${version}`, kind: policy.kind, metadata: { name: policy.name }, spec: policy.spec };
}

function objectsOf({ namespaces, pods, policies }: Cluster, isWhole: boolean): KubeObject[] {
  const whole = isWhole ? [namespaceObject({ name: 'kube-system', labels: new Map() })] : [];
  const all = [...whole, ...namespaces.map(namespaceObject), ...pods.map(podObject), ...policies.map(policyObject)];
  return [...new Map(all.map((object) => [`${object.kind} ${object.metadata.namespace} ${object.metadata.name}`, object])).values()];
}

/** All that is said, but for where it comes from. */
function said(audit: Audit): unknown {
  const { source: _source, ...document } = JSON.parse(JSON.stringify(auditDocument(audit), (key, value: unknown) => (key === 'file' || key === 'line' ? undefined : value))) as Record<string, unknown>;
  return document;
}

async function auditYaml(text: string): Promise<Audit> {
  const snapshot = await loadFromFiles(memoryHost({ stdin: text }), { paths: ['-'], kinds: Object.keys(KINDS) as KindName[], namespace: 'default' });
  return auditSnapshot(snapshot, AUDIT_OPTIONS);
}

describe('audit: laws over random clusters', function () {
  this.timeout(120_000);

  it('files say what the cluster says', async () => {
    await fc.assert(fc.asyncProperty(cluster(), fc.boolean(), async (found, isWhole) => {
      const objects = objectsOf(found, isWhole);
      const dump = toYaml({ apiVersion: 'v1', kind: 'List', items: objects });
      assert.deepEqual(said(await auditYaml(dump)), said(auditObjects(objects)));
    }), { numRuns: 60 });
  });

  it('the order of objects says nothing', () => {
    fc.assert(fc.property(cluster().chain((found) => fc.tuple(fc.constant(objectsOf(found, true)), fc.shuffledSubarray(objectsOf(found, true), { minLength: objectsOf(found, true).length }))), ([objects, shuffled]) => {
      assert.deepEqual(said(auditObjects(shuffled)), said(auditObjects(objects)));
    }), { numRuns: 100 });
  });

  it('a default-deny never makes a class weaker, nor a namespace worse', () => {
    fc.assert(fc.property(cluster(), fc.constantFrom('x', 'y', 'constructor'), (found, name) => {
      const objects = objectsOf(found, true).filter(({ kind, metadata }) => kind !== 'NetworkPolicy' || metadata.name !== 'default-deny');
      const [before, after] = [auditObjects(objects), auditObjects([...objects, denyAll(name)])].map((audit) => audit.namespaces.find((namespace) => namespace.name === name));
      assert.ok(before !== undefined && after !== undefined);
      for (const direction of DIRECTIONS) {
        const [was, is] = [before, after].map(({ directions }) => NAMESPACE_CLASSES.indexOf(directions[direction].class));
        assert.ok((is ?? 0) >= (was ?? 0), `${direction}: ${before.directions[direction].class} became ${after.directions[direction].class}`);
        assert.ok(after.directions[direction].hasDefaultDeny);
      }
      assert.ok(!after.findings.some(({ id }) => id === 'no-policy' || id === 'no-default-deny'), JSON.stringify(after.findings));
    }), { numRuns: 150 });
  });

  it('a namespace fails if and only if some finding of it does, and what is isolated is not defeated', () => {
    fc.assert(fc.property(cluster(), (found) => {
      for (const { level, findings, directions } of auditObjects(objectsOf(found, true)).namespaces) {
        assert.equal(level === 'FAIL', findings.some((each) => each.level === 'FAIL'));
        for (const direction of DIRECTIONS) {
          const { isolated, defeatedBy } = directions[direction];
          assert.ok(isolated !== 'yes' || defeatedBy.length === 0);
          const effects = findings.filter(({ id, direction: of }) => (id === 'no-policy' || id === 'no-default-deny' || id === 'defeated') && (of ?? direction) === direction);
          assert.ok(isolated !== 'no' || effects.length > 0, `${direction} is not isolated, and nothing says why`);
        }
      }
    }), { numRuns: 150 });
  });
});
