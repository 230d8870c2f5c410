/**
 * Starts and stops a real control plane (etcd, kube-apiserver, kube-controller-manager) on 127.0.0.1.
 * Each has its own ports, authority and data folder, so several run side by side. Nothing outlives the process that
 * started it: `stop` ends everything, and a watchdog does when this process dies in whatever way.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureControlPlaneBinaries } from './binaries.ts';
import { ADMIN_USER, bootstrapAdmin, requestToken, waitForApiServer, waitForFirstObjects } from './bootstrap.ts';
import { apiRequest, statusOnSocket } from './api-request.ts';
import { createAuthority, newKeyPem } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { freePorts } from './ports.ts';
import { AUDIT_POLICY, SERVER_NAMES, apiServerFlags, apiServerUrl, controllerManagerFlags, controllerManagerUrl, etcdFlags, filesIn } from './server-flags.ts';
import { startServer } from './server-process.ts';
import { GiveUp, waitFor } from './wait-for.ts';
import { killMatching } from '../tools/matching-processes.ts';
import { run } from '../tools/run.ts';
import { startWatchdog } from '../tools/watchdog.ts';
import type { ApiIdentity } from './api-request.ts';
import type { ControlPlaneBinaries } from './binaries.ts';
import type { Authority } from './certificates.ts';
import type { Layout } from './server-flags.ts';
import type { ServerProcess } from './server-process.ts';
import type { Environment, Log } from '../tools/cache.ts';
import type { RunResult } from '../tools/run.ts';
import type { Watchdog, WatchdogDuty } from '../tools/watchdog.ts';

export interface ControlPlaneOptions {
  /** Writes an audit log at Metadata level; read it with audit-log.ts. Off by default. */
  readonly auditLog?: boolean;
  /** Further flags for kube-apiserver; of a flag given twice, this one counts. */
  readonly extraApiServerFlags?: readonly string[];
  /** Progress of a first build and of the start; a build goes to stderr when absent, a start is silent. */
  readonly log?: Log;
  /** Where the programs come from is decided by these variables; the process's own when absent. */
  readonly env?: Environment;
}

export interface KubectlOptions {
  readonly stdin?: string;
  /** Path of another kubeconfig than the administrator's. */
  readonly kubeconfig?: string;
  /** Returns a failure instead of throwing it. */
  readonly allowFailure?: boolean;
}

export interface ControlPlane {
  /** https://127.0.0.1:PORT */
  readonly url: string;
  readonly caPem: string;
  readonly dataDir: string;
  /** Path of a kubeconfig file of a user who is bound to cluster-admin and not in `system:masters`. */
  readonly adminKubeconfig: string;
  readonly kubectlPath: string;
  readonly auditLogPath: string | undefined;
  /** Process ids now; the one of the API server changes when it is started again. */
  readonly pids: { readonly etcd: number; readonly apiserver: number; readonly controllerManager: number };
  /** Runs kubectl as the administrator. Throws with its stderr when it fails, unless `allowFailure`. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<RunResult>;
  /** Path of a new kubeconfig with a token (24 h) of that ServiceAccount and no client certificate. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
  /** SIGKILL; resolves when it is gone. */
  killApiServer(): Promise<void>;
  /** Starts it again with the same port and data; resolves when it is ready. */
  startApiServer(): Promise<void>;
  /** Ends everything and removes the data folder; later calls do nothing. */
  stop(): Promise<void>;
}

/** Generous, as a build or another test may hold the processors; the usual start is 4 s. In milliseconds. */
const START_TIMEOUT_MS = 90_000;
/** Another process may take a chosen port before the server does. */
const START_ATTEMPTS = 3;
/** What macOS allows; Linux allows four more. In bytes. */
const LONGEST_SOCKET_PATH = 103;
const TOKEN_LIFETIME_SECONDS = 24 * 3600;

/** Builds what is missing, then starts a control plane; resolves when it is ready for any test. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { log, env } = options;
  const binaries = await ensureControlPlaneBinaries({ ...(log && { log }), ...(env && { env }) });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binaries, options);
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === START_ATTEMPTS) throw error;
      log?.(`control plane: ${error.message}; trying other ports`);
    }
  }
}

/** A server ended because somebody else has its port. */
class PortTaken extends GiveUp {}

