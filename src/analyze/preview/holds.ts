/** What the breaker would say, asked with what can be seen from outside of the operator. */
import { decideRemovals, stillCounted, type BreakerDecision, type BreakerInput } from '../../plan/breaker.ts';
import type { CompiledBaseline } from '../../plan/compile.ts';
import { heldFor } from '../../plan/isolation.ts';
import type { Loss } from '../../plan/leaving.ts';
import type { NamespacePlan } from '../../plan/plan.ts';
import type { NamespaceView } from '../../plan/view.ts';

export interface Planned { readonly view: NamespaceView; readonly plan: NamespacePlan }

export interface HeldRemovals {
  readonly baseline: string;
  /** For annotation `netbaseline.io/confirm`. */
  readonly token: string;
  /** Those that would lose isolation and do not, sorted. */
  readonly namespaces: readonly string[];
}

export interface Holds {
  permits(namespace: string, loss: Loss): boolean;
  readonly held: readonly HeldRemovals[];
}

export function holdsOver(planned: readonly Planned[], baselines: readonly CompiledBaseline[], nowMs: number): Holds {
  const permitted = new Map<string, ReadonlySet<string>>();
  const held: HeldRemovals[] = [];
  for (const baseline of baselines) {
    const losing = planned.filter(({ plan }) => plan.losses.some((loss) => loss.baseline === baseline.name)).map(({ plan }) => plan.namespace).sort();
    const decision = decide(baseline, losing, planned, nowMs);
    permitted.set(baseline.name, new Set(decision.permitted));
    const kept = losing.filter((name) => !decision.permitted.includes(name));
    if (decision.held !== undefined && kept.length > 0) held.push({ baseline: baseline.name, token: decision.held.token, namespaces: kept });
  }
  return { held, permits: (namespace, loss) => permitted.get(loss.baseline)?.has(namespace) === true };
}

function decide({ record, name }: CompiledBaseline, losing: readonly string[], planned: readonly Planned[], nowMs: number): BreakerDecision {
  const input: BreakerInput = {
    generation: record.generation,
    specHash: record.specHash,
    confirm: record.confirm,
    losing,
    holding: losing.length === 0 ? 0 : planned.filter(({ view }) => holds(view, name)).length,
    lost: 0,
    lostEarlier: stillCounted(record.status.recentRemovals, nowMs),
    specIsNew: record.generation !== record.status.observedGeneration,
    stored: record.status.held,
    remaining: undefined,
    now: new Date(nowMs).toISOString(),
  };
  const first = decideRemovals(input);
  // Confirmed together with the change: the operator says what it holds, and then lets it through.
  return first.held !== undefined && !first.confirmed && record.confirm === first.held.token ? decideRemovals({ ...input, stored: first.held }) : first;
}

function holds({ namespace, policies }: NamespaceView, baseline: string): boolean {
  return !namespace.terminating && [...policies.values()].some((policy) => heldFor(policy).has(baseline));
}
