/**
 * A cluster that the user has. The demo says first what it is going to do, refuses to start where another operator or
 * other baselines could be disturbed, and removes everything that it made, but for Events about its baseline: they are in
 * `default`, and expire.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureControlPlaneBinaries } from '../../test/control-plane/binaries.ts';
import { findOnPath } from '../../test/tools/go-toolchain.ts';
import { DemoFailure } from './failure.ts';
import { seconds } from './own-stage.ts';
import { kubectlOn, OPERATOR_NAMESPACE, selectiveBaseline, SERVICE_ACCOUNT, type Stage } from './stage.ts';
import type { Terminal } from './terminal.ts';
import { whenEstablished } from '../../test/control-plane/established.ts';

export interface YourClusterOptions {
  readonly kubeconfig: string;
  readonly context: string | undefined;
  readonly workDir: string;
  readonly signal: AbortSignal;
  /** Time to press Ctrl-C after reading what will be done; 0 to go on at once. */
  readonly thinkMs: number;
}

const DEMO_LABEL = 'netbaseline.io/demo';
const CRD = 'customresourcedefinitions/namespacepolicybaselines.netbaseline.io';
const CLUSTER_ROLE = 'clusterroles/namespace-policy-baseline';
/** Short, so that a line of `kubectl get npb` fits into 80 columns. */
const baselineOf = (id: string): string => `npb-${id}`;
const BASELINE_OF_A_DEMO = /\/npb-[0-9a-f]{4}$/;
const ISOLATION_ROLE = 'clusterroles/namespace-policy-baseline-isolation';
const NAMESPACE = `namespaces/${OPERATOR_NAMESPACE}`;
const LEASE = 'leases/namespace-policy-baseline';
/** Far more than an operator may go without renewing; its clock may not be ours. */
const STALE_LEASE_MS = 120_000;
const DELETE_TIMEOUT = '45s';
/** A demo that runs longer has to be started again: tokens of ServiceAccounts end. */
const TOKEN_LIFETIME = '8h';

/** What is there before the demo; only the rest is installed, and only that is removed. */
interface Found {
  readonly crd: boolean;
  readonly rbac: boolean;
  readonly isolation: boolean;
  readonly namespace: boolean;
  readonly lease: boolean;
}

export async function yourStage(terminal: Terminal, options: YourClusterOptions, onStage: (stage: Stage) => void): Promise<Stage> {
  const kubeconfig = resolve(options.kubeconfig);
  if (!existsSync(kubeconfig)) throw new DemoFailure(`--kubeconfig ${options.kubeconfig}: there is no such file`);
  await terminal.section('Your cluster');
  const kubectlPath = findOnPath('kubectl', process.env) ?? (await ensureControlPlaneBinaries({ log: (line) => terminal.progress(line) })).kubectl;
  const { run: kubectl, runAtTheEnd } = kubectlOn({
    kubectlPath, kubeconfig, context: options.context, cacheDir: join(options.workDir, 'kubectl-cache'), signal: options.signal,
  });
  const found = await look(kubectl, terminal, options.context);
  const id = randomBytes(2).toString('hex');
  const stage: Stage = {
    kind: 'yours',
    kubectlPath,
    kubeconfig,
    context: options.context,
    baseline: selectiveBaseline(baselineOf(id), { [DEMO_LABEL]: id }),
    labels: { [DEMO_LABEL]: id },
    namespace: (short) => `npb-demo-${id}-${short}`,
    kubectl,
    operatorKubeconfig: () => tokenKubeconfig(kubectl, options.workDir),
    end: () => remove(terminal, runAtTheEnd, found, id),
  };
  announce(terminal, stage, found);
  await sleep(options.thinkMs, undefined, { signal: options.signal });
  onStage(stage); // from here on there is something to remove
  await install(kubectl, found);
  terminal.ok('installed', installed(found).join(', ') || 'nothing: it was all there');
  return stage;
}

