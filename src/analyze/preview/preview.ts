/**
 * What applying a baseline would do: policies that the operator would create, change and delete, what the breaker would
 * hold, and which needs of the cluster would be cut, each with the policy that would keep it.
 *
 * The same plan as the operator's, over the same views; the same evaluator as everybody's. Nothing is written.
 */
import type { PolicyTemplate } from '../../api/v1alpha1.ts';
import { ALLOW_DNS, DEFAULT_DENY } from '../../api/names.ts';
import type { Direction } from '../../api/network-policy.ts';
import type { BaselineRecord } from '../../kube/objects.ts';
import type { Options, WorldInput } from '../../netpol/model.ts';
import { buildWorld, type World } from '../../netpol/world.ts';
import { isOurs } from '../../plan/ownership.ts';
import { planNamespace } from '../../plan/plan.ts';
import { NO_FACTS, severity, verdictFor, type Verdict } from '../../plan/verdict.ts';
import { needsOf } from '../needs/needs.ts';
import type { Need, Unresolved } from '../needs/need.ts';
import { blockedSides, compared, doubtsAbout, verdictOn, type Blocked, type Doubts } from '../needs/outcome.ts';
import type { Snapshot } from '../snapshot.ts';
import { worldInputOf } from '../world.ts';
import { changesIn, heldChange, type PolicyChange } from './changes.ts';
import { planWith, worldAfter, type ClusterPlan, type PlannedNamespace } from './cluster-plan.ts';
import { idleExemptions, lossesBetween } from './consequences.ts';
import type { HeldRemovals } from './holds.ts';
import type { PreviewedBaseline } from './previewed.ts';
import { suggestionsFor, type Suggestions } from './suggest.ts';

export interface PreviewInput {
  readonly snapshot: Snapshot;
  readonly baselines: readonly PreviewedBaseline[];
  readonly systemNamespaces: ReadonlySet<string>;
  readonly nowMs: number;
  readonly options: Options;
}

/** A namespace after everything that may be written is. */
export interface NamespaceOutcome {
  readonly namespace: string;
  /** For the previewed baselines: the worst of those that enforce something here, else of those that select it, else of all. */
  readonly verdict: Verdict;
  /** Directions in which its pods are isolated today, as a whole, and would not be. */
  readonly losesIsolation: readonly Direction[];
  readonly changes: readonly PolicyChange[];
  readonly held: readonly PolicyChange[];
}

export interface CutOff {
  readonly need: Need;
  /** Which sides would deny it, and by which policies. */
  readonly sides: readonly Blocked[];
  /** Names of the suggested policies that it takes. */
  readonly keptBy: readonly string[];
  /** Whether it works with them: planned and evaluated anew. */
  readonly kept: boolean;
}

export interface Preview {
  readonly baselines: readonly PreviewedBaseline[];
  /** Every namespace, by name. */
  readonly namespaces: readonly NamespaceOutcome[];
  readonly held: readonly HeldRemovals[];
  /** What the above was told from. */
  readonly plan: ClusterPlan;
  readonly needs: number;
  readonly cuts: readonly CutOff[];
  /** Denied today already, by these; applying changes nothing about it. */
  readonly alreadyBlocked: readonly { readonly need: Need; readonly sides: readonly Blocked[] }[];
  /** What nobody can tell, with the policies that are not evaluated and have a say, or with what the network plugin decides. */
  readonly unknown: readonly { readonly need: Need; readonly doubts: Doubts }[];
  readonly unresolved: readonly Unresolved[];
  /** For people: what is odd about the baselines. */
  readonly notes: readonly string[];
  /** For the first of the previewed baselines that enforces anything where something is cut. */
  readonly suggestions: { readonly baseline: string; readonly policies: readonly PolicyTemplate[]; readonly withoutRoom: number };
}

/** At most this many entries in `spec.policies`. */
const MOST_POLICIES = 32;

export function previewOf(input: PreviewInput): Preview {
  const { snapshot, baselines, options } = input;
  const base = worldInputOf(snapshot, options);
  const plan = planWith(input, baselines.map(({ record }) => record));
  const before = buildWorld(base);
  const inputAfter = worldAfter(base, plan);
  const after = buildWorld(inputAfter);
  const losesIsolation = lossesBetween(base.policies, inputAfter.policies);
  const { needs, unresolved } = needsOf(snapshot, base.pods);
  const judged = needs.map((need) => judge(need, before, after));
  const cuts = judged.flatMap(({ need, sides, isCut }) => (isCut ? [{ need, sides }] : []));
  const target = targetOf(input, plan);
  const suggestions = suggest(cuts, target, plan);
  const kept = keptWith(input, { base, target, suggestions });
  return {
    baselines, unresolved, plan, held: plan.held, needs: needs.length,
    namespaces: plan.settled.map((one) => ({ ...outcomeOf(one, baselines), losesIsolation: losesIsolation(one.view.namespace.name) })),
    notes: idleExemptions(plan, new Set(baselines.map(({ record }) => record.name))),
    cuts: cuts.map(({ need, sides }) => ({ need, sides, keptBy: suggestions.keepers.get(need) ?? [], kept: kept(need) })),
    alreadyBlocked: judged.flatMap(({ need, sides, isCut, verdict }) => (!isCut && verdict === 'denied' ? [{ need, sides }] : [])),
    unknown: judged.filter(({ verdict }) => verdict === 'unknown').map(({ need }) => ({ need, doubts: doubtsAbout(need, after) })),
    suggestions: { baseline: target?.name ?? '', policies: suggestions.policies, withoutRoom: suggestions.withoutRoom.length },
  };
}

