/**
 * What the tests rely on from the real control plane: that it is one, that several run side by side, that it can be
 * hurt and comes back, and that nothing of it outlives whoever started it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { countAudit, markAudit, readAudit } from '../control-plane/audit-log.ts';
import { FIRST_BUILD_TIMEOUT_MS, ensureControlPlaneBinaries } from '../control-plane/binaries.ts';
import { ADMIN_USER } from '../control-plane/bootstrap.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { waitFor } from '../control-plane/wait-for.ts';
import { viewProcess } from '../tools/file-lock.ts';
import { matchingProcesses } from '../tools/matching-processes.ts';
import type { ChildProcess } from 'node:child_process';
import type { ControlPlaneBinaries } from '../control-plane/binaries.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';

const CONTROL_PLANE_TS = new URL('../control-plane/control-plane.ts', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../control-plane/main.ts', import.meta.url));
/** A start takes 4 s on two idle cores; a build beside it makes that many times longer. */
const START_MS = 120_000;
const GONE_MS = 20_000;

let binaries: ControlPlaneBinaries;

/** Inside each suite, as a hook outside would hold up the tests of every other file. */
function needsBinaries(): void {
  before(async function () {
    this.timeout(FIRST_BUILD_TIMEOUT_MS);
    binaries = await ensureControlPlaneBinaries();
  });
}

/** Processes of any control plane that has its data there. */
function processesOf(dataDir: string): Promise<number[]> {
  const executables = [binaries.etcd, binaries.kubeApiserver, binaries.kubeControllerManager, binaries.kubectl];
  return matchingProcesses({ dir: dataDir, executables });
}

async function nothingIsLeft(dataDir: string): Promise<void> {
  await waitFor(`nothing to be left of ${dataDir}`, GONE_MS, async () => (await processesOf(dataDir)).length === 0 && !existsSync(dataDir));
}

