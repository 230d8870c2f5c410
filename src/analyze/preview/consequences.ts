/** What a list of writes does not say by itself: isolation that is lost as a whole, and exemptions that exempt nobody. */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import { policyTypesOf } from '../../netpol/compile-network-policy.ts';
import type { Policy } from '../../netpol/model.ts';
import type { StoredSelector } from '../../netpol/stored.ts';
import { counted, listed } from '../explain/words.ts';
import type { ClusterPlan } from './cluster-plan.ts';

export interface Losing { readonly namespace: string; readonly losesIsolation: readonly Direction[] }

/** Directions in which every pod of a namespace is isolated before, and after that not by any NetworkPolicy for all of them. */
export function lossesBetween(before: readonly Policy[], after: readonly Policy[]): (namespace: string) => readonly Direction[] {
  const [then, now] = [isolatedIn(before), isolatedIn(after)];
  return (namespace) => DIRECTIONS.filter((direction) => then.has(`${direction} ${namespace}`) && !now.has(`${direction} ${namespace}`));
}

function isolatedIn(policies: readonly Policy[]): ReadonlySet<string> {
  return new Set(policies.flatMap((policy) => {
    if (policy.kind !== 'NetworkPolicy' || !isEverything(policy.spec?.podSelector)) return [];
    return [...policyTypesOf(policy.spec)].map((direction) => `${direction} ${policy.namespace}`);
  }));
}

function isEverything(selector: StoredSelector | null | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;
}

/** `12 namespaces lose ingress and egress isolation: a, b and 10 more.`, for each set of directions. */
export function lossesText(outcomes: readonly Losing[]): string[] {
  const losing = Map.groupBy(outcomes.filter(({ losesIsolation }) => losesIsolation.length > 0), ({ losesIsolation }) => losesIsolation.join(' and ').toLowerCase());
  return [...losing].map(([directions, alike]) => `${counted(alike.length, 'namespace')} ${alike.length === 1 ? 'loses' : 'lose'} ${directions} isolation: ${listed(alike.map(({ namespace }) => namespace))}.`);
}

/** Of these baselines, with the namespaces that are known. */
export function idleExemptions({ settled }: ClusterPlan, names: ReadonlySet<string>): string[] {
  const baselines = settled[0]?.view.cluster.baselines.filter(({ name }) => names.has(name)) ?? [];
  return baselines.flatMap(({ name, exemptions }) => exemptions.flatMap(({ applies, target }, index) => (
    settled.some(({ view }) => applies(view.namespace)) ? [] : [`Baseline ${name}: spec.exemptions[${index}] (${target}) is for no namespace that there is.`])));
}