/** Fails where the demo could disturb somebody. */
async function look(kubectl: Stage['kubectl'], terminal: Terminal, context: string | undefined): Promise<Found> {
  const version = JSON.parse(await kubectl(['version', '-o', 'json'])) as { serverVersion?: { gitVersion: string } };
  if (version.serverVersion === undefined) throw new DemoFailure('the API server of the cluster does not answer');
  const name = context ?? (await kubectl(['config', 'current-context'])).trim();
  terminal.fact('context', `${name}, Kubernetes ${version.serverVersion.gitVersion}`);
  const exists = async (what: string, ...more: string[]): Promise<boolean> => (await kubectl(['get', what, '--ignore-not-found', '-o', 'name', ...more])).trim() !== '';
  const [crd, rbac, isolation, namespace] = [await exists(CRD), await exists(CLUSTER_ROLE), await exists(ISOLATION_ROLE), await exists(NAMESPACE)];
  if (namespace) await refuseTerminating(kubectl);
  if (crd) await refuseBaselines(kubectl);
  const lease = namespace && await exists(LEASE, '-n', OPERATOR_NAMESPACE);
  if (lease) await refuseOperator(kubectl);
  return { crd, rbac, isolation, namespace, lease };
}

async function refuseTerminating(kubectl: Stage['kubectl']): Promise<void> {
  const phase = await kubectl(['get', NAMESPACE, '-o', 'jsonpath={.status.phase}']);
  if (phase.trim() === 'Terminating') throw new DemoFailure(`${NAMESPACE} is being deleted, perhaps by an earlier demo`, { next: 'Wait until it is gone and start again.' });
}

/** The operator of the demo would act on every baseline of the cluster. */
async function refuseBaselines(kubectl: Stage['kubectl']): Promise<void> {
  const names = (await kubectl(['get', 'npb', '-o', 'name'])).split('\n').filter((name) => name !== '');
  if (names.length === 0) return;
  const left = names.filter((name) => BASELINE_OF_A_DEMO.test(name));
  throw new DemoFailure(`the cluster has baselines already: ${names.join(', ')}`, {
    next: left.length === names.length
      ? `An earlier demo could not clean up. Do it for it:\nkubectl delete ${left.join(' ')} && kubectl delete namespaces -l ${DEMO_LABEL}`
      : 'The demo starts an operator, which would act on them. Use another cluster.',
  });
}

async function refuseOperator(kubectl: Stage['kubectl']): Promise<void> {
  const [holder = '', renewedAt = ''] = (await kubectl(['get', LEASE, '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.spec.holderIdentity} {.spec.renewTime}'])).trim().split(' ');
  if (holder === '' || Date.now() - Date.parse(renewedAt) > STALE_LEASE_MS) return;
  throw new DemoFailure(`an operator is at work in this cluster: ${holder}`, {
    next: `Use another cluster, or stop it first:\nkubectl scale deployment namespace-policy-baseline -n ${OPERATOR_NAMESPACE} --replicas=0`,
  });
}

function announce(terminal: Terminal, stage: Stage, found: Found): void {
  terminal.fact('it will install', installed(found).join(', ') || 'nothing: CRD and RBAC are there');
  terminal.fact('it will create', `13 namespaces called ${stage.namespace('…')}, and the baseline ${stage.baseline.name}, which selects only them`);
  terminal.fact('it will run', 'the operator on this machine, as its ServiceAccount');
  terminal.fact('it will not', 'write into any other namespace, but for Events about the baseline in default');
  terminal.fact('at the end', 'and on Ctrl-C, it removes all that again; the Events expire by themselves');
}

function installed(found: Found): string[] {
  return [
    ...(found.crd ? [] : ['the CRD from crds/']),
    ...(found.namespace ? [] : [`the namespace ${OPERATOR_NAMESPACE}`]),
    ...(found.rbac ? [] : ['ServiceAccount and RBAC from config/rbac/']),
    ...(found.isolation ? [] : ['the role that reads pods from config/rbac/isolation/']),
  ];
}

