/** The real Helm, of both major versions, with folders of its own: nothing of the machine's configuration reaches a test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { run, type RunResult } from '../tools/run.ts';
import { ensureTool } from '../tools/tool.ts';
import type { Json } from './api.ts';
import { skipBecause } from './skip.ts';

export const HELMS = [3, 4] as const;
export type HelmMajor = (typeof HELMS)[number];
/** The first build from its Go module. */
export const HELM_BUILD_MS = 20 * 60_000;
export const CHART = join(import.meta.dirname, '../../config/helm');

export interface Helm {
  readonly major: HelmMajor;
  /** Path of the program. */
  readonly file: string;
  /** Any exit code is a result; what Helm says of symbolic links is taken out of stderr. */
  (args: readonly string[], options?: { readonly stdin?: string }): Promise<RunResult>;
  /** Objects of `helm template`; throws with what Helm said. `values` as a file of values. */
  template(values?: object, args?: readonly string[], chart?: string): Promise<Json[]>;
  end(): Promise<void>;
}

/** For a `before` hook with a timeout of `HELM_BUILD_MS`; skips the suite where Helm cannot be had. */
export async function aHelm(context: Mocha.Context, major: HelmMajor, kubeconfig = '/nonexistent'): Promise<Helm> {
  const file = await ensureTool(`helm${major}`).catch((error: unknown) => skipBecause(context, `no Helm ${major}: ${String(error)}`));
  const home = await mkdtemp(join(tmpdir(), 'npb-helm-'));
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: kubeconfig };
  const call = async (args: readonly string[], options: { readonly stdin?: string } = {}): Promise<RunResult> => {
    const result = await run(file, args, { env, ...options });
    return { ...result, stderr: result.stderr.replaceAll(/^.*found symbolic link in path.*\n/gm, '') };
  };
  return Object.assign(call, {
    major,
    file,
    async template(values: object = {}, args: readonly string[] = [], chart = CHART) {
      const { code, stdout, stderr } = await call(['template', 'namespace-policy-baseline', chart, '--namespace', 'namespace-policy-baseline-system', '--values', '-', ...args], { stdin: JSON.stringify(values) });
      if (code !== 0) throw new Error(stderr);
      return documents(stdout);
    },
    end: () => rm(home, { recursive: true, force: true }),
  });
}

/** The objects of a stream of YAML; duplicate keys are an error. */
export function documents(text: string): Json[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return document.toJS();
  }).filter((object) => object !== null);
}

export const named = (objects: readonly Json[], kind: string, name?: string): Json => {
  const found = objects.filter((object) => object.kind === kind && (name === undefined || object.metadata.name === name));
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} ${name ?? ''} among ${objects.map((object) => `${object.kind} ${object.metadata.name}`).join(', ')}`);
  return found[0];
};
