/**
 * The world of a scenario: a real API server, an operator with its shipped RBAC, and whoever else acts in it.
 *
 * A scenario has its own namespaces (random names, one label) and baselines that select only these, unless it
 * says otherwise; `end` removes what it made, so that suites share one control plane.
 */
import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../src/config.ts';
import { systemClock, type Clock } from '../../src/control/clock.ts';
import { startOperator, type Operator } from '../../src/operator.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { apiAs, BASELINES, POLICIES, type Api, type Json } from './api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, sharedControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
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
  /** Label on this scenario's namespaces. */
  readonly labels: Readonly<Record<string, string>>;
  operator(options?: OperatorOptions): Promise<RunningOperator>;
  /** Creates a namespace; returns its name. */
  namespace(options?: { name?: string; labels?: Record<string, string>; annotations?: Record<string, string> }): Promise<string>;
  /** Creates a baseline over this scenario's namespaces (override `namespaceSelector` to widen); returns its name. */
  baseline(spec?: Json, name?: string): Promise<string>;
  /** Merge patch of a spec. */
  edit(baseline: string, spec: Json): Promise<void>;
  getBaseline(name: string): Promise<Json>;
  /** All policies of a namespace by name. */
  policies(namespace: string): Promise<Map<string, Json>>;
  policyNames(namespace: string): Promise<string[]>;
  deletePolicy(namespace: string, name: string): Promise<void>;
  /** Merge patch of a policy, as somebody with kubectl. */
  patchPolicy(namespace: string, name: string, patch: Json): Promise<void>;
  /** Ends the operators and removes what the scenario made. */
  end(): Promise<void>;
}

export async function aWorld(plane?: ControlPlane): Promise<World> {
  const cluster = plane ?? await sharedControlPlane();
  const id = randomBytes(4).toString('hex');
  const labels = { 'test.netbaseline.io/world': id };
  const admin = apiAs(cluster.adminKubeconfig);
  const namespaces: string[] = [];
  const baselines: string[] = [];
  const operators: RunningOperator[] = [];
  let kubeconfig: string | undefined;

  const must = async (answer: Promise<{ code: number; body: Json }>): Promise<Json> => {
    const { code, body } = await answer;
    if (code >= 300) throw new Error(`${code}: ${typeof body === 'string' ? body : body.message}`);
    return body;
  };

  const world: World = {
    plane: cluster,
    admin,
    labels,
    async operator(options = {}) {
      kubeconfig ??= await cluster.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT);
      const running = await startInProcess(options.kubeconfig ?? kubeconfig, options);
      operators.push(running);
      return running;
    },
    async namespace({ name = `ns-${id}-${namespaces.length}`, labels: own = {}, annotations } = {}) {
      await must(admin.post('/api/v1/namespaces', { metadata: { name, labels: { ...labels, ...own }, ...(annotations === undefined ? {} : { annotations }) } }));
      namespaces.push(name);
      return name;
    },
    async baseline(spec = {}, name = `b-${id}-${baselines.length}`) {
      await must(admin.post(BASELINES, {
        apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name },
        spec: { namespaceSelector: { matchLabels: labels }, ...spec },
      }));
      baselines.push(name);
      return name;
    },
    async edit(name, spec) { await must(admin.patch(`${BASELINES}/${name}`, { spec })); },
    getBaseline: (name) => must(admin.get(`${BASELINES}/${name}`)),
    async policies(namespace) {
      const { items } = await must(admin.get(POLICIES(namespace)));
      return new Map(items.map((item: Json) => [item.metadata.name, item]));
    },
    async policyNames(namespace) { return [...(await world.policies(namespace)).keys()].sort(); },
    async deletePolicy(namespace, name) { await must(admin.delete(`${POLICIES(namespace)}/${name}`)); },
    async patchPolicy(namespace, name, patch) { await must(admin.patch(`${POLICIES(namespace)}/${name}`, patch)); },
    async end() {
      await Promise.all(operators.map((running) => running.stop()));
      for (const name of baselines) await removeBaseline(admin, name);
      await Promise.all(namespaces.map((name) => admin.delete(`/api/v1/namespaces/${name}`)));
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
    host: { hostname: 'test', uuid: randomBytes(4).toString('hex'), podNamespace: undefined, defaultKubeconfig: '/nonexistent', pathDelimiter: ':' },
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

/** Sum over all series of a metric whose labels include the given ones. */
function sumOf(text: string, name: string, labels: Record<string, string>): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null || match[1] !== name) continue;
    const has = Object.entries(labels).every(([key, value]) => (match[2] ?? '').includes(`${key}="${value}"`));
    if (has) sum += Number(match[3]);
  }
  return sum;
}