/** Everything that one running control plane consists of. */
interface Parts {
  readonly binaries: ControlPlaneBinaries;
  readonly layout: Layout;
  readonly duty: WatchdogDuty;
  readonly watchdog: Watchdog;
  readonly authority: Authority;
  readonly admin: ApiIdentity;
  readonly log: Log | undefined;
  readonly servers: Partial<Record<'etcd' | 'apiserver' | 'controllerManager', ServerProcess>>;
}

async function startOnce(binaries: ControlPlaneBinaries, options: ControlPlaneOptions): Promise<ControlPlane> {
  const parts = await prepare(binaries, options);
  try {
    const began = Date.now();
    await startServers(parts);
    options.log?.(`control plane: Kubernetes ${binaries.version} at ${apiServerUrl(parts.layout)}, ready after ${((Date.now() - began) / 1000).toFixed(1)} s`);
    return handleOn(parts);
  } catch (error) {
    await stop(parts);
    throw error;
  }
}

async function prepare(binaries: ControlPlaneBinaries, options: ControlPlaneOptions): Promise<Parts> {
  const dataDir = await makeDataDir();
  const executables = [binaries.etcd, binaries.kubeApiserver, binaries.kubeControllerManager, binaries.kubectl];
  const duty: WatchdogDuty = { dir: dataDir, executables };
  const watchdog = startWatchdog(duty);
  const [apiserver = 0, controllerManager = 0] = await freePorts(2);
  const layout: Layout = {
    dataDir,
    ports: { apiserver, controllerManager },
    auditLog: options.auditLog ?? false,
    extraApiServerFlags: options.extraApiServerFlags ?? [],
  };
  const authority = createAuthority('control-plane');
  const admin = identityOf(authority, layout, ADMIN_USER);
  await writeFiles(layout, authority, admin);
  return { binaries, layout, duty, watchdog, authority, admin, log: options.log, servers: {} };
}

/** Only its owner gets in, and with that to the etcd inside. */
async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'npb-control-plane-'));
  if (Buffer.byteLength(filesIn(dataDir).etcdPeerSocket) <= LONGEST_SOCKET_PATH) return dataDir;
  await rm(dataDir, { recursive: true });
  throw new Error(`the folder for temporary files has too long a name for sockets in it: set TMPDIR to a shorter one than ${tmpdir()}`);
}

function identityOf(authority: Authority, layout: Layout, commonName: string, organization?: string): ApiIdentity {
  const client = authority.issue({ usage: 'client', commonName, ...(organization !== undefined && { organization }) });
  return { url: apiServerUrl(layout), caPem: authority.certPem, client };
}

async function writeFiles(layout: Layout, authority: Authority, admin: ApiIdentity): Promise<void> {
  const files = filesIn(layout.dataDir);
  const server = authority.issue({ usage: 'server', commonName: 'kube-apiserver', ...SERVER_NAMES });
  const serviceAccounts = newKeyPem();
  const manager = identityOf(authority, layout, 'system:kube-controller-manager');
  const owned = { mode: 0o600 };
  await Promise.all([
    writeFile(files.ca, authority.certPem),
    writeFile(files.serverCert, server.certPem),
    writeFile(files.serverKey, server.keyPem, owned),
    writeFile(files.serviceAccountKey, serviceAccounts.privatePem, owned),
    writeFile(files.serviceAccountPublicKey, serviceAccounts.publicPem),
    writeFile(files.auditPolicy, JSON.stringify(AUDIT_POLICY)),
    writeKubeconfig(files.adminKubeconfig, { ...admin, user: ADMIN_USER, identity: admin.client }),
    writeKubeconfig(files.controllerManagerKubeconfig, { ...manager, user: 'system:kube-controller-manager', identity: manager.client }),
  ]);
}

async function startServers(parts: Parts): Promise<void> {
  const { binaries, layout, servers, authority, admin } = parts;
  const files = filesIn(layout.dataDir);
  servers.etcd = startServer(binaries.etcd, etcdFlags(layout), files.log('etcd'));
  await waitFor('etcd to be healthy', START_TIMEOUT_MS, () => isEtcdHealthy(parts));
  const masters = identityOf(authority, layout, 'bootstrap', 'system:masters');
  await launchApiServer(parts, masters);
  servers.controllerManager = startServer(binaries.kubeControllerManager, controllerManagerFlags(layout), files.log('kube-controller-manager'));
  await bootstrapAdmin(masters, admin, START_TIMEOUT_MS);
  await waitFor('kube-controller-manager to be healthy', START_TIMEOUT_MS, () => isControllerManagerHealthy(parts));
  await waitForFirstObjects(admin, START_TIMEOUT_MS);
}

