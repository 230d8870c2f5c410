/**
 * `npb audit`: how isolated each namespace really is, and why not more, from a cluster or from files. Writes nothing, and needs
 * neither the operator nor its CRD.
 *
 * Promises: the data on stdout, everything else on stderr; 0 when nothing is found at or above --fail-on, 1 when something is,
 * 2 when it cannot be said.
 */
import { auditSnapshot } from '../analyze/audit/audit.ts';
import type { Audit } from '../analyze/audit/result.ts';
import { objectsOf, type Snapshot } from '../analyze/snapshot.ts';
import { WORLD_KINDS } from '../analyze/world.ts';
import { systemClock } from '../control/clock.ts';
import type { KindName } from '../kube/kinds.ts';
import { auditJunit, auditSarif, isFailure, type FailOn } from './audit/ci.ts';
import { auditDocument } from './audit/document.ts';
import { auditPage, PAGE_TOP, type AuditPageOptions } from './audit/page.ts';
import { auditMarkdown, auditText, summaryLines } from './audit/text.ts';
import { EXIT, SourceError, UsageError, type Command, type CommandOption, type Flags } from './command.ts';
import { evaluationOptions, IP_BLOCK_OPTION } from './ip-block.ts';
import { safe } from './output/cell.ts';
import { toJson } from './output/json.ts';
import { outputOf, outputOptions, type Output } from './output/output.ts';
import { toYaml } from './output/yaml.ts';
import { scopeOf } from './sources/scope.ts';
import { loadSnapshot, SCOPE_OPTIONS, SOURCE_OPTIONS } from './sources/source.ts';
import { SYSTEM_NAMESPACES_OPTION, systemNamespacesOf } from './sources/system-namespaces.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'markdown', 'html', 'junit', 'sarif'] as const;
const AUDITED_KINDS: readonly KindName[] = [...WORLD_KINDS, 'NamespacePolicyBaseline'];
const DEFAULT_TOP = 20;

const GROUP = 'Audit';
const OPTIONS: readonly CommandOption[] = [
  { flag: 'fail-on', value: 'LEVEL', completes: ['none', 'warn', 'fail'], group: GROUP, help: 'Exit with 1 if a namespace has this level or a worse one: fail, warn, or none for never (default: fail).' },
  { flag: 'exit-zero', group: GROUP, help: 'Exit with 0 whatever is found; the same as --fail-on none, but JUnit shows failures all the same.' },
  { flag: 'top', value: 'N', group: GROUP, help: `Show the N worst namespaces in tables, Markdown and HTML, 0 for all (default: ${DEFAULT_TOP}, in HTML ${PAGE_TOP}). The formats for programs have all of them.` },
  { flag: 'include-system', group: GROUP, help: 'Tell about system namespaces, too. They never fail for being open.' },
  { ...IP_BLOCK_OPTION, group: GROUP, help: 'Whether the ipBlock of a policy matches the addresses of pods: yes with Calico, Antrea and OVN-Kubernetes, no with Cilium. Otherwise the weaker class of both counts (default: unknown).' },
];

export const auditCommand: Command = {
  name: 'audit',
  summary: 'Say how isolated each namespace really is, and which policy is to blame',
  description: 'Looks at what all policies of a cluster, or of manifests, together let through, and says for each namespace and direction whether it is isolated, which policy defeats a '
    + 'default-deny, and which policies contain a mistake, each with what would put it right. Writes nothing; needs neither the operator nor its CRD.',
  options: [...SOURCE_OPTIONS, ...SCOPE_OPTIONS, ...OPTIONS, SYSTEM_NAMESPACES_OPTION, ...outputOptions(FORMATS)],
  epilogue: (calledAs) => [
    'Exit codes: 0 nothing at or above --fail-on, 1 something, 2 the cluster or the files cannot be read.',
    '',
    'Examples:',
    `  ${calledAs} audit`,
    `  ${calledAs} audit -l team=payments -o wide`,
    `  helm template my-chart | ${calledAs} audit -f - --fail-on warn`,
    `  ${calledAs} audit -f deploy/ -o sarif > audit.sarif`,
    `  ${calledAs} audit -o html > audit.html`,
    '',
    'It reads namespaces, pods, services, nodes, NetworkPolicies and, where they exist, policies of other kinds. What may',
    'not be read is said, and what depends on it is unknown. docs/coverage.md explains every class and finding.',
  ].join('\n'),
  async run(host, flags) {
    const output = outputOf(host, flags, FORMATS);
    const settings = settingsOf(flags);
    const evaluation = evaluationOptions(flags);
    const systemNamespaces = systemNamespacesOf(host, flags);
    const scope = scopeOf(flags);
    const snapshot = await loadSnapshot(host, flags, AUDITED_KINDS);
    mustHaveRead(snapshot);
    const nowMs = systemClock.wallMs();
    const audit = auditSnapshot(snapshot, {
      ...evaluation, systemNamespaces, includes: scope.includes, nowMs,
      includeSystem: settings.includeSystem || (scope.namespace !== undefined && systemNamespaces.has(scope.namespace)),
    });
    if (audit.namespaces.length === 0 && (scope.namespace !== undefined || audit.summary.systemLeftOut === 0)) throw new SourceError(missingText(scope.namespace, snapshot, flags));
    for (const note of audit.unusable.map(unusableText)) host.stderr.write(`${note}\n`);
    await output.write(rendered(audit, output, settings, { cluster: clusterOf(snapshot), nowMs }));
    if (!TELLS_ITSELF.has(output.format)) host.stderr.write(`${summaryLines(audit).join('\n')}\n`);
    const isFound = audit.namespaces.some(({ level }) => level !== 'OK' && isFailure(level, settings.failOn));
    return isFound && !settings.exitZero ? EXIT.findings : EXIT.ok;
  },
};

