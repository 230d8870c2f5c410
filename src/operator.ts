/**
 * The composition root: creates the parts, starts them in order, stops them in the reverse order.
 *
 * Start: connection, stores, endpoint, watches; election once every store is synced, so that who cannot list cannot
 * lead; control once this replica leads. Stop: writes and events drain, the Lease is released, then watches, endpoint
 * and connections close. Nothing here decides.
 */
import { protection } from './access/protection.ts';
import { createEventRecorder } from './apply/events.ts';
import { LEASE_NAME, PRODUCT } from './api/names.ts';
import type { Config } from './config.ts';
import type { Clock } from './control/clock.ts';
import { fenced } from './control/fence.ts';
import { createControl, type Control } from './control/control.ts';
import { CONTROLLERS, type Stores } from './control/control-parts.ts';
import { createIsolationWatches, type IsolationWatches } from './control/isolation/watches.ts';
import { leadWithoutElection, startLeaderElection, type LeaderElection } from './control/leader.ts';
import { leaseClient } from './control/lease-client.ts';
import { stateGaugeRows } from './control/state-rows.ts';
import { statusPageRoutes } from './control/status-page/pages.ts';
import { createKubeClient, type KubeClient } from './kube/client.ts';
import type { ConnectionEnvironment } from './kube/connection-source.ts';
import { findConnection } from './kube/find-connection.ts';
import { parseBaseline, parseNamespace, parsePolicy } from './kube/objects.ts';
import { policyInterner, type PolicyInterner } from './kube/policy-interner.ts';
import { BASELINES, NAMESPACES, NETWORK_POLICIES } from './kube/resources.ts';
import { standardRoutes, startHttpServer } from './observe/http-server.ts';
import type { Logger } from './observe/logger.ts';
import { SERIES_LIMIT, type StateRows } from './observe/metric-catalog.ts';
import { createMetrics, type Metrics } from './observe/metrics.ts';
import { livenessOf, readinessOf } from './observe/readiness.ts';
import { startReflector, type Reflector, type ReflectorHealth } from './watch/reflector.ts';
import { createStore } from './watch/store.ts';
import { revisionIn, VERSION } from './version.ts';

export interface OperatorParts {
  readonly log: Logger;
  readonly clock: Clock;
  /** Where a pod's API server is told; the process's environment. */
  readonly env: ConnectionEnvironment;
  /** Called once when the operator cannot go on, such as after losing its Lease; the process should end. */
  onFatal(error: Error): void;
}

export interface Operator {
  /** Where the endpoint listens, without a slash at the end. */
  readonly url: string;
  /** Graceful: nothing that was begun is lost. Resolves when everything has ended. */
  stop(): Promise<void>;
}

