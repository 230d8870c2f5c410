/**
 * Why a namespace has the policies that it has: which baselines are for it, what each name is planned as and by whom,
 * what else is there, how isolated that makes it, and what the operator would do next.
 *
 * Promises: every decision is the plan's, every class the audit's. Must not: decide anything.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import { DEFAULT_DENY } from '../../api/names.ts';
import type { Mode } from '../../api/v1alpha1.ts';
import { policyTypesOf } from '../../netpol/compile-network-policy.ts';
import type { Options } from '../../netpol/model.ts';
import { claimsNames, type Claim } from '../../plan/claims.ts';
import { coverageOf, type Coverage } from '../../plan/coverage.ts';
import { isOurs } from '../../plan/ownership.ts';
import type { NamespacePlan, PlannedName } from '../../plan/plan.ts';
import { NO_FACTS, verdictFor, type Verdict } from '../../plan/verdict.ts';
import { auditSnapshot } from '../audit/audit.ts';
import type { DirectionAudit } from '../audit/result.ts';
import { changesIn, heldChange, type PolicyChange } from '../preview/changes.ts';
import { planWith, type PlannedNamespace } from '../preview/cluster-plan.ts';
import type { HeldRemovals } from '../preview/holds.ts';
import type { Snapshot } from '../snapshot.ts';
import { policiesOf } from '../world.ts';

export interface NamespaceQuestion {
  readonly snapshot: Snapshot;
  readonly namespace: string;
  readonly systemNamespaces: ReadonlySet<string>;
  readonly nowMs: number;
  readonly options: Options;
}

export interface BaselineStanding {
  readonly baseline: string;
  readonly verdict: Verdict;
  readonly modes: Readonly<Record<Direction, Mode>>;
  /** Why its stored spec cannot be used. */
  readonly problem: string | undefined;
  readonly paused: boolean;
  readonly exemptions: readonly { readonly direction: Direction; readonly target: string; readonly reason: string; readonly expiresAt: string | undefined }[];
}

/** Why one claim wins: `union` for default-deny, which takes all of them. */
export type WinningReason = 'only' | 'union' | 'priority' | 'older' | 'name';

export interface PlannedPolicy {
  readonly name: string;
  /** By precedence; the first one wins. `agrees`: it wants the same as the winner. */
  readonly claims: readonly { readonly baseline: string; readonly directions: readonly Direction[]; readonly agrees: boolean }[];
  readonly why: WinningReason;
  readonly decision: PlannedName['decision'];
  /** Of the template, where it cannot be used. */
  readonly problem: string | undefined;
}

export interface OtherPolicy {
  readonly name: string;
  readonly directions: readonly Direction[];
  /** Pods of the namespace that it selects, of those that count. */
  readonly selects: 'every pod' | 'some pods';
}

export interface NamespaceExplanation {
  readonly namespace: string;
  readonly terminating: boolean;
  readonly directions: Readonly<Record<Direction, { readonly coverage: Coverage; /** Baselines, whatever is there already. */ readonly enforcedBy: readonly string[]; /** Absent on its way out. */ readonly audit: DirectionAudit | undefined }>>;
  readonly baselines: readonly BaselineStanding[];
  readonly planned: readonly PlannedPolicy[];
  readonly leftovers: readonly { readonly name: string; readonly baseline: string; readonly reason: string; readonly removable: boolean }[];
  /** Of baselines that are gone. */
  readonly retained: readonly string[];
  /** Somebody else's, under names that nobody plans. */
  readonly others: readonly OtherPolicy[];
  readonly next: {
    readonly changes: readonly PolicyChange[];
    readonly held: readonly PolicyChange[];
    readonly confirm: readonly Pick<HeldRemovals, 'baseline' | 'token'>[];
    /** When an exemption ends, and the plan changes by itself; RFC 3339. */
    readonly changesAt: string | undefined;
  };
}

