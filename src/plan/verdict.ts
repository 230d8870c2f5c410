/**
 * The state of a namespace for one baseline: exclusive, the first that applies, the same word everywhere.
 */
import { DEFAULT_DENY } from '../api/names.ts';
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { claimsNames, type Claim } from './claims.ts';
import type { CompiledBaseline, CompiledExemption } from './compile.ts';
import type { LeaveReason } from './decide.ts';
import { describeDifferences } from './drift.ts';
import { permittedPart } from './part.ts';
import type { NamespacePlan, PlannedName } from './plan.ts';
import type { Scope } from './selection.ts';
import { nameOf } from './writes.ts';

export const STATES = [
  'terminating', 'excluded', 'unselected', 'exempt', 'audited', 'failed', 'conflicted', 'drifted', 'pending', 'protected',
] as const;
export type State = (typeof STATES)[number];

/** States of a namespace that a baseline selects: all that is counted in its status. */
export const SELECTED: ReadonlySet<State> = new Set(['exempt', 'audited', 'failed', 'conflicted', 'drifted', 'pending', 'protected']);

/** States in which the policies of a namespace are not as they should be. */
export const NEEDS_ATTENTION: ReadonlySet<State> = new Set(['failed', 'conflicted', 'drifted', 'pending']);

export type VerdictReason =
  | 'NamespaceTerminating' | 'SystemNamespace' | 'ExcludedByName' | 'NotSelected' | 'Exempt' | 'ExemptionOverridden' | 'NotEnforced'
  | 'InvalidTemplate' | RefusalReason
  | 'ForeignPolicy' | 'Superseded'
  | 'Modified' | 'Deleted' | 'Contended'
  | 'Missing' | 'Outdated' | 'Adopted' | 'Paused'
  | 'InPlace';

/** Why the API server did not take a write. */
export type RefusalReason = 'Forbidden' | 'Invalid' | 'QuotaExceeded' | 'AdmissionDenied' | 'Unavailable';

export interface Verdict {
  readonly state: State;
  readonly reason: VerdictReason;
  /** Names the policy and the cause; empty where there is nothing to say. */
  readonly message: string;
}

/** What became of earlier writes, as far as it still holds. By policy name. */
export interface NamespaceFacts {
  readonly refused: ReadonlyMap<string, { readonly reason: RefusalReason; readonly message: string }>;
  readonly contended: ReadonlySet<string>;
}
export const NO_FACTS: NamespaceFacts = { refused: new Map(), contended: new Set() };

type Selected = Extract<Scope, { kind: 'Selected' }>;

const TERMINATING: Verdict = { state: 'terminating', reason: 'NamespaceTerminating', message: '' };
const UNSELECTED: Verdict = { state: 'unselected', reason: 'NotSelected', message: '' };
const AUDITED: Verdict = { state: 'audited', reason: 'NotEnforced', message: '' };
const PROTECTED: Verdict = { state: 'protected', reason: 'InPlace', message: '' };
const EXCLUDED = {
  SystemNamespace: { state: 'excluded', reason: 'SystemNamespace', message: '' },
  ExcludedByName: { state: 'excluded', reason: 'ExcludedByName', message: '' },
} as const satisfies Record<string, Verdict>;

export function verdictFor(baseline: CompiledBaseline, scope: Scope, plan: NamespacePlan, facts: NamespaceFacts): Verdict {
  switch (scope.kind) {
    case 'Terminating': return TERMINATING;
    case 'Excluded': return EXCLUDED[scope.reason];
    case 'Unselected': return UNSELECTED;
    case 'Selected': return verdictInScope(baseline, scope, plan, facts);
  }
}

function verdictInScope(baseline: CompiledBaseline, scope: Selected, plan: NamespacePlan, facts: NamespaceFacts): Verdict {
  if (!claimsNames(baseline)) return AUDITED; // on its way out: it enforces nothing any more
  if (scope.enforced.size === 0) return notEnforced(baseline, scope, plan);
  const worst = worstOf(baseline, plan, facts);
  const overridden = worst === PROTECTED ? overriddenExemption(baseline, scope, plan) : undefined;
  return overridden === undefined ? worst : { ...worst, ...overridden };
}

function notEnforced(baseline: CompiledBaseline, scope: Selected, plan: NamespacePlan): Verdict {
  const [exempt] = exemptions(baseline, scope);
  if (exempt === undefined) return AUDITED;
  return { state: 'exempt', ...(overriddenExemption(baseline, scope, plan) ?? { reason: 'Exempt', message: exempt.exemption.reason }) };
}

/** An exemption does not open what another baseline enforces, and says so. */
function overriddenExemption(baseline: CompiledBaseline, scope: Selected, plan: NamespacePlan): Pick<Verdict, 'reason' | 'message'> | undefined {
  for (const { direction } of exemptions(baseline, scope)) {
    const other = plan.scopes.find((scoped) => claimsNames(scoped.baseline) && scoped.scope.kind === 'Selected' && scoped.scope.enforced.has(direction));
    if (other !== undefined) return { reason: 'ExemptionOverridden', message: `${direction} is exempt here, but baseline ${other.baseline.name} enforces it` };
  }
  return undefined;
}

/** Of the directions that would be enforced. */
function exemptions(baseline: CompiledBaseline, scope: Selected): { direction: Direction; exemption: CompiledExemption }[] {
  return DIRECTIONS.flatMap((direction) => {
    const exemption = baseline.modes[direction] === 'Enforce' ? scope.exempt.get(direction) : undefined;
    return exemption === undefined ? [] : [{ direction, exemption }];
  });
}

const BY_SEVERITY = new Map<State, number>(STATES.map((state, index) => [state, index]));

