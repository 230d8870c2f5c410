/** The definitions of policies of cluster scope as their project publishes them, with every validation rule, in the channel that has all fields. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KINDS } from '../../src/kube/kinds.ts';
import type { ClusterPolicyKind } from '../../src/netpol/refused-cluster.ts';
import { moduleSource, type ModulePin } from '../tools/module-source.ts';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';
import { pathOf } from './policy-crds.ts';

const PATH = 'sigs.k8s.io/network-policy-api';
/** The last release with v1alpha1, and the first with v1alpha2. */
const V1ALPHA1: ModulePin = { path: PATH, version: 'v0.1.7', sum: 'h1:obY2FTEidLXVdRYu7gJ4q1RYE57pBnrpMqoE2LZgp4g=' };
const V1ALPHA2: ModulePin = { path: PATH, version: 'v0.2.0', sum: 'h1:W/f0Y9VoeQdOWjX/h2gZyLH6gZ5LLEXmh/9wy9mQWKw=' };
const PINS: Readonly<Record<ClusterPolicyKind, ModulePin>> = { AdminNetworkPolicy: V1ALPHA1, BaselineAdminNetworkPolicy: V1ALPHA1, ClusterNetworkPolicy: V1ALPHA2 };

/** As they are published. Throws where the module cannot be downloaded. */
export async function upstreamCrd(kind: ClusterPolicyKind): Promise<object> {
  const folder = await moduleSource(PINS[kind]);
  const { group, plural } = KINDS[kind];
  return parse(await readFile(join(folder, 'config/crd/experimental', `${group}_${plural}.yaml`), 'utf8')) as object;
}

/** Until objects of the kind can be made. */
export async function serveUpstream(api: Api, kind: ClusterPolicyKind, crd: object): Promise<void> {
  const { code, body } = await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
  assert.equal(code, 201, JSON.stringify(body));
  await eventually(async () => (await api.get(pathOf(kind))).code, (found) => assert.equal(found, 200, `${kind} is not served`), { withinMs: 20_000 });
}
