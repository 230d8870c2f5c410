/**
 * The operator as the image and the Deployment run it, without either: compiled, with the same flags for Node, the same
 * variables, and a pod's ServiceAccount.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { execForm, parseDockerfile } from '../support/dockerfile.ts';
import { OPERATOR_NAMESPACE } from '../support/control-plane.ts';
import { BenchError } from './patience.ts';
import { credentialsIn } from './raw-api.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface OperatorProgram {
  /** For Node: its flags, then the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Compiles into `dir`, which must lie in the checkout so that packages are found, and puts the ServiceAccount there. */
export async function prepareOperator(dir: string, kubeconfig: string, signal: AbortSignal): Promise<OperatorProgram> {
  await compile(dir, signal);
  const { origin, ca, token } = credentialsIn(kubeconfig);
  await writeFile(join(dir, 'ca.crt'), ca);
  await writeFile(join(dir, 'token'), token ?? '', { mode: 0o600 });
  const { hostname, port } = new URL(origin);
  const container = await containerOfDeployment();
  return {
    args: [`--max-old-space-size=${heapMiB(container)}`, '--import', fileURLToPath(new URL('in-pod.mjs', import.meta.url)), ...await entryOfImage(dir)],
    env: {
      ...variablesOf(container),
      NPB_BENCH_SERVICE_ACCOUNT: dir, NPB_NAMESPACE: OPERATOR_NAMESPACE,
      KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port,
    },
    cwd: dir,
  };
}

async function compile(dir: string, signal: AbortSignal): Promise<void> {
  const compiler = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(/package\.json$/, 'bin/tsc');
  const args = [compiler, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(dir, 'dist')];
  await promisify(execFile)(process.execPath, args, { signal }).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new BenchError(`the operator does not compile: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  });
}

/** What follows Node in the image's ENTRYPOINT; the program by its whole path, by which a watchdog knows it. */
async function entryOfImage(dir: string): Promise<string[]> {
  const image = parseDockerfile(await readFile(join(ROOT, 'Dockerfile'), 'utf8')).at(-1);
  const [, ...entry] = image === undefined ? [] : execForm(image, 'ENTRYPOINT');
  const program = entry.pop();
  if (program === undefined) throw new BenchError('the Dockerfile names no program in its ENTRYPOINT');
  return [...entry, join(dir, program)];
}

interface Container {
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly resources?: { readonly limits?: { readonly memory?: string } };
}

interface Deployment {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

async function containerOfDeployment(): Promise<Container> {
  const { spec } = parse(await readFile(join(ROOT, 'config/manager/deployment.yaml'), 'utf8')) as Deployment;
  const [first] = spec.template.spec.containers;
  if (first === undefined) throw new BenchError('the Deployment has no container');
  return first;
}

/** Those with a value of their own: NODE_OPTIONS, say. */
function variablesOf({ env = [] }: Container): Record<string, string> {
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

/** The old generation that V8 gives itself in a container with this memory limit: half of it (`Heap::HeapSizeFromPhysicalMemory`). In MiB. */
function heapMiB({ resources }: Container): number {
  const limit = resources?.limits?.memory ?? '';
  const [, mebibytes] = /^(\d+)Mi$/.exec(limit) ?? [];
  if (mebibytes === undefined) throw new BenchError(`the Deployment's memory limit is not in Mi: ${limit}`);
  return Number(mebibytes) / 2;
}