/** What there is to say of each name that this baseline claims here, by name. */
export function verdictsOnNames(baseline: CompiledBaseline, plan: NamespacePlan, facts: NamespaceFacts): (readonly [name: string, verdict: Verdict])[] {
  return plan.names.flatMap((planned) => {
    const claim = planned.claims.find((entry) => entry.baseline === baseline);
    return claim === undefined ? [] : [[planned.name, verdictOnName(planned, claim, facts)] as const];
  });
}

/** The worst over the names that this baseline claims here. */
function worstOf(baseline: CompiledBaseline, plan: NamespacePlan, facts: NamespaceFacts): Verdict {
  let worst = PROTECTED;
  for (const planned of plan.names) {
    const claim = planned.claims.find((entry) => entry.baseline === baseline);
    if (claim === undefined) continue;
    const found = verdictOnName(planned, claim, facts);
    if (severity(found) < severity(worst) && !(found.state === 'pending' && waitsForAnotherOnly(planned, claim, plan))) worst = found;
  }
  return worst;
}

/** All that is left to do is to take away what default-deny isolates for another baseline: this one has what it asks for. */
function waitsForAnotherOnly({ name }: PlannedName, { baseline }: Claim, { writes }: NamespacePlan): boolean {
  if (name !== DEFAULT_DENY) return false;
  const write = writes.find((each) => nameOf(each) === name);
  return write !== undefined && write.opens.length > 0 && permittedPart(write, (loss) => loss.baseline === baseline.name) === undefined;
}

/** Lower is worse. */
export function severity({ state }: { readonly state: State }): number {
  return BY_SEVERITY.get(state) ?? STATES.length;
}

function verdictOnName(planned: PlannedName, claim: Claim, facts: NamespaceFacts): Verdict {
  const { name } = planned;
  const superseded = supersededBy(planned, claim);
  if (superseded !== undefined) {
    return { state: 'conflicted', reason: 'Superseded', message: `${name}: baseline ${superseded} claims this name with another spec and has precedence; rename one, or raise spec.priority` };
  }
  const refused = facts.refused.get(name);
  if (refused !== undefined) return { state: 'failed', reason: refused.reason, message: describeRefusal(name, refused) };
  const verdict = verdictOnDecision(planned, claim);
  if (facts.contended.has(name) && (verdict.state === 'drifted' || verdict.state === 'pending')) {
    return { state: 'drifted', reason: 'Contended', message: `${name}: somebody undoes every repair; ${verdict.message || 'find the other writer in metadata.managedFields'}` };
  }
  return verdict;
}

/** Before the words of the API server, which say what it met and not what to do. */
const NEXT_STEP: Record<RefusalReason, string> = {
  Forbidden: 'the operator may not write here, apply config/rbac again',
  Invalid: 'the API server finds it invalid, correct it in the baseline',
  QuotaExceeded: 'a ResourceQuota leaves no room for it, raise that',
  AdmissionDenied: 'an admission webhook or policy refuses it, let the ServiceAccount of the operator pass',
  Unavailable: 'the API server or a webhook in front of it does not answer, it is tried again',
};

export function describeRefusal(policy: string, { reason, message }: { readonly reason: RefusalReason; readonly message: string }): string {
  return `${policy}: ${NEXT_STEP[reason]}: ${message}`;
}

/** default-deny is a union: nobody loses it. Elsewhere an equal spec is as good as the own one. */
function supersededBy({ name, claims }: PlannedName, claim: Claim): string | undefined {
  const [winner] = claims;
  if (claim === winner || name === DEFAULT_DENY || claim.wanted.hash === winner.wanted.hash) return undefined;
  return winner.baseline.name;
}

function verdictOnDecision(planned: PlannedName, claim: Claim): Verdict {
  const { name, decision } = planned;
  switch (decision.kind) {
    case 'InPlace':
    case 'ForeignEqual': return PROTECTED;
    case 'Create':
      return decision.cause === 'Deleted'
        ? { state: 'drifted', reason: 'Deleted', message: `${name} was deleted` }
        : { state: 'pending', reason: 'Missing', message: `${name} is not there yet` };
    case 'Update':
      return decision.cause === 'Modified'
        ? { state: 'drifted', reason: 'Modified', message: `${name}: ${describeDifferences(decision.differences)}` }
        : { state: 'pending', reason: decision.cause, message: `${name} is not up to date yet` };
    case 'Leave': return left(name, decision.reason, describeDifferences(decision.differences), whyUnusable(planned, claim));
  }
}

/** Why nothing can be written under a name: the own template, that of the winner, or a baseline that nobody can read. */
function whyUnusable({ claims: [winner], keptFor }: PlannedName, { template }: Claim): string {
  if (template.problem !== undefined) return template.problem;
  const { baseline } = winner;
  if (winner.template.problem !== undefined) return `baseline ${baseline.name} has precedence, and its template cannot be used: ${winner.template.problem}`;
  return `it was written for baseline ${keptFor ?? '?'} and stays as it is while the spec of that one cannot be used; correct it there`;
}

function left(name: string, reason: LeaveReason, differences: string, unusable: string): Verdict {
  switch (reason) {
    case 'ForeignPolicy':
      return { state: 'conflicted', reason: 'ForeignPolicy', message: `${name} exists and is not ours; rename or delete it, or set adoptionPolicy: Adopt` };
    case 'DriftWarned': return { state: 'drifted', reason: 'Modified', message: `${name}: ${differences} (driftPolicy: Warn)` };
    case 'Paused':
      return differences === ''
        ? { state: 'pending', reason: 'Paused', message: `${name} is not as planned, and the baseline is paused` }
        : { state: 'drifted', reason: 'Modified', message: `${name}: ${differences} (paused)` };
    case 'InvalidTemplate': return { state: 'failed', reason: 'InvalidTemplate', message: `${name}: ${unusable}` };
  }
}