/** `undefined` where there is no such namespace. */
export function explainNamespace(question: NamespaceQuestion): NamespaceExplanation | undefined {
  const { snapshot, namespace, systemNamespaces, nowMs, options } = question;
  const { settled, held } = planWith({ snapshot, systemNamespaces, nowMs }, []);
  const found = settled.find(({ view }) => view.namespace.name === namespace);
  if (found === undefined) return undefined;
  const { view, after: { plan } } = found;
  const audit = auditSnapshot(snapshot, { ...options, systemNamespaces, nowMs, includeSystem: true, includes: ({ name }) => name === namespace }).namespaces[0];
  const isSystem = systemNamespaces.has(namespace);
  const inDirection = (direction: Direction) => ({ coverage: coverageOf(direction, plan, view.policies, isSystem), enforcedBy: enforcing(plan, direction), audit: audit?.directions[direction] });
  return {
    namespace, terminating: view.namespace.terminating,
    directions: { Ingress: inDirection('Ingress'), Egress: inDirection('Egress') },
    baselines: plan.scopes.map((scoped) => standingOf(scoped, plan)),
    planned: plan.names.map(plannedOf),
    leftovers: plan.leftovers.map(({ policy, baseline, reason, removable }) => ({ name: policy.name, baseline, reason, removable })),
    retained: plan.retained,
    others: othersIn(found, snapshot),
    next: nextOf(found, held),
  };
}

function enforcing({ scopes }: NamespacePlan, direction: Direction): string[] {
  return scopes.flatMap(({ baseline, scope }) => (claimsNames(baseline) && scope.kind === 'Selected' && scope.enforced.has(direction) ? [baseline.name] : []));
}

function standingOf({ baseline, scope }: NamespacePlan['scopes'][number], plan: NamespacePlan): BaselineStanding {
  const exempt = scope.kind === 'Selected' ? [...scope.exempt] : [];
  return {
    baseline: baseline.name, verdict: verdictFor(baseline, scope, plan, NO_FACTS), modes: baseline.modes, problem: baseline.problem, paused: baseline.usable && baseline.spec.paused,
    exemptions: exempt.map(([direction, { target, reason, expiresAtMs }]) => ({ direction, target, reason, expiresAt: timeOf(Number.isFinite(expiresAtMs) ? expiresAtMs : undefined) })),
  };
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function plannedOf({ name, claims, decision }: PlannedName): PlannedPolicy {
  const [winner] = claims;
  return {
    name, decision, why: winningReason(name, claims), problem: winner.template.problem,
    claims: claims.map(({ baseline, wanted }) => ({ baseline: baseline.name, directions: wanted.spec.policyTypes, agrees: name === DEFAULT_DENY || wanted.hash === winner.wanted.hash })),
  };
}

/** As baselines are ordered: priority, then age, then name. */
function winningReason(name: string, [winner, second]: readonly [Claim, ...Claim[]]): WinningReason {
  if (second === undefined) return 'only';
  if (name === DEFAULT_DENY) return 'union';
  if (winner.baseline.spec.priority !== second.baseline.spec.priority) return 'priority';
  return winner.baseline.record.createdAtMs === second.baseline.record.createdAtMs ? 'name' : 'older';
}

/** Neither planned nor ours. */
function othersIn({ view, after: { plan } }: PlannedNamespace, snapshot: Snapshot): OtherPolicy[] {
  const known = new Set([...plan.names.map(({ name }) => name), ...[...view.policies.values()].filter(isOurs).map(({ name }) => name)]);
  return policiesOf(snapshot).flatMap((policy): OtherPolicy[] => {
    if (policy.kind !== 'NetworkPolicy' || policy.refusals !== undefined || policy.namespace !== view.namespace.name || known.has(policy.name)) return [];
    const { podSelector, ...rest } = policy.spec;
    const isEvery = Object.keys(podSelector?.matchLabels ?? {}).length === 0 && (podSelector?.matchExpressions ?? []).length === 0;
    const types = policyTypesOf(rest);
    return [{ name: policy.name, directions: DIRECTIONS.filter((direction) => types.has(direction)), selects: isEvery ? 'every pod' : 'some pods' }];
  });
}

function nextOf({ view, after }: PlannedNamespace, held: readonly HeldRemovals[]): NamespaceExplanation['next'] {
  return {
    changes: changesIn(view.policies, after), held: after.held.map(heldChange), changesAt: timeOf(after.plan.changesAtMs),
    confirm: held.filter(({ namespaces }) => namespaces.includes(view.namespace.name)).map(({ baseline, token }) => ({ baseline, token })),
  };
}
