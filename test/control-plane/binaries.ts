/**
 * The programs of the control plane: from `KUBEBUILDER_ASSETS` when that is set, else built from the pinned module.
 * A set that is not complete or not of the pinned minor version is refused with a way to go on; it never falls back silently.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, logToStderr } from '../tools/cache.ts';
import { isExecutable } from '../tools/go-toolchain.ts';
import { ensureGoModule, pinnedVersion } from '../tools/go-module.ts';
import { run } from '../tools/run.ts';
import type { Environment, Log } from '../tools/cache.ts';
import type { GoModule, GoProgram } from '../tools/go-module.ts';

export interface ControlPlaneBinaries {
  /** Absolute paths. */
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
  /** Kubernetes version of kube-apiserver, for example `v1.36.3`. */
  readonly version: string;
  readonly source: 'built' | 'KUBEBUILDER_ASSETS';
}

export interface BinariesOptions {
  /** Progress; to stderr when absent. */
  readonly log?: Log;
  /** The process's own environment when absent. */
  readonly env?: Environment;
}

/** For hooks that may have to build: 30 minutes, four times what two cores need from an empty Go cache. */
export const FIRST_BUILD_TIMEOUT_MS = 30 * 60_000;

const KUBERNETES = 'k8s.io/kubernetes';
const ETCD = 'go.etcd.io/etcd/server/v3';
const MODULE_FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** The whole control plane as one Go module; etcd first, as it is built fastest and fails soonest. */
export const CONTROL_PLANE_MODULE: GoModule = {
  name: 'control-plane',
  folder: MODULE_FOLDER,
  programs: [
    { name: 'etcd', package: ETCD, module: ETCD, versionArgs: ['--version'] },
    kubernetesProgram('kube-apiserver', ['--version']),
    kubernetesProgram('kube-controller-manager', ['--version']),
    kubernetesProgram('kubectl', ['version', '--client']),
  ],
};

function kubernetesProgram(name: string, versionArgs: readonly string[]): GoProgram {
  return { name, package: `${KUBERNETES}/cmd/${name}`, module: KUBERNETES, versionArgs, variables: kubernetesVersionVariables };
}

/** Without these the server calls itself `v0.0.0-master+$Format:%H$`, which breaks clients that look at the version. */
function kubernetesVersionVariables(version: string): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = version.split('.');
  const prefix = 'k8s.io/component-base/version.';
  return {
    [`${prefix}gitVersion`]: `v${version}`,
    [`${prefix}gitMajor`]: major,
    [`${prefix}gitMinor`]: minor,
    [`${prefix}gitTreeState`]: 'clean',
    [`${prefix}buildDate`]: '1970-01-01T00:00:00Z',
  };
}

/** The programs, built first when needed (once: 4 to 7 minutes on two cores from an empty Go cache). */
export async function ensureControlPlaneBinaries({ log = logToStderr, env = process.env }: BinariesOptions = {}): Promise<ControlPlaneBinaries> {
  const assets = env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') return binariesFromAssets(assets);
  const built = await ensureGoModule(CONTROL_PLANE_MODULE, { env, cacheDir: cacheRoot(env), log });
  return { ...pathsIn((name) => built.path(name)), version: `v${built.versions['kube-apiserver']}`, source: 'built' };
}

function pathsIn(path: (name: string) => string): Pick<ControlPlaneBinaries, 'etcd' | 'kubeApiserver' | 'kubeControllerManager' | 'kubectl'> {
  return {
    etcd: path('etcd'),
    kubeApiserver: path('kube-apiserver'),
    kubeControllerManager: path('kube-controller-manager'),
    kubectl: path('kubectl'),
  };
}

/** Checks an envtest folder: all four programs, the Kubernetes ones of one minor version, and that minor the pinned one. */
async function binariesFromAssets(folder: string): Promise<ControlPlaneBinaries> {
  const names = CONTROL_PLANE_MODULE.programs.map((program) => program.name);
  const missing = names.filter((name) => !isExecutable(join(folder, name)));
  if (missing.length > 0) throw new Error(refusal(folder, `it has no executable ${missing.join(', ')}`));
  const programs = CONTROL_PLANE_MODULE.programs.filter((program) => program.module === KUBERNETES);
  const found = await Promise.all(programs.map((program) => kubernetesVersionOf(folder, program)));
  const pinned = pinnedVersion(readFileSync(join(MODULE_FOLDER, 'go.mod'), 'utf8'), KUBERNETES);
  const wrong = programs.flatMap(({ name }, index) => (minorOf(found[index]) === minorOf(pinned) ? [] : [`${name} ${found[index] ?? 'of unknown version'}`]));
  if (wrong.length > 0) throw new Error(refusal(folder, `${minorOf(pinned)} is needed, but it holds ${wrong.join(', ')}`));
  return { ...pathsIn((name) => join(folder, name)), version: found[0] ?? pinned, source: 'KUBEBUILDER_ASSETS' };
}

async function kubernetesVersionOf(folder: string, program: GoProgram): Promise<string | undefined> {
  const { stdout } = await run(join(folder, program.name), program.versionArgs);
  return parseKubernetesVersion(stdout);
}

/** `v1.36.3` from what the Kubernetes programs print about themselves. */
export function parseKubernetesVersion(text: string): string | undefined {
  return /\bv\d+\.\d+\.\d+\S*/.exec(text)?.[0];
}

/** `v1.36` of `v1.36.3`. */
export function minorOf(version: string | undefined): string | undefined {
  return /^v\d+\.\d+/.exec(version ?? '')?.[0];
}

function refusal(folder: string, why: string): string {
  return [
    `KUBEBUILDER_ASSETS=${folder} cannot be used: ${why}.`,
    'To go on, do one of these:',
    '  - unset KUBEBUILDER_ASSETS, and the pinned control plane is built from source once (npm run control-plane build)',
    '  - put what is missing there; setup-envtest brings no kube-controller-manager, without which a deleted namespace never goes away',
  ].join('\n');
}
