/**
 * What a `Report` of openreports.io says of a namespace: the facts of status and metrics, a row for each rule.
 *
 * Never says when, and holds no number that changes by itself, so that nothing is written while nothing changes.
 */
import { DEFAULT_DENY, PRODUCT } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { clip } from '../api/text.ts';
import type { ReportContent, ReportResult, ReportRow } from '../kube/open-reports.ts';
import { claimsNames, type Scoped } from './claims.ts';
import type { CompiledExemption } from './compile.ts';
import { defeatText, type IsolationKnowledge, type NamespaceEffect } from './effect.ts';
import type { NamespacePlan } from './plan.ts';
import { reportOn, type NamespaceReport } from './report.ts';
import { verdictsOnNames, type NamespaceFacts, type State } from './verdict.ts';
import type { NamespaceView } from './view.ts';

export interface ReportInput {
  readonly view: NamespaceView;
  readonly plan: NamespacePlan;
  readonly facts: NamespaceFacts;
  readonly isolation: IsolationKnowledge;
  /** Absent where nothing is known. */
  readonly effect: NamespaceEffect | undefined;
}

/** Two baselines at the limits of the schema; of more, the worst are reported. */
export const MAX_RESULTS = 100;
const MESSAGE_LIMIT = 512;
const OWNER_LIMIT = 128;

/** `undefined` where nothing is reported: no baseline, a namespace on its way out, and one that is out of reach of baselines. */
export function openReport(input: ReportInput): ReportContent | undefined {
  const { view: { namespace }, plan } = input;
  const report = reportOn(input.view, plan, input.facts);
  if (report.coverage === undefined || plan.scopes.length === 0 || DIRECTIONS.every((direction) => report.coverage?.[direction] === 'excluded')) return undefined;
  const rows = [...denyRows(plan, report), ...isolationRows(input, report), ...nameRows(input), ...driftRows(plan, report), ...leftoverRows(report)];
  const results = rows.map((row) => finished(row, report)).sort((a, b) => order(a, b)).slice(0, MAX_RESULTS);
  return {
    source: PRODUCT, scope: { apiVersion: 'v1', kind: 'Namespace', name: namespace.name, uid: namespace.uid },
    configuration: { limits: { maxResults: MAX_RESULTS } }, summary: summaryOf(results), results,
  };
}

type Row = Pick<ReportRow, 'policy' | 'rule' | 'severity' | 'result' | 'message'> & { readonly more?: Readonly<Record<string, string>> };
type Known = NamespaceReport & { readonly coverage: NonNullable<NamespaceReport['coverage']> };
const coverageIn = (report: NamespaceReport, direction: Direction) => (report as Known).coverage[direction];

function denyRows(plan: NamespacePlan, report: NamespaceReport): Row[] {
  return DIRECTIONS.map((direction): Row => {
    const rule = `default-deny-${direction.toLowerCase()}`;
    const enforcing = [...report.enforced].find(([, directions]) => directions.includes(direction))?.[0];
    const selecting = plan.scopes.find(({ scope }) => scope.kind === 'Selected')?.baseline.name;
    const row = { policy: enforcing ?? selecting ?? NO_BASELINE, rule, severity: 'high' } as const;
    switch (coverageIn(report, direction)) {
      case 'protected': return { ...row, result: 'pass', message: `a default-deny for ${direction} selects every pod` };
      case 'audited': return { ...row, result: 'warn', message: `${direction} is only audited: no default-deny is written` };
      case 'exempt': return { ...row, ...exemptRow(plan, direction) };
      case 'excluded': return { ...row, result: 'skip', message: 'no baseline applies here' };
      case 'unprotected': return { ...row, result: 'fail', message: whyUnprotected(direction, enforcing, report) };
    }
  });
}
/** `policy` must not be empty. Cannot be the name of a baseline. */
const NO_BASELINE = '(none)';

function exemptRow(plan: NamespacePlan, direction: Direction): Pick<Row, 'policy' | 'result' | 'message' | 'more'> {
  const found = plan.scopes.flatMap(({ baseline, scope }) => exemptionIn({ baseline, scope }, direction))[0];
  if (found === undefined) return { policy: NO_BASELINE, result: 'skip', message: 'exempt' };
  const { reason, expiresAtMs } = found.exemption;
  const more = Number.isFinite(expiresAtMs) ? { exemptUntil: new Date(expiresAtMs).toISOString() } : undefined;
  return { policy: found.policy, result: 'skip', message: `exempt: ${reason}`, ...(more !== undefined && { more }) };
}

function exemptionIn({ baseline, scope }: Scoped, direction: Direction): { policy: string; exemption: CompiledExemption }[] {
  const exemption = scope.kind === 'Selected' && claimsNames(baseline) ? scope.exempt.get(direction) : undefined;
  return exemption === undefined ? [] : [{ policy: baseline.name, exemption }];
}