async function install(kubectl: Stage['kubectl'], found: Found): Promise<void> {
  if (!found.namespace) await kubectl(['apply', '--server-side', '-f', 'config/default/namespace.yaml']);
  if (!found.crd) await kubectl(['apply', '--server-side', '-k', 'crds']);
  if (!found.rbac) await kubectl(['apply', '--server-side', '-n', OPERATOR_NAMESPACE, '-k', 'config/rbac']);
  if (!found.isolation) await kubectl(['apply', '--server-side', '-k', 'config/rbac/isolation']);
  await whenEstablished(kubectl, 'namespacepolicybaselines.netbaseline.io');
}

/** The cluster entry of the user's kubeconfig, with a token of the ServiceAccount instead of the user. */
async function tokenKubeconfig(kubectl: Stage['kubectl'], workDir: string): Promise<string> {
  const own = JSON.parse(await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '-o', 'json'])) as { clusters?: unknown[] };
  const [cluster] = own.clusters ?? [];
  const name = (cluster as { name?: string } | undefined)?.name;
  if (name === undefined) throw new DemoFailure('the kubeconfig names no cluster');
  const token = (await kubectl(['create', 'token', SERVICE_ACCOUNT, '-n', OPERATOR_NAMESPACE, `--duration=${TOKEN_LIFETIME}`])).trim();
  const path = join(workDir, 'operator.kubeconfig');
  await writeFile(path, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', clusters: [cluster],
    users: [{ name: SERVICE_ACCOUNT, user: { token } }],
    contexts: [{ name: 'demo', context: { cluster: name, user: SERVICE_ACCOUNT } }],
    'current-context': 'demo',
  }), { mode: 0o600 });
  return path;
}

/** What the demo made; each step is tried, also when one before it failed. */
async function remove(terminal: Terminal, kubectl: Stage['kubectl'], found: Found, id: string): Promise<void> {
  const failed: string[] = [];
  const step = async (...args: string[]): Promise<void> => {
    await kubectl(args).catch(() => failed.push(`kubectl ${args.join(' ')}`));
  };
  const began = performance.now();
  terminal.progress('removing what the demo made …');
  const hasCrd = (await kubectl(['get', CRD, '--ignore-not-found', '-o', 'name']).catch(() => 'unknown')).trim() !== '';
  if (hasCrd) await step('delete', 'npb', baselineOf(id), '--ignore-not-found');
  await step('delete', 'namespaces', '-l', `${DEMO_LABEL}=${id}`, `--timeout=${DELETE_TIMEOUT}`);
  if (!found.rbac) await step('delete', '-n', OPERATOR_NAMESPACE, '-k', 'config/rbac', '--ignore-not-found');
  if (!found.isolation) await step('delete', '-k', 'config/rbac/isolation', '--ignore-not-found');
  if (!found.namespace) await step('delete', NAMESPACE, '--ignore-not-found', `--timeout=${DELETE_TIMEOUT}`);
  else if (!found.lease) await step('delete', LEASE, '-n', OPERATOR_NAMESPACE, '--ignore-not-found');
  const others = found.crd || !hasCrd ? '' : (await kubectl(['get', 'npb', '-o', 'name', '--ignore-not-found']).catch(() => '')).trim();
  if (!found.crd && others === '') await step('delete', CRD, '--ignore-not-found');
  if (others !== '') terminal.fact('kept', `the CRD, as somebody made other baselines meanwhile: ${others.split('\n').join(', ')}`);
  if (failed.length > 0) throw new DemoFailure('not everything that the demo made could be removed', { next: `Please do it: ${failed.join(' && ')}` });
  terminal.ok('removed', `everything that the demo made is gone, after ${seconds(began)}`);
}