interface Judged { readonly need: Need; readonly isCut: boolean; readonly verdict: 'allowed' | 'denied' | 'unknown'; readonly sides: readonly Blocked[] }

/** Cut: a connection that is not denied today would be. */
function judge(need: Need, before: World, after: World): Judged {
  const comparisons = compared(need, before, after);
  const denied = comparisons.filter((each) => each.after === 'denied');
  const cut = denied.filter((each) => each.before !== 'denied');
  const verdict = denied.length > 0 ? 'denied' : comparisons.some((each) => each.after === 'unknown') ? 'unknown' : 'allowed';
  const [looked, world] = cut.length > 0 ? [cut, after] : [denied, before];
  return { need, verdict, isCut: cut.length > 0, sides: blockedSides(looked.map(({ connection }) => connection), world) };
}

function outcomeOf({ view, after }: PlannedNamespace, baselines: readonly PreviewedBaseline[]): Omit<NamespaceOutcome, 'losesIsolation'> {
  const last = planNamespace(after.view);
  const names = new Set(baselines.map(({ record }) => record.name));
  const verdicts = last.scopes.filter(({ baseline }) => names.has(baseline.name)).map(({ baseline, scope }) => verdictFor(baseline, scope, last, NO_FACTS));
  const [worst = { state: 'unselected', reason: 'NotSelected', message: '' } as const] = verdicts.sort((a, b) => concern(a) - concern(b) || severity(a) - severity(b));
  return { namespace: view.namespace.name, verdict: worst, changes: changesIn(view.policies, after), held: after.held.map(heldChange) };
}

/** What is enforced says more than what another baseline leaves alone. */
function concern({ state }: Verdict): number {
  if (state === 'excluded' || state === 'unselected') return 2;
  return state === 'exempt' || state === 'audited' ? 1 : 0;
}

/** Where suggestions go. */
function targetOf({ baselines }: PreviewInput, { settled }: ClusterPlan): BaselineRecord | undefined {
  const enforcing = baselines.find(({ record }) => settled.some(({ after }) => after.plan.scopes.some(({ baseline, scope }) => (
    baseline.name === record.name && scope.kind === 'Selected' && scope.enforced.size > 0))));
  return (enforcing ?? baselines[0])?.record;
}

function suggest(cuts: readonly { readonly need: Need; readonly sides: readonly Blocked[] }[], target: BaselineRecord | undefined, { settled }: ClusterPlan): Suggestions {
  const enforced = settled.filter(({ after }) => after.plan.scopes.some(({ baseline, scope }) => baseline.name === target?.name && scope.kind === 'Selected' && scope.enforced.size > 0));
  const templates = settled[0]?.view.cluster.baselines.flatMap((baseline) => baseline.templates.map(({ name }) => name)) ?? [];
  const foreign = settled.flatMap(({ view }) => [...view.policies.values()].filter((policy) => !isOurs(policy)).map(({ name }) => name));
  return suggestionsFor({
    cuts, room: MOST_POLICIES - (target?.spec?.policies.length ?? 0),
    taken: new Set([DEFAULT_DENY, ALLOW_DNS, ...templates, ...foreign]),
    enforced: new Set(enforced.map(({ view }) => view.namespace.name)),
  });
}

/** Plans and evaluates once more, with the suggestions in the baseline. */
function keptWith(input: PreviewInput, { base, target, suggestions }: { readonly base: WorldInput; readonly target: BaselineRecord | undefined; readonly suggestions: Suggestions }): (need: Need) => boolean {
  if (target?.spec === undefined || suggestions.policies.length === 0) return () => false;
  const improved: BaselineRecord = { ...target, spec: { ...target.spec, policies: [...target.spec.policies, ...suggestions.policies] } };
  const records = input.baselines.map(({ record }) => (record.name === target.name ? improved : record));
  const world = buildWorld(worldAfter(base, planWith(input, records)));
  return (need) => suggestions.keepers.has(need) && verdictOn(need, world) !== 'denied';
}
