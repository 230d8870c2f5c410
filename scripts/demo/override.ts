/**
 * An act of the demo: policies add, so an allow-all beside our default-deny opens a namespace. Nothing of ours is touched and
 * nothing is repaired, but it is told, by name, within a second.
 */
import { join } from 'node:path';
import { stringify } from 'yaml';
import { run } from '../../test/tools/run.ts';
import { keyOf, type Sighting } from './journal.ts';
import { sumOf } from './metrics.ts';
import { ROOT } from './stage.ts';
import { check, milliseconds, scrapeUntil, statusOf, type, type Show } from './show.ts';

const OVERRIDDEN = 'netpol_baseline_namespaces_overridden';
/** A second is what is promised; a busy machine may take its time without the demo being wrong. */
const PATIENCE_MS = 5000;

export async function override(show: Show): Promise<void> {
  const { terminal, stage, policies, baselines, operator } = show;
  await terminal.section('Somebody adds a policy that allows everything');
  const namespace = stage.namespace('search');
  const isOf = (wanted: Sighting['type']) => ({ type: kind, object }: Sighting): boolean => kind === wanted && keyOf(object) === `${namespace}/allow-all`;
  const before = sumOf(await operator.scrape(), OVERRIDDEN, { direction: 'Egress' });
  const marks = [policies.mark(), baselines.mark()] as const;
  await type(show, ['apply', '-f', '-'], stringify({
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'allow-all', namespace },
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
  }));
  const added = await policies.until('the policy', marks[0], isOf('ADDED'));
  await scrapeUntil(show, 'one more namespace that is overridden', (series) => sumOf(series, OVERRIDDEN, { direction: 'Egress' }) === before + 1);
  const countedMs = performance.now() - added.atMs;
  const told = await baselines.until('the status to name it', marks[1], ({ object }) => worstOf(object, namespace)?.reason === 'Overridden');
  const toldMs = told.atMs - added.atMs;
  const { message = '' } = worstOf(told.object, namespace) ?? {};
  check(message.includes('NetworkPolicy allow-all'), `the status does not name the policy: ${message}`);
  check(countedMs < PATIENCE_MS && toldMs < PATIENCE_MS, `it took ${milliseconds(countedMs)} until the metrics had it, and ${milliseconds(toldMs)} until the status had`);
  terminal.ok('in the metrics', `${OVERRIDDEN} is ${before + 1}, ${milliseconds(countedMs)} later`);
  terminal.ok('in the status', `protected ${statusOf(told.object).protected ?? '?'} as before, isolated ${statusOf(told.object).isolated ?? '?'}, ${milliseconds(toldMs)} later`);
  terminal.fact(namespace, message);
  await audited(show, namespace);
  await removed(show, namespace, before);
}

/** Needs no operator: it reads the cluster and computes the same. */
async function audited({ terminal, stage, signal }: Show, namespace: string): Promise<void> {
  signal.throwIfAborted();
  terminal.command(['npb', 'audit', '-n', namespace]);
  const context = stage.context === undefined ? [] : ['--context', stage.context];
  const { code, stdout, stderr } = await run(process.execPath, [join(ROOT, 'bin', 'npb.js'), 'audit', '--kubeconfig', stage.kubeconfig, ...context, '-n', namespace, '-o', 'json'], { cwd: ROOT, timeoutMs: AUDIT_MS });
  check(code === 1, `npb audit ended with ${code}, where 1 says that it found something: ${stderr}`);
  const { namespaces } = JSON.parse(stdout) as Audited;
  const found = namespaces[0]?.findings.find(({ id, message }) => id === 'defeated' && message.includes('allow-all'));
  check(found !== undefined, `npb audit does not name the policy: ${stdout}`);
  terminal.fact(`${found.level} ${found.id}`, found.message);
}

const AUDIT_MS = 60_000;

interface Audited { readonly namespaces: readonly { readonly findings: readonly { readonly id: string; readonly level: string; readonly message: string }[] }[] }

async function removed(show: Show, namespace: string, before: number): Promise<void> {
  const { terminal, policies, baselines } = show;
  const marks = [policies.mark(), baselines.mark()] as const;
  await type(show, ['delete', 'netpol', 'allow-all', '-n', namespace]);
  const gone = await policies.until('the policy to be deleted', marks[0], ({ type: kind, object }) => kind === 'DELETED' && keyOf(object) === `${namespace}/allow-all`);
  await scrapeUntil(show, 'that it is not overridden any more', (series) => sumOf(series, OVERRIDDEN, { direction: 'Egress' }) === before);
  const goneMs = performance.now() - gone.atMs;
  const told = await baselines.until('the status to forget it', marks[1], ({ object }) => worstOf(object, namespace) === undefined);
  terminal.ok('isolated again', `${statusOf(told.object).isolated ?? '?'}; in the metrics ${milliseconds(goneMs)} after the policy was deleted`);
}

const worstOf = (object: Sighting['object'], namespace: string) => statusOf(object).worst?.find((entry) => entry.namespace === namespace);
