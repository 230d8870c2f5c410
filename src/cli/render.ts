/**
 * `npb render`: the policies that the operator would write into a namespace, as YAML or JSON, for GitOps without an
 * operator. Asks no cluster unless it is told to; writes nothing.
 *
 * Promises: objects on stdout, in an order in which they can be applied; everything else on stderr.
 */
import { renderNamespace } from '../analyze/preview/rendering.ts';
import { previewedBaseline } from '../analyze/preview/previewed.ts';
import { objectsOf, type KubeObject, type Snapshot, type Sourced } from '../analyze/snapshot.ts';
import { baselinesOf, namespaceViewsOf, VIEW_KINDS } from '../analyze/world.ts';
import { systemClock } from '../control/clock.ts';
import type { WireNetworkPolicy } from '../kube/objects.ts';
import type { NamespaceView } from '../plan/view.ts';
import { EXIT, UsageError, valuesOf, type Command, type CommandOption, type Flags, type Host } from './command.ts';
import { toJson } from './output/json.ts';
import { safe } from './output/cell.ts';
import { outputOf, outputOptions } from './output/output.ts';
import { toYamlDocuments } from './output/yaml.ts';
import { BASELINE_OPTION, loadBaselines, loadSurroundings, mustHaveRead } from './preview/baselines.ts';
import { parseSelector, scopeOf, type Scope } from './sources/scope.ts';
import { CLUSTER_OPTIONS, MANIFESTS_OPTION } from './sources/source.ts';
import { SYSTEM_NAMESPACES_OPTION, systemNamespacesOf } from './sources/system-namespaces.ts';

const FORMATS = ['yaml', 'json'] as const;

const OPTIONS: readonly CommandOption[] = [
  { flag: 'namespace', short: 'n', value: 'NAME', repeatable: true, group: 'Namespaces', help: 'Render for this namespace; it need not exist. May be given several times.' },
  { flag: 'labels', value: 'LABELS', group: 'Namespaces', help: 'Labels that these namespaces have, for example team=a,tier=gold. Added to those that --live or --manifests knows.' },
  { flag: 'selector', short: 'l', value: 'SELECTOR', group: 'Namespaces', help: 'Render for those namespaces that --live or --manifests knows with these labels, for example team=a,env!=dev.' },
  { flag: 'live', group: 'Source', help: 'Take namespaces with their labels, other baselines, and policies that are in the way from the cluster. Meant where --kubeconfig or --context is given.' },
];

export const renderCommand: Command = {
  name: 'render',
  summary: 'Print the policies that a baseline means for a namespace, as YAML',
  description: 'Prints the very objects that the operator would write into a namespace: with its labels and annotations, and every default spelled out. They can be kept in Git and applied by '
    + 'whatever applies it; an operator that is installed later takes them over without a write. Asks no cluster, unless --live says so.',
  options: [BASELINE_OPTION, SYSTEM_NAMESPACES_OPTION, ...OPTIONS.slice(0, 3), MANIFESTS_OPTION, ...OPTIONS.slice(3),
    ...CLUSTER_OPTIONS, ...outputOptions(FORMATS).filter(({ flag }) => flag === 'output')],
  epilogue: (calledAs) => [
    'Why a namespace gets nothing, or a policy is left out, is said on stderr; that is no error.',
    'Exit codes: 0 rendered, 2 the baseline, the cluster or the files cannot be read.',
    '',
    'Examples:',
    `  ${calledAs} render -f baseline.yaml -n shop --labels team=a > shop/policies.yaml`,
    `  ${calledAs} render -f baseline.yaml --manifests namespaces/ | kubectl apply --server-side -f -`,
    `  ${calledAs} render -f baseline.yaml --live -l team=payments -o json`,
  ].join('\n'),
  async run(host, flags) {
    const output = outputOf(host, flags, FORMATS);
    const names = valuesOf(flags, 'namespace');
    const source = sourceOf(flags);
    if (names.length === 0 && source === 'nothing') throw new UsageError('for which namespace? Name it with -n; or name manifests with --manifests, or the cluster with --live, for all that are there');
    const bad = names.find((name) => !NAMESPACE_NAME.test(name));
    if (bad !== undefined) throw new UsageError(`--namespace is ${JSON.stringify(bad)}: no namespace can be called so`);
    const scope = scopeOf({ selector: flags['selector'] });
    const systemNamespaces = systemNamespacesOf(host, flags);
    const labels = labelsIn(flags['labels']);
    const files = await loadBaselines(host, flags);
    const known = source === 'nothing' ? NOTHING : await loadSurroundings(host, { ...flags, namespace: undefined, selector: undefined }, VIEW_KINDS);
    mustHaveRead(known, VIEW_KINDS);
    const views = viewsOf(withNamespaces(known, names, labels), files, { systemNamespaces, nowMs: systemClock.wallMs() });
    const policies = views.filter(({ namespace }) => isWanted(namespace, names, scope)).flatMap((view) => rendered(host, view, names.length > 0));
    if (policies.length > 0) await output.write(output.format === 'json' ? toJson({ apiVersion: 'v1', kind: 'List', items: policies }) : toYamlDocuments(policies));
    return EXIT.ok;
  },
};

