/** What the operator would do everywhere with some baselines, and the policies that there would be then. */
import type { BaselineRecord } from '../../kube/objects.ts';
import { policyInterner } from '../../kube/policy-interner.ts';
import type { Policy, WorldInput } from '../../netpol/model.ts';
import { planNamespace } from '../../plan/plan.ts';
import type { NamespaceView } from '../../plan/view.ts';
import type { Snapshot } from '../snapshot.ts';
import { baselinesOf, namespaceViewsOf } from '../world.ts';
import { holdsOver, type HeldRemovals } from './holds.ts';
import { settle, type Settled } from './settle.ts';

export interface PlannedNamespace { readonly view: NamespaceView; readonly after: Settled }
export interface ClusterPlan { readonly settled: readonly PlannedNamespace[]; readonly held: readonly HeldRemovals[] }

export interface PlanFacts { readonly snapshot: Snapshot; readonly systemNamespaces: ReadonlySet<string>; readonly nowMs: number }

/** `records` take the place of baselines of the same name. */
export function planWith({ snapshot, systemNamespaces, nowMs }: PlanFacts, records: readonly BaselineRecord[]): ClusterPlan {
  const swapped = new Map([...baselinesOf(snapshot), ...records].map((record) => [record.name, record]));
  const views = namespaceViewsOf(snapshot, { baselines: [...swapped.values()], systemNamespaces, nowMs });
  const holds = holdsOver(views.map((view) => ({ view, plan: planNamespace(view) })), views[0]?.cluster.baselines ?? [], nowMs);
  const intern = policyInterner();
  return { held: holds.held, settled: views.map((view) => ({ view, after: settle(view, (loss) => holds.permits(view.namespace.name, loss), intern) })) };
}

/** `base` with the policies that were written, and without those that were replaced or removed. */
export function worldAfter(base: WorldInput, { settled }: ClusterPlan): WorldInput {
  const touched = new Map(settled.filter(({ after }) => after.writes.length > 0).map((one) => [one.view.namespace.name, one]));
  const isTouched = ({ namespace, name }: { readonly namespace: string; readonly name: string }): boolean => {
    const one = touched.get(namespace);
    return one !== undefined && one.after.view.policies.get(name) !== one.view.policies.get(name);
  };
  const written = [...touched.values()].flatMap(({ after: { view: { policies } } }) => [...policies.values()].filter(isTouched)
    .flatMap(({ name, namespace, spec }): Policy[] => (spec === undefined ? [] : [{ kind: 'NetworkPolicy', namespace, name, spec }])));
  return { ...base, policies: [...base.policies.filter((policy) => policy.kind !== 'NetworkPolicy' || !isTouched(policy)), ...written] };
}
