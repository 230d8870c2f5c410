/**
 * What is known of a namespace after planning it: the rows that status, metrics, page and command line share.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import type { NamespaceRecord } from '../kube/objects.ts';
import { claimsNames } from './claims.ts';
import type { CompiledBaseline } from './compile.ts';
import { coverageOf, type Coverage } from './coverage.ts';
import type { Leftover, Loss } from './leaving.ts';
import type { NamespacePlan } from './plan.ts';
import { NEEDS_ATTENTION, severity, verdictFor, type NamespaceFacts, type State, type Verdict } from './verdict.ts';
import type { NamespaceView } from './view.ts';

export interface NamespaceReport {
  readonly namespace: string;
  /** By name of the baseline, every baseline once. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** By name of the baseline, the directions that it enforces here; only where there are any. */
  readonly enforced: ReadonlyMap<string, readonly Direction[]>;
  /** `undefined` for a namespace on its way out, which is not counted. */
  readonly coverage: Readonly<Record<Direction, Coverage>> | undefined;
  readonly drifted: readonly { readonly baseline: string; readonly template: string }[];
  /** Without those of a baseline that cannot be read: they may well be planned. */
  readonly leftovers: readonly Leftover[];
  readonly retained: readonly string[];
  readonly losses: readonly Loss[];
  readonly contended: readonly string[];
  /** Value of the baseline's ownerKey on the namespace; empty where there is none. */
  readonly owner: string;
  readonly attention: Attention | undefined;
}

/** Why somebody should look at a namespace: the worst thing about it, in one word and one line. */
export interface Attention {
  readonly state: State;
  readonly reason: string;
  readonly message: string;
}

export function reportOn(view: NamespaceView, plan: NamespacePlan, facts: NamespaceFacts): NamespaceReport {
  const verdicts = mapOf(plan.scopes.map(({ baseline, scope }) => [baseline, verdictFor(baseline, scope, plan, facts)] as const));
  const isSystem = view.cluster.systemNamespaces.has(plan.namespace);
  const coverage = plan.terminating ? undefined : {
    Ingress: coverageOf('Ingress', plan, view.policies, isSystem),
    Egress: coverageOf('Egress', plan, view.policies, isSystem),
  };
  const leftovers = plan.leftovers.filter(({ reason }) => reason !== 'BaselineUnreadable');
  return {
    namespace: plan.namespace,
    verdicts,
    enforced: enforcedIn(plan),
    coverage,
    drifted: driftedIn(plan),
    leftovers,
    retained: plan.retained,
    losses: plan.losses,
    contended: [...facts.contended].sort(),
    owner: ownerOf(view.namespace, plan),
    attention: attentionTo(plan, { verdicts, leftovers, coverage }),
  };
}

function enforcedIn({ scopes }: NamespacePlan): NamespaceReport['enforced'] {
  const found = scopes.flatMap(({ baseline, scope }) => (scope.kind === 'Selected' && scope.enforced.size > 0 && claimsNames(baseline) ? [[baseline, listed(scope.enforced)] as const] : []));
  return found.length === 0 ? NOTHING_ENFORCED : mapOf(found);
}
const NOTHING_ENFORCED: NamespaceReport['enforced'] = new Map();

/** By name. Where there is one baseline, and the value is one of few, thousands of reports share it. */
function mapOf<V extends object>(entries: readonly (readonly [CompiledBaseline, V])[]): ReadonlyMap<string, V> {
  const [first] = entries;
  if (first === undefined || entries.length > 1) return new Map(entries.map(([{ name }, value]) => [name, value]));
  const [baseline, value] = first;
  const known = (SHARED.get(baseline) ?? SHARED.set(baseline, new WeakMap()).get(baseline)) as WeakMap<V, ReadonlyMap<string, V>>;
  const shared = known.get(value) ?? new Map([[baseline.name, value]]);
  known.set(value, shared);
  return shared;
}
const SHARED = new WeakMap<CompiledBaseline, WeakMap<object, ReadonlyMap<string, object>>>();

/** One of few lists, so that reports of thousands of namespaces share them. */
function listed(directions: ReadonlySet<Direction>): readonly Direction[] {
  if (directions.size === DIRECTIONS.length) return DIRECTIONS;
  return directions.has('Ingress') ? INGRESS : EGRESS;
}
const INGRESS: readonly Direction[] = ['Ingress'];
const EGRESS: readonly Direction[] = ['Egress'];

function driftedIn(plan: NamespacePlan): NamespaceReport['drifted'] {
  return plan.names
    .filter(({ decision }) => (decision.kind === 'Create' && decision.cause === 'Deleted')
      || (decision.kind === 'Update' && decision.cause === 'Modified')
      || (decision.kind === 'Leave' && decision.differences.length > 0))
    .map(({ name, claims: [winner] }) => ({ baseline: winner.baseline.name, template: name }));
}

/** By the first baseline that asks for an owner and finds one; empty where there is none. */
export function ownerOf(namespace: NamespaceRecord, { scopes }: Pick<NamespacePlan, 'scopes'>): string {
  for (const { baseline: { spec: { ownerKey } } } of scopes) {
    const owner = ownerKey === '' ? undefined : namespace.labels.get(ownerKey) ?? namespace.annotations.get(ownerKey);
    if (owner !== undefined) return owner;
  }
  return '';
}

function attentionTo(plan: NamespacePlan, { verdicts, leftovers, coverage }: Pick<NamespaceReport, 'verdicts' | 'leftovers' | 'coverage'>): Attention | undefined {
  if (plan.terminating) return undefined;
  const worst = [...verdicts.values()].sort((a, b) => severity(a) - severity(b)).find(({ state }) => NEEDS_ATTENTION.has(state));
  if (worst !== undefined) return worst;
  const [leftover] = leftovers;
  if (leftover !== undefined) {
    const state = verdicts.get(leftover.baseline)?.state ?? 'unselected';
    return { state, reason: 'Leftover', message: `${leftover.policy.name} of baseline ${leftover.baseline} is still there: ${leftover.reason}` };
  }
  const overridden = [...verdicts.values()].find(({ reason }) => reason === 'ExemptionOverridden');
  if (overridden !== undefined) return overridden;
  return plan.scopes.length === 0 || plan.scopes.some(({ scope }) => scope.kind === 'Selected') ? undefined : bareness(coverage);
}

/** A direction that nobody decided about; where a baseline selects the namespace, what it leaves open is meant. */
function bareness(coverage: NamespaceReport['coverage']): Attention | undefined {
  const bare = DIRECTIONS.filter((direction) => coverage?.[direction] === 'unprotected');
  if (bare.length === 0) return undefined;
  return { state: 'unselected', reason: 'Unprotected', message: `no baseline isolates ${bare.join(' and ')}` };
}