describe('control plane', () => {
  needsBinaries();
  let plane: ControlPlane;
  let startedInMs: number;

  before(async function () {
    this.timeout(START_MS);
    const began = Date.now();
    plane = await startControlPlane({ auditLog: true });
    startedInMs = Date.now() - began;
  });
  after(() => plane.stop());

  const json = async <T>(args: readonly string[], kubeconfig?: string): Promise<T> => {
    const { stdout } = await plane.kubectl([...args, '-o', 'json'], kubeconfig === undefined ? {} : { kubeconfig });
    return JSON.parse(stdout) as T;
  };
  interface WhoAmI {
    readonly status: { readonly userInfo: { readonly username: string; readonly groups: readonly string[] } };
  }

  it('runs three processes of the pinned version', async () => {
    console.log(`      started in ${(startedInMs / 1000).toFixed(1)} s`);
    assert.deepEqual(new Set(await processesOf(plane.dataDir)), new Set(Object.values(plane.pids)));
    const { serverVersion } = await json<{ serverVersion: { gitVersion: string; major: string; minor: string } }>(['version']);
    assert.equal(serverVersion.gitVersion, binaries.version);
    assert.deepEqual(`v${serverVersion.major}.${serverVersion.minor}`, /^v\d+\.\d+/.exec(binaries.version)?.[0]);
  });

  it('cannot be reached from outside this machine', async () => {
    const port = Number(new URL(plane.url).port);
    const addresses = Object.values(networkInterfaces()).flat().filter((entry) => entry !== undefined && !entry.internal && entry.family === 'IPv4');
    for (const entry of addresses) await assert.rejects(connected(port, entry?.address ?? ''), /ECONNREFUSED/);
    await connected(port, '127.0.0.1');
  });

  it('has an administrator whom RBAC and flow control know', async () => {
    const { username, groups } = (await json<WhoAmI>(['auth', 'whoami'])).status.userInfo;
    assert.equal(username, ADMIN_USER);
    assert.deepEqual(groups, ['system:authenticated']);
    assert.equal((await plane.kubectl(['auth', 'can-i', '*', '*', '--all-namespaces'])).stdout.trim(), 'yes');
  });

  it('fails kubectl loudly, or quietly when asked, and hands it stdin', async () => {
    await assert.rejects(plane.kubectl(['get', 'namespace', 'nowhere']), /kubectl get namespace nowhere failed with 1:\n.*"nowhere" not found/);
    const quiet = await plane.kubectl(['get', 'namespace', 'nowhere'], { allowFailure: true });
    assert.equal(quiet.code, 1);
    const manifest = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'from-stdin', namespace: 'default' } });
    assert.match((await plane.kubectl(['apply', '-f', '-'], { stdin: manifest })).stdout, /configmap\/from-stdin created/);
  });

  it('gives a new namespace its ServiceAccount and really finishes its deletion', async function () {
    this.timeout(60_000);
    await plane.kubectl(['create', 'namespace', 'short-lived']);
    await plane.kubectl(['wait', '--for=create', 'serviceaccount/default', 'configmap/kube-root-ca.crt', '-n', 'short-lived', '--timeout=20s']);
    const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'short-lived' }, spec: { podSelector: {} } };
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(policy) });
    await plane.kubectl(['delete', 'namespace', 'short-lived', '--timeout=40s']);
    assert.equal((await plane.kubectl(['get', 'namespace', 'short-lived'], { allowFailure: true })).code, 1);
  });

  it('collects what has lost its owner', async function () {
    this.timeout(60_000);
    await plane.kubectl(['create', 'configmap', 'owner']);
    const { metadata } = await json<{ metadata: { uid: string } }>(['get', 'configmap', 'owner']);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid }];
    const owned = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owned', ownerReferences } };
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(owned) });
    await plane.kubectl(['delete', 'configmap', 'owner']);
    await plane.kubectl(['wait', '--for=delete', 'configmap/owned', '--timeout=40s']);
  });

  it('enforces admission policies', async function () {
    this.timeout(60_000);
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'no-forbidden' },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] },
        validations: [{ expression: "object.metadata.name != 'forbidden'", message: 'that name is forbidden' }],
      },
    };
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: 'no-forbidden' },
      spec: { policyName: 'no-forbidden', validationActions: ['Deny'] },
    };
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [policy, binding] }) });
    await plane.kubectl(['wait', '--for=jsonpath={.status.observedGeneration}=1', 'validatingadmissionpolicy/no-forbidden', '--timeout=40s']);
    await waitFor('the policy to be in force', 40_000, async () => {
      const { stderr } = await plane.kubectl(['create', 'configmap', 'forbidden', '--dry-run=server'], { allowFailure: true });
      return stderr.includes('that name is forbidden');
    });
  });

  it('knows a ServiceAccount by its token, with no rights of its own', async () => {
    await plane.kubectl(['create', 'serviceaccount', 'powerless']);
    const kubeconfig = await plane.serviceAccountKubeconfig('default', 'powerless');
    assert.ok(!readFileSync(kubeconfig, 'utf8').includes('client-certificate'));
    const { username, groups } = (await json<WhoAmI>(['auth', 'whoami'], kubeconfig)).status.userInfo;
    assert.equal(username, 'system:serviceaccount:default:powerless');
    assert.ok(!groups.includes('system:masters'), groups.join());
    for (const resource of ['namespaces', 'networkpolicies', 'configmaps']) {
      const refused = await plane.kubectl(['get', resource], { kubeconfig, allowFailure: true });
      assert.match(refused.stderr, /Forbidden.*system:serviceaccount:default:powerless/);
    }
    await assert.rejects(plane.serviceAccountKubeconfig('default', 'nobody'), /no token for ServiceAccount default\/nobody: 404/);
  });

  it('writes down who asked for what', async () => {
    const path = plane.auditLogPath;
    assert.ok(path !== undefined);
    const mark = markAudit(path);
    for (const name of ['one', 'two', 'three']) await plane.kubectl(['create', 'configmap', name]);
    await plane.kubectl(['delete', 'configmap', 'one', '--wait=false']);
    await plane.kubectl(['create', 'configmap', 'two'], { allowFailure: true });
    await waitFor('five events', 10_000, async () => total(await countAudit(path, mark, { user: ADMIN_USER, resource: 'configmaps' })) === 5);
    assert.deepEqual(
      [...(await countAudit(path, mark, { user: ADMIN_USER, resource: 'configmaps' }))],
      [
        [`${ADMIN_USER} create configmaps`, 4],
        [`${ADMIN_USER} delete configmaps`, 1],
      ],
    );
    const events = await readAudit(path, mark);
    const conflict = events.find(({ user, code }) => user === ADMIN_USER && code === 409);
    assert.deepEqual([conflict?.verb, conflict?.namespace, conflict?.name], ['create', 'default', 'two']);
  });

  it('comes back after a SIGKILL of the API server with everything that it had answered', async function () {
    this.timeout(START_MS);
    const before = plane.pids;
    await plane.kubectl(['create', 'configmap', 'answered']);
    await plane.killApiServer();
    assert.ok(!(await processesOf(plane.dataDir)).includes(before.apiserver));
    assert.equal((await plane.kubectl(['get', 'configmap', 'answered'], { allowFailure: true })).code, 1);
    await plane.startApiServer();
    await plane.kubectl(['get', 'configmap', 'answered']);
    assert.notEqual(plane.pids.apiserver, before.apiserver);
    assert.deepEqual({ ...plane.pids, apiserver: 0 }, { ...before, apiserver: 0 });
    await plane.kubectl(['create', 'namespace', 'afterwards']);
    await plane.kubectl(['delete', 'namespace', 'afterwards', '--timeout=60s']); // the controllers are back as well
  });
});

