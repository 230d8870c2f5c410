/**
 * Prometheus, Alertmanager and kube-state-metrics as people run them, on loopback, each with a folder of its own
 * that goes with it. Whoever starts one ends it; they end with this process in any case.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePorts } from '../control-plane/ports.ts';
import { ensureTool, type ToolName } from '../tools/tool.ts';
import { eventually } from './eventually.ts';

const START_MS = 60_000;

interface Server { readonly url: string; stop(): Promise<void> }

export type Labels = Readonly<Record<string, string>>;
export interface Sample { readonly metric: Labels; readonly value: number }
export interface RuleState { readonly name: string; readonly type: 'alerting' | 'recording'; readonly health: string; readonly lastError: string }
export interface Firing { readonly labels: Labels; readonly annotations: Labels; readonly state: string }
/** A node of a parsed expression, as Prometheus' API gives it. */
export interface Parsed { readonly type: string; readonly [field: string]: unknown }

export interface Prometheus extends Server {
  /** Instant; a scalar is a sample without labels. */
  query(expr: string): Promise<Sample[]>;
  parse(expr: string): Promise<Parsed>;
  labelValues(label: string, series: string): Promise<string[]>;
  rules(): Promise<RuleState[]>;
  alerts(): Promise<Firing[]>;
}

/** `more`: further fields of the scrape configuration. */
export interface Scraped { readonly job: string; readonly targets: readonly Target[]; readonly more?: object }
/** Labels are what service discovery would add. */
export interface Target { readonly url: string; readonly labels: Labels }

export interface PrometheusOptions {
  readonly scraped?: readonly Scraped[];
  readonly groups?: readonly unknown[];
  readonly alertmanager?: string;
}

/** Scrapes and evaluates each second. */
export async function startPrometheus({ scraped = [], groups = [], alertmanager }: PrometheusOptions = {}): Promise<Prometheus> {
  const server = await start('prometheus', async (dir, [port = 0]) => {
    await writeFile(join(dir, 'rules.yaml'), stringify({ groups }));
    await writeFile(join(dir, 'prometheus.yaml'), stringify({
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [join(dir, 'rules.yaml')],
      ...(alertmanager === undefined ? {} : { alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] } }),
      scrape_configs: scraped.map(({ job, targets, more }) => ({
        ...more, job_name: job, honor_labels: true, static_configs: targets.map(({ url, labels }) => ({ targets: [new URL(url).host], labels })),
      })),
    }));
    return {
      url: `http://127.0.0.1:${port}`, health: '/-/ready',
      args: [`--config.file=${join(dir, 'prometheus.yaml')}`, `--storage.tsdb.path=${join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'],
    };
  });
  const ask = async (path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const response = await fetch(`${server.url}/api/v1/${path}`, Object.keys(query).length === 0 ? {} : { method: 'POST', body: new URLSearchParams(query) });
    const answer = await response.json() as { status: string; data: unknown; error?: string };
    assert.equal(answer.status, 'success', `${JSON.stringify(query)}: ${answer.error ?? ''}`);
    return answer.data;
  };
  return {
    ...server,
    async query(expr) {
      const { resultType, result } = await ask('query', { query: expr }) as { resultType: string; result: unknown };
      if (resultType === 'scalar') return [{ metric: {}, value: Number((result as [number, string])[1]) }];
      return (result as { metric: Labels; value: [number, string] }[]).map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    parse: async (expr) => await ask('parse_query', { query: expr }) as Parsed,
    labelValues: async (label, series) => await ask(`label/${label}/values?match[]=${encodeURIComponent(series)}`) as string[],
    rules: async () => (await ask('rules') as { groups: { rules: RuleState[] }[] }).groups.flatMap(({ rules }) => rules),
    alerts: async () => (await ask('alerts') as { alerts: Firing[] }).alerts,
  };
}

interface Rule { readonly alert?: string; readonly record?: string; readonly expr: string }
interface RuleGroup { readonly name: string; readonly rules: readonly Rule[] }

/** The groups of config/prometheus, but an alert need not be true for long. */
export function hastyGroups(): RuleGroup[] {
  const { groups } = parse(readFileSync('config/prometheus/rules.yaml', 'utf8')) as { groups: RuleGroup[] };
  return groups.map((group) => ({ ...group, rules: group.rules.map((rule) => (rule.alert === undefined ? rule : { ...rule, for: '0s', keep_firing_for: '0s' })) }));
}

/** What Alertmanager sends to a webhook. */
export interface Notification { readonly status: string; readonly alerts: readonly (Firing & { readonly status: string })[] }

/** An Alertmanager that sends everything at once to a receiver on loopback, and what that has got. */
export async function startAlertmanager(): Promise<Server & { readonly received: readonly Notification[] }> {
  const received: Notification[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); });
    request.on('end', () => {
      received.push(JSON.parse(body) as Notification);
      response.end();
    });
  });
  await new Promise<void>((resolve) => { receiver.listen(0, '127.0.0.1', resolve); });
  const { port } = receiver.address() as AddressInfo;
  const server = await start('alertmanager', async (dir, [own = 0]) => {
    await writeFile(join(dir, 'alertmanager.yaml'), stringify({
      route: { receiver: 'loopback', group_by: ['alertname'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' },
      receivers: [{ name: 'loopback', webhook_configs: [{ url: `http://127.0.0.1:${port}/` }] }],
    }));
    return {
      url: `http://127.0.0.1:${own}`, health: '/-/ready',
      args: [`--config.file=${join(dir, 'alertmanager.yaml')}`, `--storage.path=${join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${own}`, '--cluster.listen-address=', '--log.level=warn'],
    };
  });
  return {
    url: server.url,
    received,
    async stop() {
      await server.stop();
      receiver.closeAllConnections();
      await new Promise((resolve) => { receiver.close(resolve); });
    },
  };
}

/** What the alerts and the documentation ask of it. */
const KSM_RESOURCES = ['deployments', 'namespaces', 'networkpolicies'];

export function startKubeStateMetrics(kubeconfig: string): Promise<Server> {
  return start('kube-state-metrics', (_dir, [port = 0, own = 0]) => Promise.resolve({
    url: `http://127.0.0.1:${port}`, health: '/healthz',
    args: [`--kubeconfig=${kubeconfig}`, '--host=127.0.0.1', `--port=${port}`, '--telemetry-host=127.0.0.1', `--telemetry-port=${own}`, `--resources=${KSM_RESOURCES.join(',')}`],
  }));
}

interface Command { readonly url: string; readonly health: string; readonly args: readonly string[] }

async function start(tool: ToolName, prepare: (dir: string, ports: readonly number[]) => Promise<Command>): Promise<Server> {
  const program = await ensureTool(tool);
  const dir = await mkdtemp(join(tmpdir(), `npb-${tool}-`));
  const { url, health, args } = await prepare(dir, await freePorts(2));
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-4_000); });
  const kill = (): void => { child.kill('SIGKILL'); };
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('exit', () => {
    process.removeListener('exit', kill);
    resolve();
  }));
  const stop = async (): Promise<void> => {
    kill();
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await eventually(async () => child.exitCode ?? (await fetch(url + health)).status, (status) => assert.equal(status, 200), { withinMs: START_MS, everyMs: 100 });
  } catch (error) {
    await stop();
    throw new Error(`${tool} did not start: ${said}`, { cause: error });
  }
  return { url, stop };
}
