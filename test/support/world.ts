/**
 * The world of a scenario: a real API server, an operator with its shipped RBAC, and whoever else acts in it.
 *
 * A scenario has its own namespaces (random names, one label) and baselines that select only these, unless it
 * says otherwise; `clear` ends it and begins another under the same operator, `end` ends everything, so that
 * suites share one control plane.
 */
import { metricTable } from '../../src/observe/metric-catalog.ts';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../src/config.ts';
import { systemClock, type Clock } from '../../src/control/clock.ts';
import { startOperator, type Operator } from '../../src/operator.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, BASELINES, POLICIES, type Api, type Json } from './api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, sharedControlPlane } from './control-plane.ts';
import { eventually, type Patience } from './eventually.ts';
import { memoryLogger, type MemoryLogger } from './log.ts';

export interface RunningOperator {
  readonly operator: Operator;
  readonly log: MemoryLogger;
  /** Value of a metric; 0 when the series is absent. Labels are compared as a subset. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  metrics(): Promise<string>;
  ready(): Promise<{ code: number; body: string }>;
  stop(): Promise<void>;
}

export interface OperatorOptions {
  readonly flags?: Record<string, string>;
  readonly clock?: Clock;
  readonly kubeconfig?: string;
  /** Default: waits until it leads and is synced. */
  readonly waitUntilReady?: boolean;
}

export interface World {
  readonly plane: ControlPlane;
  /** The cluster's administrator. */
  readonly admin: Api;
  /** Label on this scenario's namespaces; another one after `clear`. */
  readonly labels: Readonly<Record<string, string>>;
  operator(options?: OperatorOptions): Promise<RunningOperator>;
  /** Creates a namespace; returns its name. */
  namespace(options?: NamespaceOptions): Promise<string>;
  /** This many of them, at once. */
  namespaces(count: number, options?: NamespaceOptions): Promise<string[]>;
  /** Merge patch of the labels of a namespace; `null` takes one away. */
  label(namespace: string, labels: Record<string, string | null>): Promise<void>;
  deleteNamespace(name: string): Promise<void>;
  /** Creates a baseline over this scenario's namespaces (override `namespaceSelector` to widen); returns its name. */
  baseline(spec?: Json, name?: string): Promise<string>;
  deleteBaseline(name: string): Promise<void>;
  /** Merge patch of a spec. */
  edit(baseline: string, spec: Json): Promise<void>;
  getBaseline(name: string): Promise<Json>;
  /** Waits until the present generation of a baseline is in force everywhere; returns its status. */
  applied(baseline: string): Promise<Json>;
  /** Waits until the status satisfies `check`; returns it. */
  status(baseline: string, check: (status: Json) => void, patience?: Patience): Promise<Json>;
  /** All policies of a namespace by name. */
  policies(namespace: string): Promise<Map<string, Json>>;
  policyNames(namespace: string): Promise<string[]>;
  policy(namespace: string, name: string): Promise<Json>;
  /** Waits until a namespace has exactly these policies. */
  becomes(namespace: string, ...names: string[]): Promise<void>;
  createPolicy(namespace: string, name: string, spec: Json, metadata?: Json): Promise<Json>;
  deletePolicy(namespace: string, name: string): Promise<void>;
  /** Merge patch of a policy, as somebody with kubectl. */
  patchPolicy(namespace: string, name: string, patch: Json): Promise<void>;
  /** Creates an object at a path of the API; it goes with the scenario. */
  create(path: string, object: Json): Promise<Json>;
  /** Ends the scenario: baselines and namespaces go, the label is another one. Does not wait for it. */
  clear(): Promise<void>;
  /** Ends the operators and removes what the scenarios made. */
  end(): Promise<void>;
}

