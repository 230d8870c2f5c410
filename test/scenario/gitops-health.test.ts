/** docs/gitops.md: what Argo CD, Flux and Helm make of the status that a real operator writes. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BASELINES, type Json } from '../support/api.ts';
import { gitopsExample, healthOf, type Health } from '../support/argo-health.ts';
import { eventually } from '../support/eventually.ts';
import { HELM_BUILD_MS, aHelm, type Helm } from '../support/helm.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { skipBecause } from '../support/skip.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';
import { ensureTool } from '../tools/tool.ts';

/** The first build of Lua from its Go module. */
const BUILD_MS = 10 * 60_000;
const FLAGS = { 'leader-elect': 'false', 'status-interval': '200ms' };

/** What the expressions of the Flux example are about, in the order in which Flux asks. */
const EXPRESSIONS = ['inProgress', 'failed', 'current'] as const;

describe('GitOps: health of a baseline', function () {
  this.timeout(120_000);
  let world: World;
  let lua: string;
  let operator: RunningOperator | undefined;
  before(async function () {
    this.timeout(BUILD_MS);
    lua = await ensureTool('glua').catch((error: unknown) => skipBecause(this, `no Lua: ${String(error)}`));
    world = await aWorld();
    await fluxPolicy();
  });
  afterEach(async () => {
    await operator?.stop();
    operator = undefined;
    await world.clear();
  });
  after(async () => {
    for (const path of [BINDING, POLICY]) await world?.admin.delete(`${path}/${FLUX}`);
    await world?.end();
  });

  const start = async (): Promise<void> => { operator = await world.operator({ flags: FLAGS }); };
  const POLICY = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  const BINDING = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
  const FLUX = 'flux-health.test.netbaseline.io';
  const post = async (path: string, object: Json): Promise<void> => {
    const { code, body } = await world.admin.post(path, object);
    assert.equal(code, 201, body.message);
  };

  /** Flux evaluates CEL as the API server does: a policy on a label that says which expression is meant refuses what it is true of. */
  async function fluxPolicy(): Promise<void> {
    const [example] = (await gitopsExample('Kustomization')).spec.healthCheckExprs;
    await post(POLICY, {
      metadata: { name: FLUX },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: ['netbaseline.io'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['namespacepolicybaselines'] }] },
        matchConditions: [{ name: 'asked', expression: "has(object.metadata.labels) && 'ask' in object.metadata.labels" }],
        validations: EXPRESSIONS.map((expression) => ({
          expression: `object.metadata.labels['ask'] != '${expression}' || !(${example[expression].replaceAll(/(?<![\w.])(status|metadata)\./g, 'object.$1.')})`, message: `${expression} is true`,
        })),
      },
    });
    await post(BINDING, { metadata: { name: FLUX }, spec: { policyName: FLUX, validationActions: ['Deny'] } });
    const probe = await world.baseline({ paused: true }); // without a status: inProgress is true once the policy is in force
    await eventually(() => isTrue(probe, 'inProgress'), (found) => assert.equal(found, true), { withinMs: 30_000 });
  }

  async function isTrue(baseline: string, expression: string): Promise<boolean> {
    const { code, body } = await world.admin.patch(`${BASELINES}/${baseline}?dryRun=All`, { metadata: { labels: { ask: expression } } });
    if (code === 200) return false;
    // What cannot be evaluated, since there is no status yet, makes Flux wait and ask again.
    assert.match(body.message, new RegExp(`${expression} is true|'${expression}'.* resulted in error: no such key: status`));
    return true;
  }

  /** The first that holds, as Flux asks them. */
  async function fluxOf(baseline: string): Promise<string | undefined> {
    for (const expression of EXPRESSIONS) if (await isTrue(baseline, expression)) return expression;
    return undefined;
  }

  interface Seen { readonly argo: string; readonly flux: string | undefined; readonly kstatus: string }
  const become = async (baseline: string, wanted: Seen): Promise<Health> => {
    const seen = await eventually(async () => {
      const object = await world.getBaseline(baseline);
      const health = await healthOf(lua, object);
      return { health, is: { argo: health.status, flux: await fluxOf(baseline), kstatus: kstatusOf(object) } };
    }, ({ is }) => assert.deepEqual(is, wanted), { withinMs: 30_000, everyMs: 200 });
    return seen.health;
  };

  it('not seen yet: in progress, also for Flux, whose kstatus cannot know', async () => {
    const baseline = await world.baseline();
    const { message } = await become(baseline, { argo: 'Progressing', flux: 'inProgress', kstatus: 'Current' });
    assert.equal(message, 'waiting for the operator to see this generation');
  });

  it('in force: healthy; changed while no operator sees it: in progress', async () => {
    await world.namespace();
    await start();
    const baseline = await world.baseline();
    await become(baseline, { argo: 'Healthy', flux: 'current', kstatus: 'Current' });
    await operator?.stop();
    await world.edit(baseline, { priority: 7 });
    await become(baseline, { argo: 'Progressing', flux: 'inProgress', kstatus: 'InProgress' });
    await start();
    await become(baseline, { argo: 'Healthy', flux: 'current', kstatus: 'Current' });
  });

  it('paused: suspended', async () => {
    await start();
    const baseline = await world.baseline({ paused: true });
    const { message } = await become(baseline, { argo: 'Suspended', flux: 'current', kstatus: 'Current' });
    assert.equal(message, 'spec.paused is true');
  });

  it('removals are held: degraded, and the message has the command that confirms', async () => {
    await world.namespaces(2);
    await start();
    const baseline = await world.baseline();
    await become(baseline, { argo: 'Healthy', flux: 'current', kstatus: 'Current' });
    await world.edit(baseline, { namespaceSelector: { matchLabels: { none: 'of-them' } } });
    const { message } = await become(baseline, { argo: 'Degraded', flux: 'failed', kstatus: 'Failed' });
    assert.match(message, /kubectl annotate --overwrite npb \S+ netbaseline\.io\/confirm=\w+/);
  });

  it('one namespace in conflict: healthy, and named', async () => {
    const namespace = await world.namespace();
    await world.createPolicy(namespace, 'default-deny', { podSelector: { matchLabels: { app: 'db' } } });
    await start();
    const baseline = await world.baseline();
    await eventually(() => world.getBaseline(baseline).then((object) => healthOf(lua, object)), ({ status, message }) => {
      assert.equal(status, 'Healthy');
      assert.match(message, new RegExp(namespace));
    }, { withinMs: 30_000, everyMs: 200 });
    await become(baseline, { argo: 'Healthy', flux: 'current', kstatus: 'Current' });
  });

  it('a rollout that is under way: in progress', async () => {
    await world.namespace();
    await start();
    const baseline = await world.baseline();
    await become(baseline, { argo: 'Healthy', flux: 'current', kstatus: 'Current' });
    const object = await world.getBaseline(baseline);
    const conditions = object.status.conditions.map((condition: Json) => (condition.type === 'Ready' ? { ...condition, status: 'False', reason: 'Progressing', message: 'not every namespace yet' } : condition));
    const rolling = { ...object, status: { ...object.status, conditions: [...conditions, { type: 'Reconciling', status: 'True', reason: 'Progressing', message: 'bringing every namespace to this generation' }] } };
    assert.deepEqual([await healthOf(lua, rolling), kstatusOf(rolling)], [{ status: 'Progressing', message: 'not every namespace yet' }, 'InProgress']);
  });
});

