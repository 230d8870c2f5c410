/**
 * The acts of the demo, in order. Each does one thing with kubectl, waits until an independent watch has seen what
 * the operator made of it, and shows that with its time. What is not so fails the demo.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { differences } from './differences.ts';
import { keyOf, type Sighting } from './journal.ts';
import { sumOf, type Series } from './metrics.ts';
import { override } from './override.ts';
import { check, conditionOf, countedIn, covered, isObserved, milliseconds, scrapeUntil, statusOf, type, type Show } from './show.ts';
import { SAMPLE } from './stage.ts';
import { renderRow, type Column } from './table.ts';

const NAMESPACES = [
  ['shop', 'web'], ['cart', 'web'], ['payments', 'pay'], ['ledger', 'pay'], ['search', 'find'], ['search-index', 'find'],
  ['mail', 'comms'], ['reports', 'data'], ['warehouse', 'data'], ['legacy-app', 'data'], ['cert-manager', 'core'], ['ingress-nginx', 'edge'],
] as const;
const TEAM = 'example.com/team';
const DENY = 'default-deny';
const DAY_MS = 24 * 3_600_000;

/** Everything that is shown, from bare namespaces to the numbers at the end. */
export async function perform(show: Show): Promise<void> {
  const before = await bareNamespaces(show);
  const count = await applyBaseline(show);
  await printerColumns(show, count);
  await newNamespace(show);
  await tampering(show);
  await deletion(show);
  await override(show);
  await exemption(show);
  await heldMistake(show);
  await numbers(show, before);
  await events(show);
}

async function bareNamespaces(show: Show): Promise<Series[]> {
  const { terminal, stage, policies, namespaces } = show;
  await terminal.section('A dozen namespaces, as their teams made them');
  const mark = namespaces.mark();
  const names = NAMESPACES.map(([short]) => stage.namespace(short));
  const manifests = NAMESPACES.map(([short, team]) => stringify({
    apiVersion: 'v1', kind: 'Namespace', metadata: { name: stage.namespace(short), labels: { ...stage.labels, [TEAM]: team } },
  }));
  await type(show, ['apply', '-f', '-'], manifests.join('---\n'));
  for (const name of names) await namespaces.until(`namespace ${name}`, mark, ({ object }) => object.metadata.name === name);
  inColumns(names, ROW_WIDTH).forEach((line) => terminal.row(line));
  const inDemo = [...policies.present.values()].filter(({ metadata }) => names.includes(metadata.namespace ?? ''));
  check(inDemo.length === 0, 'there are policies in the namespaces before any baseline');
  const before = await scrapeUntil(show, `${names.length} namespaces without protection`, (series) =>
    covered(series, 'unprotected') >= names.length && countedIn(series) === standing(show));
  terminal.say(`No policy in any of them: a pod there may talk to everything, and everything to it. /metrics counts ${covered(before, 'unprotected')} namespaces as unprotected, in both directions.`);
  return before;
}

/** Namespaces that are there and stay. */
function standing({ namespaces }: Show): number {
  return [...namespaces.present.values()].filter(({ metadata }) => metadata.deletionTimestamp === undefined).length;
}

const ROW_WIDTH = 77;

function inColumns(names: readonly string[], width: number): string[] {
  const column = Math.max(...names.map(({ length }) => length)) + 3;
  const perLine = Math.max(1, Math.floor(width / column));
  return Array.from({ length: Math.ceil(names.length / perLine) }, (_, line) =>
    names.slice(line * perLine, (line + 1) * perLine).map((name) => name.padEnd(column)).join(''));
}

