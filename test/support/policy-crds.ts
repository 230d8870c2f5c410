/** Definitions of the kinds of policies that clusters have beside NetworkPolicy: as little of them as lets objects be stored. */
import assert from 'node:assert/strict';
import { CLUSTER_POLICY_KINDS, KINDS, OPAQUE_POLICY_KINDS, type KindName, type KnownKind } from '../../src/kube/kinds.ts';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
export const POLICY_KINDS: readonly KindName[] = [...CLUSTER_POLICY_KINDS, ...OPAQUE_POLICY_KINDS];

const nameOf = ({ plural, group }: KnownKind): string => `${plural}.${group}`;

function crdOf({ group, plural, kind, namespaced, versions }: KnownKind): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition',
    metadata: { name: nameOf({ group, plural, kind, namespaced, versions }), annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' } },
    spec: {
      group, scope: namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      versions: versions.map((name, index) => ({
        name, served: true, storage: index === 0,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } },
      })),
    },
  };
}

/** Path of all objects of a kind, or of those in a namespace. */
export function pathOf(name: KindName, namespace?: string): string {
  const { group, versions: [version], plural } = KINDS[name];
  return `/apis/${group}/${version}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${plural}`;
}

/** Makes the CRD and waits until its objects can be made. */
export async function serve(api: Api, name: KindName): Promise<void> {
  const { code, body } = await api.post(CRDS, crdOf(KINDS[name]));
  assert.ok(code === 201 || code === 409, JSON.stringify(body));
  await eventually(async () => (await api.get(pathOf(name))).code, (found) => assert.equal(found, 200, `${name} is not served`), { withinMs: 20_000 });
}

/** Deletes the CRD with all its objects, and waits for that. */
export async function withdraw(api: Api, name: KindName): Promise<void> {
  await api.delete(`${CRDS}/${nameOf(KINDS[name])}`);
  await eventually(async () => (await api.get(`${CRDS}/${nameOf(KINDS[name])}`)).code, (found) => assert.equal(found, 404, `the CRD of ${name} is still there`), { withinMs: 20_000 });
}
