/**
 * Programs that single tests need: from PATH where they are new enough, else built the first time from a module of
 * their own beside this file. A new one is a folder with go.mod (`tool` dependencies) and go.sum, and an entry in
 * MODULES; programs of one module are built together, since they share most of their code.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, logToStderr } from './cache.ts';
import { ensureGoModule, pinnedVersion, wantedVersion } from './go-module.ts';
import { findOnPath } from './go-toolchain.ts';
import { run } from './run.ts';
import type { Environment, Log } from './cache.ts';
import type { GoModule, GoProgram } from './go-module.ts';

interface Tool extends GoProgram {
  /** What it is called on PATH, where several major versions share a name: only one of the pinned major version is taken. */
  readonly onPath?: string;
}

const MODULES = {
  prometheus: [prometheusTool('prometheus'), prometheusTool('promtool')],
  alertmanager: [{
    name: 'alertmanager',
    package: 'github.com/prometheus/alertmanager/cmd/alertmanager',
    module: 'github.com/prometheus/alertmanager',
    versionArgs: ['--version'],
    variables: saysVersion,
  }],
  'kube-state-metrics': [{
    name: 'kube-state-metrics',
    package: 'k8s.io/kube-state-metrics/v2',
    module: 'k8s.io/kube-state-metrics/v2',
    versionArgs: ['version'],
    variables: saysVersion,
  }],
  helm3: [helm('helm3', 3, (kubernetesMinor) => Object.fromEntries(['pkg/chartutil', 'pkg/lint/rules'].flatMap((folder) => [
    [`helm.sh/helm/v3/${folder}.k8sVersionMajor`, '1'], [`helm.sh/helm/v3/${folder}.k8sVersionMinor`, kubernetesMinor],
  ])))],
  helm4: [helm('helm4', 4, () => ({}))], // finds out by itself which Kubernetes it was built for
  lua: [{ // the Lua that is inside Argo CD; what is on PATH is another one
    name: 'glua',
    package: 'github.com/yuin/gopher-lua/cmd/glua',
    module: 'github.com/yuin/gopher-lua',
    versionArgs: ['-v'],
    version: () => '0.1', // says so whatever its module's version is
  }],
} as const satisfies Record<string, readonly Tool[]>;

export type ToolName = (typeof MODULES)[keyof typeof MODULES][number]['name'];

export interface ToolOptions {
  /** Progress of a build; to stderr when absent. */
  readonly log?: Log;
  /** The process's own environment when absent. */
  readonly env?: Environment;
}

/** Absolute path of a tool that runs. A first build takes minutes: give the hook that calls this the time. */
export async function ensureTool(name: ToolName, { log = logToStderr, env = process.env }: ToolOptions = {}): Promise<string> {
  const module = moduleOf(name);
  const program: Tool | undefined = module.programs.find((each) => each.name === name);
  const installed = findOnPath(program?.onPath ?? name, env);
  if (installed !== undefined && program !== undefined && await isGoodEnough(installed, program, module)) return installed;
  const built = await ensureGoModule(module, { env, cacheDir: cacheRoot(env), log });
  return built.path(name);
}

function moduleOf(tool: ToolName): GoModule {
  const found = Object.entries(MODULES).find(([, programs]) => programs.some(({ name }) => name === tool));
  if (found === undefined) throw new Error(`no module has ${tool}`);
  const [name, programs] = found;
  return { name, programs, folder: fileURLToPath(new URL(`./${name}/`, import.meta.url)) };
}

/** Not older than the pin: an older one may lack a flag or a function that a test uses. */
async function isGoodEnough(path: string, program: Tool, { folder }: GoModule): Promise<boolean> {
  const { stdout, stderr } = await run(path, program.versionArgs);
  const wanted = wantedVersion(program, readFileSync(join(folder, 'go.mod'), 'utf8'));
  return isAtLeast(`${stdout}${stderr}`, wanted, { sameMajor: program.onPath !== undefined });
}

/** Whether the first version in a text is this one or a later one; of the same major version if that matters. */
export function isAtLeast(printed: string, version: string, { sameMajor = false } = {}): boolean {
  const found = /\bv?(\d+)\.(\d+)\.(\d+)/.exec(printed)?.slice(1).map(Number);
  const wanted = version.split('.').map(Number);
  if (found === undefined || (sameMajor && found[0] !== wanted[0])) return false;
  const differing = wanted.findIndex((part, index) => part !== found[index]);
  return differing === -1 || (found[differing] ?? 0) > (wanted[differing] ?? 0);
}

function prometheusTool<const N extends string>(name: N) {
  const module = 'github.com/prometheus/prometheus';
  return { name, package: `${module}/cmd/${name}`, module, versionArgs: ['--version'], version: prometheusVersion, variables: saysVersion };
}

/** `variables` gets the minor version of Kubernetes that Helm was made for: what a chart's `kubeVersion` is held against without a cluster. */
function helm<const N extends string>(name: N, major: number, variables: (kubernetesMinor: string) => Record<string, string>) {
  const module = `helm.sh/helm/v${major}`;
  return {
    name, module, package: `${module}/cmd/helm`, versionArgs: ['version', '--short'], onPath: 'helm',
    variables: (version: string, goMod: string) => ({ [`${module}/internal/version.version`]: `v${version}`, ...variables(kubernetesMinorOf(goMod)) }),
  };
}

/** client-go v0.37.1 belongs to Kubernetes 1.37. */
function kubernetesMinorOf(goMod: string): string {
  return pinnedVersion(goMod, 'k8s.io/client-go').split('.')[1] ?? '';
}

function saysVersion(version: string): Readonly<Record<string, string>> {
  return { 'github.com/prometheus/common/version.Version': version };
}

/** Prometheus 3.5.0 is published as Go module v0.305.0. */
export function prometheusVersion(pin: string): string {
  const [, major, minor, patch] = /^v0\.(\d)(\d\d)\.(\d+)/.exec(pin) ?? [];
  if (major === undefined) throw new Error(`${pin} is not a version of the Prometheus module`);
  return `${major}.${Number(minor)}.${patch}`;
}
