/** A cluster in which much is wrong at once, each thing in a namespace and a baseline of its own name: for what tells of it. */
import assert from 'node:assert/strict';
import type { Json } from './api.ts';
import { eventually } from './eventually.ts';
import type { Prometheus } from './monitoring.ts';
import type { World } from './world.ts';

/** What Prometheus sees takes a scrape and an evaluation. */
export const SOON = { withinMs: 60_000, everyMs: 250 };
const DAY_MS = 86_400_000;

export interface Scene { readonly world: World; readonly prometheus: Prometheus }

/** Labels of namespaces and the spec of a baseline that belong together; the owner is called after them. */
export const own = (name: string, spec: Json = {}) => ({ labels: { only: name, team: `team-${name}` }, spec: { namespaceSelector: { matchLabels: { only: name } }, ownerKey: 'team', ...spec } });

/** A namespace with a baseline of its own. */
async function pair(world: World, name: string, spec: Json = {}): Promise<{ namespace: string; baseline: string }> {
  const { labels, spec: all } = own(name, spec);
  const namespace = await world.namespace({ name, labels });
  return { namespace, baseline: await world.baseline(all, name) };
}

const isProtected = (world: World, namespace: string) => eventually(() => world.policyNames(namespace), (names) => assert.ok(names.includes('default-deny')), SOON);

async function warned({ world }: Scene): Promise<void> {
  const { namespace } = await pair(world, 'warned', { driftPolicy: 'Warn' });
  await isProtected(world, namespace);
  await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{}] } });
}

/** More often than is answered at once. */
async function contended({ world, prometheus }: Scene): Promise<void> {
  const { namespace } = await pair(world, 'contended');
  await isProtected(world, namespace);
  await eventually(async () => {
    await world.patchPolicy(namespace, 'default-deny', { spec: { ingress: [{ from: [{ podSelector: {} }] }] } });
    return prometheus.query('sum(netpol_baseline_contended_policies)');
  }, ([sample]) => assert.equal(sample?.value, 1), { ...SOON, everyMs: 100 });
}

async function conflicted({ world }: Scene): Promise<void> {
  const { labels, spec } = own('conflicted', { policies: [{ name: 'strict', networkPolicy: { podSelector: { matchLabels: { a: 'b' } }, policyTypes: ['Ingress'] } }] });
  await world.namespace({ name: 'conflicted', labels });
  await world.createPolicy('conflicted', 'strict', { podSelector: {} });
  await world.baseline(spec, 'conflicted');
}

/** By a quota, as its controller would, which does not run here. */
async function refused({ world }: Scene): Promise<void> {
  const { labels, spec } = own('refused');
  await world.namespace({ name: 'refused', labels });
  const hard = { 'count/networkpolicies.networking.k8s.io': '0' };
  const path = '/api/v1/namespaces/refused/resourcequotas';
  await world.admin.post(path, { metadata: { name: 'none' }, spec: { hard } });
  await world.admin.patch(`${path}/none/status`, { status: { hard, used: hard } });
  await world.baseline(spec, 'refused');
}

async function overridden({ world, prometheus }: Scene): Promise<void> {
  const { namespace } = await pair(world, 'overridden');
  await isProtected(world, namespace);
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const pod = { metadata: { name: 'web' }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'none' }] } };
  await eventually(() => world.admin.post(path, pod), ({ code, body }) => assert.equal(code, 201, JSON.stringify(body)));
  await eventually(() => prometheus.query('sum(netpol_baseline_effective_pods{class="restricted"}) > 0'), (samples) => assert.equal(samples.length, 1), SOON);
  await world.createPolicy(namespace, 'allow-all', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] });
}

async function exempt({ world }: Scene): Promise<void> {
  const at = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  await pair(world, 'exempt', { exemptions: [{ namespace: 'exempt', reason: 'soon over', expiresAt: at(3) }, { namespace: 'nobody', reason: 'over', expiresAt: at(-3) }] });
}

/** All of two namespaces would lose their isolation. */
async function held({ world }: Scene): Promise<void> {
  const { labels, spec } = own('held');
  const namespaces = [await world.namespace({ name: 'held-1', labels }), await world.namespace({ name: 'held-2', labels })];
  await world.baseline(spec, 'held');
  for (const namespace of namespaces) await isProtected(world, namespace);
  await world.edit('held', { namespaceSelector: { matchLabels: { only: 'nothing' } } });
}

async function paused({ world }: Scene): Promise<void> {
  await pair(world, 'paused', { paused: true });
}

async function bare({ world }: Scene): Promise<void> {
  await world.namespace({ name: 'bare' });
}

async function retained({ world }: Scene): Promise<void> {
  const { namespace, baseline } = await pair(world, 'retained');
  await isProtected(world, namespace);
  await world.deleteBaseline(baseline);
}

async function stalled({ world }: Scene): Promise<void> {
  await world.baseline({ namespaceSelector: { matchLabels: { 'not/a/key': 'x' } } }, 'stalled');
}

/** All of them; they do not disturb each other. */
export const TROUBLES = { warned, contended, conflicted, refused, overridden, exempt, held, paused, bare, retained, stalled };
