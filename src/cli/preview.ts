/**
 * `npb preview`: what applying a baseline would do to a cluster, or to what manifests describe, and what of that which is
 * needed it would cut. Writes nothing but, where it is asked to, a file.
 *
 * Promises: the data on stdout, everything else on stderr; 0 when nothing that is needed would be cut, 1 when something
 * would, 2 when it cannot be said.
 */
import { writeFile } from 'node:fs/promises';
import { NEED_SOURCES } from '../analyze/needs/needs.ts';
import { within } from '../analyze/preview/counts.ts';
import { previewedBaseline } from '../analyze/preview/previewed.ts';
import { previewOf, type Preview } from '../analyze/preview/preview.ts';
import { objectsOf, type KubeObject, type Snapshot, type Sourced } from '../analyze/snapshot.ts';
import { namespacesOf, VIEW_KINDS, WORLD_KINDS } from '../analyze/world.ts';
import { systemClock } from '../control/clock.ts';
import type { KindName } from '../kube/kinds.ts';
import { EXIT, SourceError, type Command, type CommandOption, type Flags, type Host } from './command.ts';
import { evaluationOptions, IP_BLOCK_OPTION } from './ip-block.ts';
import { toJson } from './output/json.ts';
import { outputOf, outputOptions, type Output } from './output/output.ts';
import { toYaml, toYamlDocuments } from './output/yaml.ts';
import { BASELINE_OPTION, loadBaselines, loadSurroundings, mustHaveRead } from './preview/baselines.ts';
import { previewDocument } from './preview/document.ts';
import { previewMarkdown, previewText, summaryLines } from './preview/text.ts';
import { scopeOf, type Scope } from './sources/scope.ts';
import { CLUSTER_OPTIONS, MANIFESTS_OPTION, SCOPE_OPTIONS } from './sources/source.ts';
import { SYSTEM_NAMESPACES_OPTION, systemNamespacesOf } from './sources/system-namespaces.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'markdown'] as const;
const KINDS: readonly KindName[] = [...WORLD_KINDS, ...VIEW_KINDS, ...NEED_SOURCES];

const OPTIONS: readonly CommandOption[] = [
  { flag: 'suggest', value: 'FILE', completes: 'file', group: 'Preview', help: 'Also write the baseline with the suggested policies to this file; with - to stdout, instead of the preview.' },
  { flag: 'exit-zero', group: 'Preview', help: 'Exit with 0 whatever would be cut.' },
];

export const previewCommand: Command = {
  name: 'preview',
  summary: 'Show what a baseline would create, change and delete, and what it would cut',
  description: 'Plans a baseline over a cluster, or over manifests, exactly as the operator does, and says for each namespace which policies it would create, change, delete or hold. '
    + 'Then says what of that which the cluster needs the new policies would cut, and which policies would keep it. What is needed is read from objects that say so: webhooks, aggregated '
    + 'APIs, Ingresses, Gateway routes, published Services, monitors and scrape annotations, DNS, pods with rights on the API, Services named in variables and arguments. Writes nothing.',
  options: [BASELINE_OPTION, SYSTEM_NAMESPACES_OPTION, MANIFESTS_OPTION, ...CLUSTER_OPTIONS, ...SCOPE_OPTIONS, ...OPTIONS, IP_BLOCK_OPTION, ...outputOptions(FORMATS)],
  epilogue: (calledAs) => [
    'Exit codes: 0 nothing that is needed would be cut, 1 something would, 2 the baseline, the cluster or the',
    'files cannot be read.',
    '',
    'Examples:',
    `  ${calledAs} preview -f baseline.yaml`,
    `  ${calledAs} preview -f baseline.yaml -l team=payments -o wide`,
    `  ${calledAs} preview -f baseline.yaml --suggest baseline-with-allows.yaml`,
    `  helm template my-chart | ${calledAs} preview -f baseline.yaml --manifests -`,
    '',
    'Only what objects say is found: connections to addresses, and to Services that a ConfigMap or a Secret names, are not.',
  ].join('\n'),
  async run(host, flags) {
    const output = outputOf(host, flags, FORMATS);
    const options = evaluationOptions(flags);
    const systemNamespaces = systemNamespacesOf(host, flags);
    const scope = scopeOf(flags);
    const files = await loadBaselines(host, flags);
    const snapshot = await loadSurroundings(host, flags, KINDS);
    mustHaveRead(snapshot, VIEW_KINDS);
    mustHaveRead(snapshot, ['Pod', 'Service'], 'what would be cut can be said only with all pods and Services');
    const nowMs = systemClock.wallMs();
    const live = new Map(objectsOf(snapshot, 'NamespacePolicyBaseline').map(({ object }) => [object.metadata.name, object]));
    const whole = previewOf({ snapshot, baselines: files.map(({ object }) => previewedBaseline(object, live.get(object.metadata.name), nowMs)), systemNamespaces, nowMs, options });
    const preview = inScope(whole, snapshot, scope);
    await show(preview, { snapshot, output, host, flags, files });
    return preview.cuts.length > 0 && flags['exit-zero'] === undefined ? EXIT.findings : EXIT.ok;
  },
};

/** All of it where -n and -l say nothing. */
function inScope(preview: Preview, snapshot: Snapshot, scope: Scope): Preview {
  const all = namespacesOf(snapshot);
  const wanted = new Set(all.filter((namespace) => scope.includes(namespace)).map(({ name }) => name));
  if (scope.namespace !== undefined && wanted.size === 0) throw new SourceError(`${snapshot.from}: there is no namespace ${JSON.stringify(scope.namespace)}`);
  return wanted.size === all.length ? preview : within(preview, (name) => wanted.has(name));
}

interface Shown { readonly snapshot: Snapshot; readonly output: Output<(typeof FORMATS)[number]>; readonly host: Host; readonly flags: Flags; readonly files: readonly Sourced[] }

async function show(preview: Preview, { snapshot, output, host, flags, files }: Shown): Promise<void> {
  const target = flags['suggest'];
  const suggested = target === undefined ? '' : toYamlDocuments(files.map(({ object }) => withSuggestions(object, preview)));
  if (target !== undefined && target !== '-') await written(target, suggested);
  await output.write(target === '-' ? suggested : rendered(preview, snapshot, output));
  const tellsItself = target !== '-' && (output.format === 'table' || output.format === 'wide' || output.format === 'markdown');
  if (!tellsItself) host.stderr.write(`${summaryLines(preview, snapshot).join('\n')}\n`);
}

function rendered(preview: Preview, snapshot: Snapshot, { format, style }: Output<(typeof FORMATS)[number]>): string {
  switch (format) {
    case 'table': case 'wide': return previewText(preview, snapshot, style);
    case 'markdown': return previewMarkdown(preview, snapshot);
    case 'json': return toJson(previewDocument(preview, snapshot));
    case 'yaml': return toYaml(previewDocument(preview, snapshot));
  }
}

/** As it was written, and the policies at the end of `spec.policies`. */
function withSuggestions(object: KubeObject, { suggestions: { baseline, policies } }: Preview): KubeObject {
  if (object.metadata.name !== baseline || policies.length === 0) return object;
  const spec = (object['spec'] ?? {}) as { readonly policies?: readonly unknown[] | null };
  return { ...object, spec: { ...spec, policies: [...spec.policies ?? [], ...policies] } };
}

async function written(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (error) {
    throw new SourceError(`--suggest ${path}: cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