const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function sourceOf(flags: Flags): 'nothing' | 'manifests' | 'cluster' {
  const isLive = ['live', 'kubeconfig', 'context'].some((flag) => flags[flag] !== undefined);
  const hasManifests = flags['manifests'] !== undefined;
  if (isLive && hasManifests) throw new UsageError('--manifests and the cluster (--live, --kubeconfig, --context) exclude each other: give one of them');
  return isLive ? 'cluster' : hasManifests ? 'manifests' : 'nothing';
}

const NOTHING: Snapshot = { source: 'files', from: 'the command line', objects: new Map(), unread: [] };

/** `a=b,c=d`, as `kubectl label` takes them one by one. */
function labelsIn(typed = ''): Readonly<Record<string, string>> {
  const { matchExpressions = [] } = parseSelector(typed);
  const bad = matchExpressions.find(({ operator, values = [] }) => operator !== 'In' || values.length !== 1);
  if (bad !== undefined) throw new UsageError(`--labels is ${JSON.stringify(typed)}: ${bad.key} has no value; expected for example team=a,tier=gold`);
  return Object.fromEntries(matchExpressions.map(({ key, values = [] }) => [key, values[0] ?? '']));
}

/** What is known of namespaces, with those that were named and the labels that were. */
function withNamespaces(snapshot: Snapshot, names: readonly string[], labels: Readonly<Record<string, string>>): Snapshot {
  const found = objectsOf(snapshot, 'Namespace');
  const known = new Set(found.map(({ object }) => object.metadata.name));
  const all: readonly Sourced[] = [...found, ...names.filter((name) => !known.has(name)).map((name) => ({ object: namespaceObject(name), origin: undefined }))];
  const labelled = all.map((one) => (names.length === 0 || names.includes(one.object.metadata.name) ? { ...one, object: withLabels(one.object, labels) } : one));
  return { ...snapshot, objects: new Map([...snapshot.objects, ['Namespace', labelled]]) };
}

function namespaceObject(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function withLabels(object: KubeObject, labels: Readonly<Record<string, string>>): KubeObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } };
}

function viewsOf(snapshot: Snapshot, files: readonly Sourced[], facts: { readonly systemNamespaces: ReadonlySet<string>; readonly nowMs: number }): readonly NamespaceView[] {
  const live = new Map(objectsOf(snapshot, 'NamespacePolicyBaseline').map(({ object }) => [object.metadata.name, object]));
  const records = files.map(({ object }) => previewedBaseline(object, live.get(object.metadata.name), facts.nowMs).record);
  const all = new Map([...baselinesOf(snapshot), ...records].map((record) => [record.name, record]));
  return namespaceViewsOf(snapshot, { ...facts, baselines: [...all.values()] });
}

function isWanted(namespace: NamespaceView['namespace'], names: readonly string[], scope: Scope): boolean {
  return (names.length === 0 || names.includes(namespace.name)) && scope.includes(namespace);
}

/** What is left out of a namespace is said; that it gets nothing, only where it was asked for by name. */
function rendered({ stderr }: Host, view: NamespaceView, isNamed: boolean): readonly WireNetworkPolicy[] {
  const { policies, notes } = renderNamespace(view);
  const told = policies.length > 0 || isNamed || view.policies.size > 0 ? notes : [];
  for (const note of told) stderr.write(`${safe(`${view.namespace.name}: ${note}`)}\n`);
  return policies;
}
