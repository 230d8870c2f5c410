/**
 * Programs that single tests need: from PATH, else built the first time from a module of their own beside this file.
 * A new one is a folder with go.mod (`tool` dependency) and go.sum, and one line in TOOLS.
 */
import { fileURLToPath } from 'node:url';
import { cacheRoot, logToStderr } from './cache.ts';
import { ensureGoModule } from './go-module.ts';
import { findOnPath } from './go-toolchain.ts';
import type { Environment, Log } from './cache.ts';
import type { GoProgram } from './go-module.ts';

const TOOLS = {
  promtool: prometheusTool('promtool'),
} as const satisfies Record<string, Omit<GoProgram, 'name'>>;

export type ToolName = keyof typeof TOOLS;

export interface ToolOptions {
  /** Progress of a build; to stderr when absent. */
  readonly log?: Log;
  /** The process's own environment when absent. */
  readonly env?: Environment;
}

/** Absolute path of a tool that runs. A first build takes minutes: give the hook that calls this the time. */
export async function ensureTool(name: ToolName, { log = logToStderr, env = process.env }: ToolOptions = {}): Promise<string> {
  const installed = findOnPath(name, env);
  if (installed !== undefined) return installed;
  const folder = fileURLToPath(new URL(`./${name}/`, import.meta.url));
  const module = { name, folder, programs: [{ name, ...TOOLS[name] }] };
  const built = await ensureGoModule(module, { env, cacheDir: cacheRoot(env), log });
  return built.path(name);
}

function prometheusTool(name: string): Omit<GoProgram, 'name'> {
  const module = 'github.com/prometheus/prometheus';
  return {
    package: `${module}/cmd/${name}`,
    module,
    versionArgs: ['--version'],
    version: prometheusVersion,
    variables: (version) => ({ 'github.com/prometheus/common/version.Version': version }),
  };
}

/** Prometheus 3.5.0 is published as Go module v0.305.0. */
export function prometheusVersion(pin: string): string {
  const [, major, minor, patch] = /^v0\.(\d)(\d\d)\.(\d+)/.exec(pin) ?? [];
  if (major === undefined) throw new Error(`${pin} is not a version of the Prometheus module`);
  return `${major}.${Number(minor)}.${patch}`;
}