/** Rejects when the configuration names no usable cluster or the endpoint cannot listen; an API server that is down is waited for. */
export async function startOperator(config: Config, parts: OperatorParts): Promise<Operator> {
  const metrics = createMetrics({ version: VERSION, revision: revisionIn(parts.env), processMetrics: true });
  const client = await connect(config, parts, metrics);
  try {
    return await startWith(client, { config, parts, metrics });
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function startWith(client: KubeClient, { config, parts, metrics }: { config: Config; parts: OperatorParts; metrics: Metrics }): Promise<Operator> {
  const { log, clock } = parts;
  let election: LeaderElection | undefined;
  const writer = fenced(client, () => election?.mayWrite() ?? false);
  const stores: Stores = { namespaces: createStore(), policies: createStore(({ namespace }) => namespace), baselines: createStore() };
  const intern = policyInterner({ keepsForeign: config.evaluateIsolation });
  const events = createEventRecorder({
    send: (namespace, event) => writer.createEvent(namespace, event, AbortSignal.timeout(EVENT_TIMEOUT_MS)),
    instance: config.identity, now: clock.now, wallMs: clock.wallMs, random: clock.random, onDropped: metrics.eventDropped,
  });
  const life = { stopping: false };
  const reflectors: Reflector[] = [];
  const watches = config.evaluateIsolation ? isolationWatches(config, parts, client) : undefined;
  const ofIsolation = (): ReflectorHealth[] => reflectors.map((each) => each.health()).filter(({ resource }) => resource !== BASELINES.plural);
  const control = createControl({
    stores, client: writer, intern, clock, log, settings: config, observer: metrics, events,
    isolation: watches === undefined ? undefined : { options: config, pods: watches.pods, sources: () => watches.sources(ofIsolation()) },
  });
  const http = await startHttpServer({
    address: config.listenAddress, log, protection: await protection(config, { client, clock, log }),
    routes: new Map([...standardRoutes({
      metrics,
      live: () => livenessOf(Math.max(...queueRows(control, config).map(({ longestRunningMs }) => longestRunningMs))),
      ready: () => readinessOf(reflectors.map((each) => each.health()), clock.now(), life.stopping),
    }), ...(config.statusPage ? statusPageRoutes({ control, stores, clock, identity: config.identity, version: VERSION, leader: () => election?.holder }) : [])]),
  });
  const synced = new Promise<void>((resolve) => reflectors.push(...startReflectors({ config, parts, client, stores, intern, control }, resolve)));
  void synced.then(() => {
    if (life.stopping) return;
    watches?.start({ pod: control.changed.pod, otherPolicy: control.changed.otherPolicy, health: control.isolation.healthChanged });
    election = startElection({ config, parts, client, control });
  });
  metrics.connect({
    leading: () => election?.leading ?? false,
    state: () => stateOf(control, stores, clock),
    queues: () => queueRows(control, config),
    watches: () => [...reflectors.map((each) => each.health()), ...watches?.healths() ?? [], ...control.leadership()?.healths() ?? []],
  });
  return {
    url: http.url,
    async stop() {
      if (life.stopping) return;
      life.stopping = true;
      log.info('Stopping');
      await control.drain(config.drainTimeoutMs);
      await endWithin(LAST_EVENTS_MS, events.settled(), clock);
      await election?.stop();
      await Promise.all([...reflectors.map((each) => each.stop()), watches?.stop()]);
      await http.close();
      await client.close();
      log.info('Stopped');
    },
  };
}

const EVENT_TIMEOUT_MS = 10_000;
/** For events on their way while stopping: they cannot be sent after the Lease is given back. */
const LAST_EVENTS_MS = 1_000;

async function connect(config: Config, { clock, log, env }: OperatorParts, metrics: Metrics): Promise<KubeClient> {
  const connection = await findConnection(config, env);
  log.info('Connecting', { server: connection.server, credentials: connection.source });
  return createKubeClient({
    connection, clock, userAgent: `${PRODUCT}/${VERSION}`,
    onRequest: ({ verb, host, code, durationMs }) => metrics.requested({ method: verb, host, code: Number(code) || undefined, durationMs }),
    onRetry: ({ verb, host, code }) => metrics.requestRetried({ method: verb, host, code: Number(code) }),
    onCredentialFailure: (error) => log.warn('credentials could not be read again, the old ones stay in use', { error }),
  });
}

interface ReflectorParts {
  readonly config: Config; readonly parts: OperatorParts; readonly client: KubeClient;
  readonly stores: Stores; readonly intern: PolicyInterner; readonly control: Control;
}

/** `onSynced` is called once, when all of them are. */
function startReflectors({ config, parts, client, stores, intern, control }: ReflectorParts, onSynced: () => void): Reflector[] {
  let missing = 3;
  const shared = {
    client, log: parts.log.child({ component: 'watch' }), clock: parts.clock,
    settings: relistEvery(config.relistIntervalMs),
    onHealth: control.isolation.healthChanged,
    onSynced: () => { if ((missing -= 1) === 0) onSynced(); },
  };
  const wasOurs = (name: string, namespace: string | undefined, uid: string | undefined): boolean => {
    const known = stores.policies.get(name, namespace);
    return known !== undefined && known.uid === uid && known.writtenByUs;
  };
  return [
    startReflector({ ...shared, resource: NAMESPACES, parse: parseNamespace, store: stores.namespaces, onChange: control.changed.namespace }),
    startReflector({
      ...shared, resource: NETWORK_POLICIES, store: stores.policies, onChange: control.changed.policy,
      onListed: control.relisted,
      parse: (object) => parsePolicy(object, intern, wasOurs(object.metadata.name, object.metadata.namespace, object.metadata.uid)),
    }),
    startReflector({ ...shared, resource: BASELINES, parse: parseBaseline, store: stores.baselines, onChange: control.changed.baseline }),
  ];
}

const relistEvery = (intervalMs: number) => ({ auditMinMs: intervalMs * 2 / 3, auditMaxMs: intervalMs * 4 / 3 });

/** Listing every pod again is dear, and what a lost event would hide here is reported, not written. */
const RELISTS_OF_PODS = 4;

function isolationWatches(config: Config, { log, clock }: OperatorParts, client: KubeClient): IsolationWatches {
  return createIsolationWatches({ client, clock, log: log.child({ component: 'watch' }), settings: relistEvery(config.relistIntervalMs * RELISTS_OF_PODS) });
}

interface ElectionParts { readonly config: Config; readonly parts: OperatorParts; readonly client: KubeClient; readonly control: Control }

function startElection({ config, parts: { clock, log, onFatal }, client, control }: ElectionParts): LeaderElection {
  const lead = (signal: AbortSignal): void => {
    signal.addEventListener('abort', () => control.stop(signal.reason as Error), { once: true });
    control.start();
  };
  if (!config.leaderElect) return leadWithoutElection(lead);
  return startLeaderElection({
    lease: leaseClient(client, config.namespace, LEASE_NAME), identity: config.identity, times: config, clock, log, onLeading: lead,
    onLost(error) {
      control.stop(error);
      onFatal(error);
    },
  });
}

async function endWithin(ms: number, work: Promise<void>, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.setTimer(ms, late.resolve);
  await Promise.race([work, late.promise]);
  cancel();
}

/** Absent rather than too low, until every namespace has been looked at. */
function stateOf(control: Control, stores: Stores, { now, wallMs }: Clock): StateRows {
  const leadership = control.leadership();
  if (leadership?.isWhole() !== true) return {};
  return stateGaugeRows({ state: leadership.state, isolation: control.isolation, stores, limit: SERIES_LIMIT, now, wallMs });
}

/** Of a standby: nothing waits, nothing runs. */
function queueRows(control: Control, config: Config) {
  return CONTROLLERS.map((controller) => {
    const { depth, running, unfinishedMs, longestRunningMs } = control.leadership()?.state.controllers[controller].stats() ?? IDLE;
    return { controller, concurrency: controller === 'namespace' ? config.maxInFlight : 1, depth, running, unfinishedMs, longestRunningMs };
  });
}
const IDLE = { depth: 0, running: 0, unfinishedMs: 0, longestRunningMs: 0 };