function whyUnprotected(direction: Direction, enforcing: string | undefined, { verdicts }: NamespaceReport): string {
  if (enforcing === undefined) return `no baseline isolates ${direction}`;
  const { message = '' } = verdicts.get(enforcing) ?? {};
  return `there is no default-deny for ${direction}${message === '' ? '' : `: ${message}`}`;
}

/** Whether something is really kept out, by all policies together. Nothing is said where nobody looks. */
function isolationRows({ isolation, effect, plan }: ReportInput, report: NamespaceReport): Row[] {
  if (isolation.kind === 'Off' || isolation.kind === 'Starting') return [];
  const policy = plan.scopes.find(({ scope }) => scope.kind === 'Selected')?.baseline.name ?? NO_BASELINE;
  return DIRECTIONS.map((direction): Row => {
    const row = { policy, rule: `isolated-${direction.toLowerCase()}`, severity: 'high' } as const;
    if (isolation.kind === 'Unknown') return { ...row, result: 'skip', message: `what is really isolated is not known: ${isolation.why}` };
    if (effect === undefined) return { ...row, result: 'skip', message: 'what is really isolated is not known yet' };
    const { isolated, defeat, unknownBy } = effect[direction];
    if (unknownBy !== undefined) return { ...row, result: 'warn', message: `what ${direction.toLowerCase()} lets through is not known: ${unknownBy} is not evaluated` };
    if (isolated) return { ...row, result: 'pass', message: `every pod is isolated for ${direction}, by all policies together` };
    const coverage = coverageIn(report, direction);
    if (coverage === 'exempt' || coverage === 'excluded') return { ...row, result: 'skip', message: `${direction} is open, and exempt` };
    return { ...row, result: coverage === 'audited' ? 'warn' : 'fail', message: defeat === undefined ? `${direction} is open: no policy isolates every pod` : defeatText([direction], effect) };
  });
}

const RESULT_OF: Readonly<Partial<Record<State, ReportResult>>> = { protected: 'pass', pending: 'warn', drifted: 'fail', conflicted: 'fail', failed: 'error' };

/** The policies beside default-deny, each by its name. */
function nameRows({ plan, facts }: ReportInput): Row[] {
  return plan.scopes.flatMap(({ baseline }) => verdictsOnNames(baseline, plan, facts).filter(([name]) => name !== DEFAULT_DENY).map(([rule, { state, message }]): Row => ({
    policy: baseline.name, rule, severity: 'medium', result: RESULT_OF[state] ?? 'skip', message: message === '' ? `${rule} is in place` : message,
  })));
}

function driftRows(plan: NamespacePlan, report: NamespaceReport): Row[] {
  return plan.scopes.filter(({ baseline }) => report.enforced.has(baseline.name)).map(({ baseline: { name } }): Row => {
    const drifted = report.drifted.filter(({ baseline }) => baseline === name).map(({ template }) => template);
    return { policy: name, rule: 'drift', severity: 'medium', result: drifted.length === 0 ? 'pass' : 'fail', message: drifted.length === 0 ? 'every policy is as it was written' : `changed by somebody: ${drifted.join(', ')}` };
  });
}

function leftoverRows({ leftovers }: NamespaceReport): Row[] {
  return leftovers.map(({ baseline, policy, reason }): Row => ({ policy: baseline, rule: 'leftover', severity: 'medium', result: 'warn', message: `${policy.name} is still there: ${reason}` }));
}

/** Of CIS Kubernetes Benchmark and of the NSA/CISA Kubernetes Hardening Guide. Supporting evidence, not an attestation. */
const CONTROLS = { cis: 'CIS Kubernetes Benchmark 5.3.2', nsa: 'NSA/CISA Kubernetes Hardening Guide: network policies, default deny' };
const EVIDENCE = /^(default-deny|isolated)-/;

function finished({ more, message, ...row }: Row, { owner }: NamespaceReport): ReportRow {
  const properties = { ...(owner === '' ? {} : { owner: clip(owner, OWNER_LIMIT) }), ...(EVIDENCE.test(row.rule) ? CONTROLS : {}), ...more };
  return { ...row, category: 'Network Segmentation', message: clip(message, MESSAGE_LIMIT), scored: row.result !== 'skip', properties };
}

const RANK: Readonly<Record<ReportResult, number>> = { fail: 0, error: 1, warn: 2, skip: 3, pass: 4 };

/** Worst first, then by name. */
function order(a: ReportRow, b: ReportRow): number {
  const [left, right] = [`${a.rule} ${a.policy} ${a.message}`, `${b.rule} ${b.policy} ${b.message}`];
  return RANK[a.result] - RANK[b.result] || (left < right ? -1 : Number(left > right));
}

function summaryOf(rows: readonly ReportRow[]): ReportContent['summary'] {
  const summary = { fail: 0, error: 0, warn: 0, skip: 0, pass: 0 };
  for (const { result } of rows) summary[result] += 1;
  return summary;
}
