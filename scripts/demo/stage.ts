/**
 * Where the demo takes place: what differs between a control plane of its own and a cluster that the user has.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { run } from '../../test/tools/run.ts';
import { DemoFailure } from './failure.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
export const OPERATOR_NAMESPACE = 'namespace-policy-baseline-system';
export const SERVICE_ACCOUNT = 'namespace-policy-baseline';
export const SAMPLE = 'config/samples/platform-team.yaml';

export interface Stage {
  readonly kind: 'own' | 'yours';
  readonly kubectlPath: string;
  readonly kubeconfig: string;
  readonly context: string | undefined;
  readonly baseline: DemoBaseline;
  /** Labels of every namespace of the demo, beside its team. */
  readonly labels: Readonly<Record<string, string>>;
  /** Full name of a namespace of the demo. */
  namespace(short: string): string;
  /** Runs kubectl; throws with what it said when it fails. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>;
  /** Path of a kubeconfig with the token of the operator's ServiceAccount. */
  operatorKubeconfig(): Promise<string>;
  /** Removes what the demo made, as far as the stage stays. */
  end(): Promise<void>;
}

/** The sample that is applied, and how it is told to kubectl. */
export interface DemoBaseline {
  readonly name: string;
  /** Arguments of kubectl. */
  readonly apply: readonly string[];
  readonly stdin?: string;
  readonly excluded: readonly string[];
}

const KUBECTL_MS = 60_000;

export interface KubectlOptions {
  readonly kubectlPath: string;
  readonly kubeconfig: string;
  readonly context?: string | undefined;
  /** Away from the user's own cache. */
  readonly cacheDir: string;
  /** Once aborted, no call begins any more. */
  readonly signal: AbortSignal;
}

export interface Kubectl {
  readonly run: Stage['kubectl'];
  /** After the signal as well: for cleaning up. Begins when every earlier call has ended. */
  readonly runAtTheEnd: Stage['kubectl'];
}

export function kubectlOn({ kubectlPath, kubeconfig, context, cacheDir, signal }: KubectlOptions): Kubectl {
  const common = [`--kubeconfig=${kubeconfig}`, `--cache-dir=${cacheDir}`, ...(context === undefined ? [] : [`--context=${context}`])];
  const underWay = new Set<Promise<unknown>>();

  async function call(args: readonly string[], stdin?: string): Promise<string> {
    const result = await run(kubectlPath, [...common, ...args], { cwd: ROOT, ownGroup: true, timeoutMs: KUBECTL_MS, ...(stdin === undefined ? {} : { stdin }) });
    if (result.code === 0) return result.stdout;
    throw new DemoFailure(`kubectl ${args.join(' ')} failed`, { cause: new Error(result.stderr.trim() || `exit code ${result.code}`) });
  }

  return {
    async run(args, stdin) {
      signal.throwIfAborted();
      const calling = call(args, stdin);
      underWay.add(calling);
      return calling.finally(() => underWay.delete(calling));
    },
    async runAtTheEnd(args, stdin) {
      await Promise.allSettled(underWay);
      return call(args, stdin);
    },
  };
}

interface BaselineManifest {
  metadata: { name: string };
  spec: { namespaceSelector?: { matchLabels?: Record<string, string> }; excludedNamespaces?: string[] };
}

/** The sample as it is. */
export function sampleBaseline(): DemoBaseline {
  const { metadata: { name }, spec: { excludedNamespaces = [] } } = readSample();
  return { name, apply: ['apply', '-f', SAMPLE], excluded: excludedNamespaces };
}

/** The sample under another name, over namespaces with these labels only. */
export function selectiveBaseline(name: string, matchLabels: Readonly<Record<string, string>>): DemoBaseline {
  const manifest = readSample();
  manifest.metadata.name = name;
  manifest.spec.namespaceSelector = { matchLabels: { ...matchLabels } };
  return { name, apply: ['apply', '-f', '-'], stdin: stringify(manifest), excluded: manifest.spec.excludedNamespaces ?? [] };
}

function readSample(): BaselineManifest {
  return parse(readFileSync(join(ROOT, SAMPLE), 'utf8')) as BaselineManifest;
}