describe('several control planes', () => {
  needsBinaries();
  let assets: string;
  before(async () => {
    assets = await mkdtemp(join(tmpdir(), 'npb-assets-'));
    await symlink(binaries.etcd, join(assets, 'etcd'));
    await symlink(binaries.kubeApiserver, join(assets, 'kube-apiserver'));
    await symlink(binaries.kubeControllerManager, join(assets, 'kube-controller-manager'));
    await symlink(binaries.kubectl, join(assets, 'kubectl'));
  });
  after(() => rm(assets, { recursive: true }));

  it('run side by side, one of them from KUBEBUILDER_ASSETS, and end without a trace', async function () {
    this.timeout(2 * START_MS);
    const planes = await Promise.all([startControlPlane(), startControlPlane({ env: { ...process.env, KUBEBUILDER_ASSETS: assets } })]);
    const [first, second] = planes;
    try {
      assert.equal(second.kubectlPath, join(assets, 'kubectl'));
      assert.notEqual(first.url, second.url);
      assert.equal(first.auditLogPath, undefined);
      await first.kubectl(['create', 'namespace', 'only-here']);
      assert.equal((await second.kubectl(['get', 'namespace', 'only-here'], { allowFailure: true })).code, 1);
      // the authority of one is nothing to the other
      const stranger = await second.kubectl(['get', 'ns', `--server=${first.url}`], { allowFailure: true });
      assert.match(stranger.stderr, /certificate signed by unknown authority/);
    } finally {
      await Promise.all(planes.map((plane) => plane.stop()));
    }
    for (const { dataDir, pids } of planes) {
      assert.deepEqual([existsSync(dataDir), (await processesOf(dataDir)).length, Object.values(pids).filter(isRunning)], [false, 0, []]);
    }
    await Promise.all(planes.map((plane) => plane.stop())); // a second time does nothing
    await assert.rejects(first.startApiServer(), /was stopped/);
  });

  it('tell why an API server does not start, and leave nothing behind', async function () {
    this.timeout(START_MS);
    await assert.rejects(startControlPlane({ extraApiServerFlags: ['--no-such-flag'] }), /kube-apiserver ended during its start[^]*unknown flag: --no-such-flag/);
  });
});

describe('the end of the parent of a control plane', () => {
  needsBinaries();
  let parent: ChildProcess;
  afterEach(() => {
    parent.kill('SIGKILL');
  });

  it('by Ctrl-C stops it in order', async function () {
    this.timeout(START_MS);
    const dataDir = await startedByParent();
    assert.equal((await processesOf(dataDir)).length, 3);
    parent.kill('SIGINT');
    const [code] = (await once(parent, 'exit')) as [number | null];
    assert.equal(code, 0);
    await nothingIsLeft(dataDir);
  });

  it('by SIGKILL leaves no process and no file', async function () {
    this.timeout(START_MS);
    const dataDir = await startedByParent();
    const pids = await processesOf(dataDir);
    assert.equal(pids.length, 3);
    parent.kill('SIGKILL');
    await nothingIsLeft(dataDir);
    assert.deepEqual(pids.filter(isRunning), []);
  });

  it('by simply ending without a stop is not held up and leaves nothing', async function () {
    this.timeout(START_MS);
    const code = `
      import { startControlPlane } from ${JSON.stringify(CONTROL_PLANE_TS)};
      const { adminKubeconfig } = await startControlPlane();
      console.log('export KUBECONFIG=' + adminKubeconfig);`;
    parent = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = once(parent, 'exit');
    const dataDir = await dataDirOf(parent);
    assert.deepEqual(await exit, [0, null]);
    await nothingIsLeft(dataDir);
  });

  it('by SIGKILL in the middle of the start leaves nothing either', async function () {
    this.timeout(START_MS);
    const temporary = await mkdtemp(join(tmpdir(), 'npb-'));
    try {
      parent = spawn(process.execPath, [MAIN, 'start'], { stdio: 'ignore', env: { ...process.env, TMPDIR: temporary } });
      await waitFor('etcd to run', START_MS, async () => (await processesOf(temporary)).length > 0);
      parent.kill('SIGKILL');
      await waitFor('nothing to be left', GONE_MS, async () => (await processesOf(temporary)).length === 0);
      await waitFor('no file to be left', GONE_MS, () => isEmpty(temporary));
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });

  /** Starts `main.ts start` and resolves with the data folder of its control plane. */
  function startedByParent(): Promise<string> {
    parent = spawn(process.execPath, [MAIN, 'start'], { stdio: ['ignore', 'pipe', 'inherit'] });
    return dataDirOf(parent);
  }
});

/** The data folder, from the kubeconfig that a process prints when its control plane runs. */
async function dataDirOf(parent: ChildProcess): Promise<string> {
  assert.ok(parent.stdout !== null);
  for await (const line of createInterface({ input: parent.stdout })) {
    const kubeconfig = /^export KUBECONFIG=(.+)$/.exec(line)?.[1];
    if (kubeconfig !== undefined) return dirname(kubeconfig);
  }
  throw new Error('the parent ended without naming a kubeconfig');
}

async function isEmpty(folder: string): Promise<boolean> {
  return (await readdir(folder)).length === 0;
}

function isRunning(pid: number): boolean {
  return viewProcess(pid).alive;
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

async function connected(port: number, host: string): Promise<void> {
  const socket = connect({ port, host });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