/** How many namespaces became protected. */
async function applyBaseline(show: Show): Promise<number> {
  const { terminal, stage, baselines, policies } = show;
  await terminal.section('One baseline: deny by default, and what the platform needs');
  const [baselineMark, policyMark] = [baselines.mark(), policies.mark()];
  await type(show, stage.baseline.apply, stage.baseline.stdin);
  const stored = await baselines.until('the baseline', baselineMark, ({ object }) => object.metadata.name === stage.baseline.name);
  const names = selectedNamespaces(show);
  if (stage.kind === 'yours') terminal.say(`${SAMPLE}, its selector narrowed to the namespaces of the demo.`);
  terminal.say('Seen on a watch of its own, from the baseline stored to each policy stored:');
  terminal.blank();
  const columns = [
    { header: 'namespace', width: 28 }, { header: 'policies', width: 8, align: 'right' },
    { header: 'first', width: 9, align: 'right' }, { header: 'all', width: 9, align: 'right' },
  ] as const satisfies readonly Column[];
  terminal.row(terminal.paint.dim(renderRow(columns, columns.map(({ header }) => header))));
  let from = policyMark;
  let last = stored.atMs;
  for (const open = new Set(names); open.size > 0;) {
    const denied = await policies.until(`${DENY} in ${[...open].join(', ')}`, from, isAdded((key) => key.endsWith(`/${DENY}`) && open.has(key.split('/')[0] ?? '')));
    const namespace = denied.object.metadata.namespace ?? '';
    open.delete(namespace);
    from = policyMark;
    const seen = policies.since(policyMark).filter(({ type: kind, object }) => kind === 'ADDED' && object.metadata.namespace === namespace);
    check(seen.at(-1)?.object.metadata.name === DENY, `${namespace}: ${DENY} came before an allow policy`);
    const [first = denied] = seen;
    last = denied.atMs;
    terminal.row(renderRow(columns, [namespace, String(seen.length), milliseconds(first.atMs - stored.atMs), milliseconds(denied.atMs - stored.atMs)]));
  }
  await baselines.until('the baseline to be ready', baselineMark, ({ object }) =>
    object.metadata.name === stage.baseline.name && isObserved(object) && conditionOf(object, 'Ready')?.status === 'True' && statusOf(object).namespaces?.['protected'] === names.length && statusOf(object).isolated === `${names.length}/${names.length}`);
  const written = policies.since(policyMark).filter(({ object }) => names.includes(object.metadata.namespace ?? ''));
  check(written.every(({ type: kind }) => kind === 'ADDED'), 'a policy was written more than once');
  terminal.blank();
  terminal.ok('all of them', `${names.length} namespaces, ${written.length} policies after ${milliseconds(last - stored.atMs)}; each written once, the allow policies before ${DENY}`);
  if (stage.kind === 'own') terminal.ok('left alone', `${stage.baseline.excluded.filter((name) => show.namespaces.present.has(name)).join(', ')}: excluded by name; kube-*: system namespaces`);
  return names.length;
}

/** Every namespace that the sample selects; on the demo's own control plane also `default`, which is no system namespace. */
function selectedNamespaces({ stage, namespaces }: Show): string[] {
  const names = [...NAMESPACES.map(([short]) => stage.namespace(short)), ...(stage.kind === 'own' ? ['default'] : [])];
  return names.filter((name) => !stage.baseline.excluded.includes(name) && namespaces.present.has(name));
}

const isAdded = (matches: (key: string) => boolean) => ({ type: kind, object }: Sighting): boolean => kind === 'ADDED' && matches(keyOf(object));

async function printerColumns(show: Show, count: number): Promise<void> {
  const { terminal, stage } = show;
  await terminal.section('What kubectl says');
  const shown = await type(show, ['get', 'npb']);
  terminal.output(shown);
  check(shown.includes(`${count}/${count}`) && shown.includes(stage.baseline.name), `kubectl get npb does not show ${count}/${count}`);
}

async function newNamespace(show: Show): Promise<void> {
  const { terminal, stage, namespaces, policies } = show;
  await terminal.section('A new namespace');
  const name = stage.namespace('orders');
  const [namespaceMark, policyMark] = [namespaces.mark(), policies.mark()];
  if (stage.kind === 'own') await type(show, ['create', 'namespace', name]);
  else await type(show, ['apply', '-f', '-'], stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...stage.labels, [TEAM]: 'web' } } }));
  const born = await namespaces.until(`namespace ${name}`, namespaceMark, isAdded((key) => key === name));
  await policies.until(`${DENY} in ${name}`, policyMark, isAdded((key) => key === `${name}/${DENY}`));
  const seen = policies.since(policyMark).filter(({ object }) => object.metadata.namespace === name);
  terminal.table(
    [{ header: 'policy', width: 28 }, { header: 'there after', width: 11, align: 'right' }],
    seen.map(({ object, atMs }) => [object.metadata.name, milliseconds(atMs - born.atMs)]),
  );
}

async function tampering(show: Show): Promise<void> {
  const { terminal, stage, policies } = show;
  await terminal.section('Somebody opens a namespace');
  const namespace = stage.namespace('shop');
  const key = `${namespace}/${DENY}`;
  const original = policies.present.get(key);
  check(original !== undefined, `there is no ${key}`);
  const mark = policies.mark();
  await type(show, ['patch', 'netpol', DENY, '-n', namespace, '-p', '{"spec":{"ingress":[{}]}}']);
  const isVersionOf = ({ object }: Sighting): boolean => keyOf(object) === key;
  const opened = await policies.until('the change', mark, isVersionOf);
  const repaired = await policies.until(`${key} to be repaired`, mark, (sighting) => sighting !== opened && isVersionOf(sighting));
  const [changed] = differences(original.spec, opened.object.spec, 'spec');
  check(changed !== undefined, 'the change changed nothing');
  terminal.fact('changed', `${changed.path}: ${changed.before} → ${changed.after}, which lets everybody in`);
  check(differences(original.spec, repaired.object.spec, 'spec').length === 0, `${key} was written, but not as it was`);
  check(repaired.object.metadata.uid === original.metadata.uid, `${key} was deleted and made again`);
  terminal.ok('repaired', `${changed.path}: ${changed.after} → ${changed.before}, ${milliseconds(repaired.atMs - opened.atMs)} later, in place`);
}