export interface NamespaceOptions {
  readonly name?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

export async function aWorld(plane?: ControlPlane): Promise<World> {
  const cluster = plane ?? await sharedControlPlane();
  const id = randomBytes(4).toString('hex');
  const admin = apiAs(cluster.adminKubeconfig);
  const namespaces = new Set<string>();
  const baselines = new Set<string>();
  const others: string[] = [];
  const operators: RunningOperator[] = [];
  let kubeconfig: string | undefined;
  let scene = 0;
  let made = 0;
  const labelsNow = (): Record<string, string> => ({ 'test.netbaseline.io/world': `${id}-${scene}` });

  const must = async (answer: Promise<{ code: number; body: Json }>): Promise<Json> => {
    const { code, body } = await answer;
    if (code >= 300) throw new Error(`${code}: ${typeof body === 'string' ? body : body.message}`);
    return body;
  };

  const world: World = {
    plane: cluster,
    admin,
    get labels() { return labelsNow(); },
    async operator(options = {}) {
      const running = await startInProcess(options.kubeconfig ?? (kubeconfig ??= await cluster.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT)), options);
      operators.push(running);
      return running;
    },
    async namespace({ name = `ns-${id}-${made += 1}`, labels = {}, annotations } = {}) {
      await must(admin.post('/api/v1/namespaces', { metadata: { name, labels: { ...labelsNow(), ...labels }, ...(annotations === undefined ? {} : { annotations }) } }));
      namespaces.add(name);
      return name;
    },
    namespaces: (count, options = {}) => Promise.all(Array.from({ length: count }, () => world.namespace(options))),
    async label(namespace, labels) { await must(admin.patch(`/api/v1/namespaces/${namespace}`, { metadata: { labels } })); },
    async deleteNamespace(name) { await must(admin.delete(`/api/v1/namespaces/${name}`)); },
    async baseline(spec = {}, name = `b-${id}-${made += 1}`) {
      await must(admin.post(BASELINES, {
        apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name },
        spec: { namespaceSelector: { matchLabels: labelsNow() }, ...spec },
      }));
      baselines.add(name);
      return name;
    },
    async deleteBaseline(name) { await must(admin.delete(`${BASELINES}/${name}`)); },
    async edit(name, spec) { await must(admin.patch(`${BASELINES}/${name}`, { spec })); },
    getBaseline: (name) => must(admin.get(`${BASELINES}/${name}`)),
    async applied(name) {
      const { status } = await eventually(() => world.getBaseline(name), ({ metadata, status: { conditions = [] } = {} }) => {
        const ready = conditions.find(({ type }: Json) => type === 'Ready');
        if (ready?.status !== 'True' || ready.observedGeneration !== metadata.generation) throw new Error(`Ready is ${JSON.stringify(ready)}`);
      }, { withinMs: 15_000 });
      return status;
    },
    async status(name, check, patience) {
      return (await eventually(() => world.getBaseline(name), ({ status = {} }) => check(status), patience)).status;
    },
    async policies(namespace) {
      const { items } = await must(admin.get(POLICIES(namespace)));
      return new Map(items.map((item: Json) => [item.metadata.name, item]));
    },
    async policyNames(namespace) { return [...(await world.policies(namespace)).keys()].sort(); },
    policy: (namespace, name) => must(admin.get(`${POLICIES(namespace)}/${name}`)),
    async becomes(namespace, ...names) {
      await eventually(() => world.policyNames(namespace), (found) => assert.deepEqual(found, [...names].sort()), { withinMs: 15_000 });
    },
    createPolicy: (namespace, name, spec, metadata = {}) => must(admin.post(POLICIES(namespace), {
      apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { ...metadata, name, namespace }, spec,
    })),
    async deletePolicy(namespace, name) { await must(admin.delete(`${POLICIES(namespace)}/${name}`)); },
    async patchPolicy(namespace, name, patch) { await must(admin.patch(`${POLICIES(namespace)}/${name}`, patch)); },
    async create(path, object) {
      others.push(`${path}/${object.metadata.name}`);
      return must(admin.post(path, object));
    },
    async clear() {
      await Promise.all(others.splice(0).map((path) => admin.delete(path)));
      await Promise.all([...baselines].map((name) => admin.delete(`${BASELINES}/${name}`)));
      await Promise.all([...namespaces].map((name) => admin.delete(`/api/v1/namespaces/${name}`)));
      if (operators.length === 0) for (const name of baselines) await removeBaseline(admin, name);
      namespaces.clear();
      baselines.clear();
      scene += 1;
    },
    async end() {
      await Promise.all(operators.map((running) => running.stop()));
      await Promise.all(others.splice(0).map((path) => admin.delete(path)));
      for (const name of baselines) await removeBaseline(admin, name);
      await Promise.all([...namespaces].map((name) => admin.delete(`/api/v1/namespaces/${name}`)));
      await admin.close();
    },
  };
  return world;
}

/** Also where no operator is left to take the finalizer off. */
async function removeBaseline(admin: Api, name: string): Promise<void> {
  await admin.patch(`${BASELINES}/${name}`, { metadata: { finalizers: [] } });
  await admin.delete(`${BASELINES}/${name}`);
}

async function startInProcess(kubeconfig: string, { flags = {}, clock = systemClock, waitUntilReady = true }: OperatorOptions): Promise<RunningOperator> {
  const log = memoryLogger();
  const config = loadConfig({
    flags: { kubeconfig, 'listen-address': '127.0.0.1:0', namespace: OPERATOR_NAMESPACE, identity: randomBytes(4).toString('hex'), ...flags },
    env: {},
    host: { hostname: 'test', uuid: randomBytes(4).toString('hex'), podNamespace: undefined, defaultKubeconfig: '/nonexistent', pathDelimiter: ':', terminal: false },
  });
  const operator = await startOperator(config, { log, clock, env: {}, onFatal: (error) => log.error('fatal', { error }) });
  const at = (path: string) => fetch(operator.url + path);
  const running: RunningOperator = {
    operator,
    log,
    metrics: async () => (await at('/metrics')).text(),
    metric: async (name, labels = {}) => sumOf(await (await at('/metrics')).text(), name, labels),
    async ready() {
      const response = await at('/readyz');
      return { code: response.status, body: await response.text() };
    },
    stop: () => operator.stop(),
  };
  if (waitUntilReady) {
    await eventually(running.ready, ({ code, body }) => { if (code !== 200) throw new Error(body); }, { withinMs: 20_000 });
    await eventually(() => running.metric('leader_election_master_status'), (value) => { if (value !== 1) throw new Error('not leading'); }, { withinMs: 25_000 });
  }
  return running;
}

/** Sum over all series of a metric whose labels include the given ones. A name that no metric has is a mistake of the test. */
function sumOf(text: string, name: string, labels: Record<string, string>): number {
  assert.ok(METRICS.has(name.replace(/_(sum|count|bucket)$/, '')), `there is no metric ${name}`);
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null || match[1] !== name) continue;
    const present = new Map([...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', value = '']) => [key, value]));
    if (Object.entries(labels).every(([key, value]) => present.get(key) === value)) sum += Number(match[3]);
  }
  return sum;
}
const METRICS = new Set(metricTable().map((definition) => definition.name));