describe('GitOps: Helm 4 waits for a baseline, by the kstatus that Flux uses', function () {
  this.timeout(120_000);
  let world: World;
  let helm: Helm;
  let chart: string;
  before(async function () {
    this.timeout(HELM_BUILD_MS);
    world = await aWorld();
    helm = await aHelm(this, 4, world.plane.adminKubeconfig);
    chart = await mkdtemp(join(tmpdir(), 'npb-release-'));
    await mkdir(join(chart, 'templates'));
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: baselines\nversion: 0.1.0\n');
    await writeFile(join(chart, 'templates/baseline.yaml'), '{{ toYaml .Values.object }}\n');
  });
  after(async () => {
    await helm?.end();
    await world?.end();
    if (chart !== undefined) await rm(chart, { recursive: true });
  });

  it('until it is in force; not while nobody sees the change; and never for one whose removals are held', async () => {
    const release = `r-${Math.random().toString(36).slice(2, 10)}`;
    await world.namespaces(2);
    const baseline = await world.baseline({ paused: true }); // the name is the world's, so that it is cleared with it
    await world.deleteBaseline(baseline);
    const values = (spec: Json): string => JSON.stringify({ object: { apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: baseline }, spec: { namespaceSelector: { matchLabels: world.labels }, ...spec } } });
    const upgrade = (spec: Json, timeout: string) => helm(['upgrade', '--install', release, chart, '--wait', '--timeout', timeout, '--values', '-'], { stdin: values(spec) });
    const operator = await world.operator({ flags: FLAGS });
    assert.equal((await upgrade({}, '60s')).code, 0);
    await world.applied(baseline);
    assert.equal((await upgrade({ priority: 1 }, '60s')).code, 0);
    assert.equal(kstatusOf(await world.getBaseline(baseline)), 'Current');
    await operator.stop();
    const unseen = await upgrade({ priority: 2 }, '12s');
    assert.equal(kstatusOf(await world.getBaseline(baseline)), 'InProgress');
    assert.deepEqual([unseen.code, /InProgress/.test(unseen.stderr)], [1, true], unseen.stderr);
    await world.operator({ flags: FLAGS });
    const held = await upgrade({ namespaceSelector: { matchLabels: { none: 'of-them' } } }, '30s');
    assert.equal(kstatusOf(await world.getBaseline(baseline)), 'Failed');
    assert.deepEqual([held.code, /Failed/.test(held.stderr)], [1, true], held.stderr);
    await helm(['uninstall', release]);
  });
});