async function deletion(show: Show): Promise<void> {
  const { terminal, stage, policies } = show;
  await terminal.section('Somebody deletes one, three times');
  const namespace = stage.namespace('payments');
  const key = `${namespace}/${DENY}`;
  for (let round = 0; round < 3; round += 1) {
    const mark = policies.mark();
    await type(show, ['delete', 'netpol', DENY, '-n', namespace]);
    const gone = await policies.until(`${key} to be deleted`, mark, ({ type: kind, object }) => kind === 'DELETED' && keyOf(object) === key);
    const back = await policies.until(`${key} to be back`, mark, isAdded((each) => each === key));
    terminal.ok('back', `${milliseconds(back.atMs - gone.atMs)} later`);
  }
}

async function exemption(show: Show): Promise<void> {
  const { terminal, stage, policies, baselines } = show;
  await terminal.section('An exemption, with its reason and its end');
  const namespace = stage.namespace('legacy-app');
  const expiresAt = new Date(Math.ceil((Date.now() + 30 * DAY_MS) / DAY_MS) * DAY_MS).toISOString().replace('.000Z', 'Z');
  const [policyMark, baselineMark] = [policies.mark(), baselines.mark()];
  const held = [...policies.present.values()].filter(({ metadata }) => metadata.namespace === namespace).length;
  await type(show, ['patch', 'npb', stage.baseline.name, '--type', 'merge', '-p', [
    '{"spec": {"exemptions": [{',
    `  "namespace": "${namespace}",`,
    '  "reason": "vendor appliance, NET-12",',
    `  "expiresAt": "${expiresAt}"}]}}`,
  ].join('\n')]);
  const asked = await baselines.until('the exemption', baselineMark, ({ object }) => object.metadata.name === stage.baseline.name);
  const removed: Sighting[] = [];
  while (removed.length < held) {
    const seen = new Set(removed);
    removed.push(await policies.until(`the policies of ${namespace} to be removed`, policyMark, (sighting) =>
      sighting.type === 'DELETED' && sighting.object.metadata.namespace === namespace && !seen.has(sighting)));
  }
  check(removed[0]?.object.metadata.name === DENY, `${DENY} was not the first to go`);
  terminal.ok('opened', `its ${held} policies are gone after ${milliseconds((removed.at(-1)?.atMs ?? 0) - asked.atMs)}, ${DENY} first; they come back by themselves when it expires`);
  const counted = await baselines.until('one exempt namespace in the status', baselineMark, ({ object }) => isObserved(object) && statusOf(object).namespaces?.['exempt'] === 1);
  terminal.fact('status.namespaces', countsOf(counted));
}

const COUNTS = ['selected', 'protected', 'exempt', 'audited', 'pending', 'drifted', 'conflicted', 'failed'];

function countsOf({ object }: Sighting): string {
  const counts = statusOf(object).namespaces ?? {};
  return COUNTS.filter((state) => (counts[state] ?? 0) > 0).map((state) => `${state} ${counts[state]}`).join(', ');
}

/** A label that no namespace has: the whole fleet would lose its policies, so it does not. */
async function heldMistake(show: Show): Promise<void> {
  const { terminal, stage, policies, baselines } = show;
  await terminal.section('A mistake in the selector');
  const [policyMark, baselineMark] = [policies.mark(), baselines.mark()];
  const concerned = new Set(selectedNamespaces(show)); // a cluster in use has other people's policies, too
  const seen = () => policies.since(policyMark).filter(({ object }) => concerned.has(object.metadata.namespace ?? ''));
  await type(show, ['patch', 'npb', stage.baseline.name, '--type', 'merge', '-p', selectorPatch('gold')]);
  const held = await baselines.until('the removals to be held', baselineMark, ({ object }) => conditionOf(object, 'Held')?.status === 'True');
  await sleep(HOLD_LOOK_MS, undefined, { signal: show.signal });
  const gone = seen().filter(({ type: kind }) => kind === 'DELETED');
  check(gone.length === 0, `${gone.length} policies were removed although the removals are held`);
  terminal.ok('held', `no namespace has that label: ${statusOf(held.object).held?.namespaces ?? 0} would have lost their isolation, none did`);
  terminal.fact('condition Held', conditionOf(held.object, 'Held')?.message ?? '');
  const undone = baselines.mark();
  await type(show, ['patch', 'npb', stage.baseline.name, '--type', 'merge', '-p', selectorPatch(null)]);
  await baselines.until('the hold to end', undone, ({ object }) => isObserved(object) && conditionOf(object, 'Held') === undefined && conditionOf(object, 'Ready')?.status === 'True');
  check(seen().length === 0, 'policies were written although nothing had changed');
  terminal.ok('taken back', 'nothing had changed, so nothing was written');
}