/** Formats that end with the summary. */
const TELLS_ITSELF: ReadonlySet<string> = new Set(['table', 'wide', 'markdown']);

function rendered(audit: Audit, { format, style }: Output<(typeof FORMATS)[number]>, { top, failOn }: Settings, page: Pick<AuditPageOptions, 'cluster' | 'nowMs'>): string {
  switch (format) {
    case 'table': case 'wide': return auditText(audit, { style, top: top ?? DEFAULT_TOP });
    case 'json': return toJson(auditDocument(audit));
    case 'yaml': return toYaml(auditDocument(audit));
    case 'markdown': return auditMarkdown(audit, top ?? DEFAULT_TOP);
    case 'html': return auditPage(audit, { top: top ?? PAGE_TOP, ...page });
    case 'junit': return auditJunit(audit, failOn);
    case 'sarif': return toJson(auditSarif(audit));
  }
}

/** The uid of kube-system is that of its cluster, as far as anything is. */
function clusterOf(snapshot: Snapshot): string | undefined {
  return objectsOf(snapshot, 'Namespace').find(({ object: { metadata } }) => metadata.name === 'kube-system')?.object.metadata.uid;
}

/** Without these two nothing can be said of any namespace. */
function mustHaveRead({ from, unread }: Snapshot): void {
  const missing = unread.filter(({ kind }) => kind === 'Namespace' || kind === 'NetworkPolicy');
  if (missing.length > 0) throw new SourceError(`${from}: an audit needs all namespaces and NetworkPolicies.\n${missing.map(({ why }) => why).join('\n')}`);
}

function unusableText({ name, why, file, line }: Audit['unusable'][number]): string {
  return safe(`${file === undefined ? '' : `${file}:${line}: `}baseline ${name} cannot be used, so its exemptions do not count: ${why}`);
}

/** Nothing that was looked at is no good news. */
function missingText(namespace: string | undefined, { source, from }: Snapshot, { selector }: Flags): string {
  if (namespace === undefined) {
    const isHere = source === 'cluster' ? 'is there' : 'is there, or has anything in it';
    return selector === undefined ? `${from}: there is nothing to audit: no namespace ${isHere}` : `${from}: there is nothing to audit: no namespace with labels ${JSON.stringify(selector)} ${isHere}`;
  }
  const also = selector === undefined ? '' : ` with labels ${JSON.stringify(selector)}`;
  return source === 'cluster' ? `${from}: there is no namespace ${JSON.stringify(namespace)}${also}, or it is on its way out` : `${from}: nothing is in a namespace ${JSON.stringify(namespace)}${also}`;
}

interface Settings {
  readonly failOn: FailOn;
  readonly exitZero: boolean;
  /** As typed; 0 is all of them. */
  readonly top: number | undefined;
  readonly includeSystem: boolean;
}

function settingsOf(flags: Flags): Settings {
  return {
    failOn: oneOf(flags, 'fail-on', ['fail', 'warn', 'none']),
    exitZero: flags['exit-zero'] !== undefined,
    top: topOf(flags['top']),
    includeSystem: flags['include-system'] !== undefined,
  };
}

/** The first is the default. */
function oneOf<T extends string>(flags: Flags, flag: string, values: readonly [T, ...T[]]): T {
  const typed = flags[flag] ?? values[0];
  const found = values.find((value) => value === typed);
  if (found === undefined) throw new UsageError(`--${flag} is ${JSON.stringify(typed)}: expected ${values.slice(0, -1).join(', ')} or ${values.at(-1)}`);
  return found;
}

function topOf(typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  if (!/^\d{1,6}$/.test(typed)) throw new UsageError(`--top is ${JSON.stringify(typed)}: expected a number, 0 for all namespaces`);
  return Number(typed);
}
