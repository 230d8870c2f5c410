/**
 * Which policies make a class as weak as it is: the smallest set found whose union alone gives it.
 *
 * One policy if one is enough, else a set that no member can leave; of each, the rules that cannot be left out. With
 * the allows of all others gone, what denies and isolates stays: only what lets through can defeat.
 */
import type { Direction } from '../api/network-policy.ts';
import { CLASSES, effectiveOf, type ClassInput, type Effective, type EffectiveClass, type FindEffective } from './effective.ts';
import type { CompiledClusterPolicy, CompiledNetworkPolicy, Rule } from './rules.ts';

export interface Defeating { readonly compiled: CompiledNetworkPolicy | CompiledClusterPolicy; /** Positions in the stored list. */ readonly rules: readonly number[] }

/** One rule that lets through, of one policy. */
interface Allow { readonly compiled: Defeating['compiled']; readonly rule: Rule }

const rank = (found: EffectiveClass): number => CLASSES.indexOf(found);

/** Rules put together or left out for each step of `mostWork`. */
const RULES_PER_STEP = 16;

/**
 * Empty for `open`, which needs no policy, and for classes that nothing defeats. Where `find` gives up, or trying out what is
 * enough takes more than `mostWork`, a set, though not the smallest.
 */
export function defeatingOf(input: ClassInput, find: FindEffective = effectiveOf, mostWork = Infinity): Defeating[] {
  if (input.isolating === undefined) return [];
  const target = find(input);
  if (target === undefined || rank(target.class) > rank('allow-cluster')) return [];
  const all = allowsIn(input);
  let left = mostWork * RULES_PER_STEP;
  const suffices = (allows: readonly Allow[]): boolean | undefined => {
    left -= all.length;
    const found = left < 0 ? undefined : find(only(input, allows));
    if (found === undefined) left = -1;
    return found && rank(found.class) <= rank(target.class);
  };
  const policies = [...Map.groupBy(all, ({ compiled }) => compiled).values()];
  const single = policies.find(suffices);
  const chosen = single === undefined ? irreducible(policies, (some) => suffices(some.flat())) : [single];
  const oneRule = chosen.flat().find((allow) => suffices([allow]));
  const rules = oneRule === undefined ? irreducible(chosen.flat(), suffices) : [oneRule];
  return [...Map.groupBy(rules, ({ compiled }) => compiled)].map(([compiled, allows]) => ({ compiled, rules: allows.map(({ rule }) => rule.index) }));
}

/** A set that is enough, with what it lets through by itself. */
export interface Sufficient { readonly policies: readonly Defeating[]; readonly effective: Effective }

/** The set of `defeatingOf`, then each other policy that is enough alone where one is: all of these have to go. */
export function sufficientIn(input: ClassInput): Sufficient[] {
  const policies = defeatingOf(input);
  const [first, ...more] = policies;
  if (first === undefined) return [];
  const target = rank(effectiveOf(input).class);
  const others = more.length > 0 ? [] : [...Map.groupBy(allowsIn(input), ({ compiled }) => compiled).keys()].filter((compiled) => compiled !== first.compiled).flatMap((compiled) => {
    const alone = only(input, allowsIn(input).filter((allow) => allow.compiled === compiled));
    return rank(effectiveOf(alone).class) <= target ? [defeatingOf(alone)] : [];
  });
  return [policies, ...others].map((some) => ({ policies: some, effective: effectiveOf(only(input, allowsIn(input).filter(({ compiled, rule }) => some.some((each) => each.compiled.id === compiled.id && each.rules.includes(rule.index))))) }));
}

/** Drops one after the other what is not needed, until nobody can say. */
function irreducible<T>(all: readonly T[], suffices: (some: readonly T[]) => boolean | undefined): readonly T[] {
  let left = all;
  for (const one of all) {
    const without = left.filter((other) => other !== one);
    const isEnough = suffices(without);
    if (isEnough === undefined) break;
    if (isEnough) left = without;
  }
  return left;
}

function allowsIn({ direction, clusterPolicies, isolating = [] }: ClassInput): Allow[] {
  return [...isolating, ...clusterPolicies.filter(({ tier }) => tier === 'Admin')]
    .flatMap((compiled) => compiled.rules[direction].filter(({ action }) => action === 'Allow').map((rule) => ({ compiled, rule })));
}

/** As if of all rules that let through there were these alone. */
function only(input: ClassInput, allows: readonly Allow[]): ClassInput {
  const kept = new Set(allows.map(({ rule }) => rule));
  const keep = <T extends Defeating['compiled']>(compiled: T): T => ({ ...compiled, rules: filtered(compiled, input.direction, kept) });
  return { ...input, isolating: input.isolating?.map(keep), clusterPolicies: input.clusterPolicies.map(keep) };
}

function filtered({ rules }: Defeating['compiled'], direction: Direction, kept: ReadonlySet<Rule>): Defeating['compiled']['rules'] {
  return { ...rules, [direction]: rules[direction].filter((rule) => rule.action !== 'Allow' || kept.has(rule)) };
}