/** Long enough for a removal to be seen if there were one. */
const HOLD_LOOK_MS = 500;
const selectorPatch = (tier: string | null): string => JSON.stringify({ spec: { namespaceSelector: { matchLabels: { tier } } } });

async function numbers(show: Show, before: readonly Series[]): Promise<void> {
  const { terminal, operator } = show;
  await terminal.section('In numbers');
  const after = await scrapeUntil(show, 'three deletions repaired', (series) => sumOf(series, 'netpol_baseline_drift_repaired_total', { change: 'deleted' }) === 3);
  check(covered(after, 'protected') > covered(before, 'protected'), 'no namespace became protected');
  check(covered(after, 'exempt') === 1 && covered(after, 'exempt', 'Egress') === 1, 'the exempt namespace is not counted as such');
  terminal.say(`${operator.url}/metrics, netpol_baseline_coverage_namespaces:`);
  terminal.blank();
  const cells = (coverage: string): string[] => [
    coverage, ...['Ingress', 'Egress'].map((direction) => `${covered(before, coverage, direction)} → ${String(covered(after, coverage, direction)).padStart(2)}`),
  ];
  terminal.table(
    [{ header: 'coverage', width: 16 }, { header: 'Ingress', width: 12, align: 'right' }, { header: 'Egress', width: 12, align: 'right' }],
    ['protected', 'unprotected', 'exempt', 'audited', 'excluded'].map(cells),
  );
  terminal.blank();
  const value = (name: string, labels: Record<string, string> = {}): string => String(sumOf(after, name, labels));
  terminal.table([{ header: 'since the start', width: 56 }, { header: '', width: 5, align: 'right' }], [
    ['netpol_baseline_policy_writes_total{action="create"}', value('netpol_baseline_policy_writes_total', { action: 'create', result: 'done' })],
    ['netpol_baseline_policy_writes_total{action="update"}', value('netpol_baseline_policy_writes_total', { action: 'update', result: 'done' })],
    ['netpol_baseline_policy_writes_total{action="remove"}', value('netpol_baseline_policy_writes_total', { action: 'remove', result: 'done' })],
    ['netpol_baseline_drift_repaired_total{change="modified"}', value('netpol_baseline_drift_repaired_total', { change: 'modified' })],
    ['netpol_baseline_drift_repaired_total{change="deleted"}', value('netpol_baseline_drift_repaired_total', { change: 'deleted' })],
  ]);
}

interface EventList {
  readonly items: readonly {
    readonly type: string; readonly reason: string; readonly note?: string; readonly reportingController?: string; readonly eventTime?: string;
    readonly regarding: { readonly kind: string; readonly name: string; readonly namespace?: string };
  }[];
}

const REPORTER = 'netbaseline.io/namespace-policy-baseline';

async function events(show: Show): Promise<void> {
  const { terminal, stage } = show;
  await terminal.section('And what it told the cluster: events');
  const namespaces = [...new Set(['default', ...selectedNamespaces(show)])]; // those about a baseline are in default
  for (const wanted of ['BaselineApplied', 'DriftDetected', 'IsolationOverridden', 'RemovalsHeld']) {
    const event = await found(show, namespaces, ({ reason, regarding }) => reason === wanted && (regarding.kind !== 'NamespacePolicyBaseline' || regarding.name === stage.baseline.name));
    check(event !== undefined, `there is no event ${wanted}`);
    const { kind, name, namespace } = event.regarding;
    terminal.fact(event.reason, `${kind} ${namespace === undefined || kind === 'NamespacePolicyBaseline' ? '' : `${namespace}/`}${name}: ${event.note ?? ''}`);
  }
}

const EVENT_TRIES = 20;
const EVENT_WAIT_MS = 250;

/** The first of ours: an event is sent after what it tells, and may take a moment. */
async function found({ api, signal }: Show, namespaces: readonly string[], isWanted: (event: EventList['items'][number]) => boolean): Promise<EventList['items'][number] | undefined> {
  for (let tries = 0; tries < EVENT_TRIES; tries += 1) {
    for (const namespace of namespaces) {
      const { items = [] } = await api.get<EventList>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`) ?? {};
      const event = items.filter(({ reportingController }) => reportingController === REPORTER).toSorted((a, b) => (a.eventTime ?? '').localeCompare(b.eventTime ?? '')).find(isWanted);
      if (event !== undefined) return event;
    }
    await sleep(EVENT_WAIT_MS, undefined, { signal });
  }
  return undefined;
}