/** Starts kube-apiserver and waits for it; explains with its log why it ended, if it did. */
async function launchApiServer(parts: Parts, identity: ApiIdentity): Promise<void> {
  const server = startServer(parts.binaries.kubeApiserver, apiServerFlags(parts.layout), filesIn(parts.layout.dataDir).log('kube-apiserver'));
  parts.servers.apiserver = server;
  await waitForApiServer(identity, START_TIMEOUT_MS, () => mustRun(server));
}

async function isEtcdHealthy({ servers, layout }: Parts): Promise<boolean> {
  await mustRun(servers.etcd);
  return (await statusOnSocket(filesIn(layout.dataDir).etcdSocket, '/health')) === 200;
}

async function isControllerManagerHealthy({ servers, layout, admin }: Parts): Promise<boolean> {
  await mustRun(servers.controllerManager);
  const { code } = await apiRequest({ ...admin, url: controllerManagerUrl(layout) }, 'GET', '/healthz');
  return code === 200;
}

/** Gives up, with the end of its log, when a server has ended. */
async function mustRun(server: ServerProcess | undefined): Promise<void> {
  if (server === undefined || server.running()) return;
  const tail = await server.logTail();
  if (tail.includes('address already in use')) throw new PortTaken(`a port of ${server.name} was taken meanwhile`);
  throw new GiveUp(`${server.name} ended during its start; its log ends with:\n${tail}`);
}

/** The handle that callers get. */
function handleOn(parts: Parts): ControlPlane {
  const { layout, binaries, admin, servers } = parts;
  const files = filesIn(layout.dataDir);
  let stopped: Promise<void> | undefined;
  let tokens = 0;
  return {
    url: admin.url,
    caPem: admin.caPem,
    dataDir: layout.dataDir,
    adminKubeconfig: files.adminKubeconfig,
    kubectlPath: binaries.kubectl,
    auditLogPath: layout.auditLog ? files.auditLog : undefined,
    get pids() {
      return { etcd: servers.etcd?.pid ?? 0, apiserver: servers.apiserver?.pid ?? 0, controllerManager: servers.controllerManager?.pid ?? 0 };
    },
    kubectl: (args, options) => kubectl(parts, args, options),
    serviceAccountKubeconfig: async (namespace, name) => {
      const token = await requestToken(admin, { namespace, name }, TOKEN_LIFETIME_SECONDS);
      tokens += 1;
      const path = join(layout.dataDir, `${namespace}-${name}-${tokens}.kubeconfig`);
      await writeKubeconfig(path, { ...admin, user: name, identity: { token }, namespace });
      return path;
    },
    killApiServer: async () => servers.apiserver?.kill(),
    startApiServer: async () => {
      if (stopped !== undefined) throw new Error('this control plane was stopped');
      if (servers.apiserver?.running() === true) return;
      await launchApiServer(parts, admin);
    },
    stop: () => (stopped ??= stop(parts)),
  };
}

async function kubectl({ binaries, layout }: Parts, args: readonly string[], options: KubectlOptions = {}): Promise<RunResult> {
  const files = filesIn(layout.dataDir);
  const common = [`--kubeconfig=${options.kubeconfig ?? files.adminKubeconfig}`, `--cache-dir=${files.kubectlCache}`];
  const result = await run(binaries.kubectl, [...common, ...args], options.stdin === undefined ? {} : { stdin: options.stdin });
  if (result.code !== 0 && options.allowFailure !== true) {
    throw new Error(`kubectl ${args.join(' ')} failed with ${result.code}:\n${result.stderr.trim()}`);
  }
  return result;
}

/** Clients first, so that none of them logs or writes while its server goes; nothing of the data is needed any more. */
async function stop({ servers, duty, watchdog }: Parts): Promise<void> {
  await Promise.all([servers.controllerManager?.kill(), servers.apiserver?.kill(), servers.etcd?.kill()]);
  await killMatching(duty); // a kubectl --watch, say
  await rm(duty.dir, { recursive: true, force: true });
  watchdog.release();
}
