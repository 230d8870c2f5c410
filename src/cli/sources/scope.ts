/** Which namespaces a command tells about: -n, -A and -l. Everything else is looked at all the same. */
import { selectorProblem, matcherOf } from '../../api/selector.ts';
import type { LabelSelector } from '../../api/network-policy.ts';
import type { StringMap } from '../../kube/objects.ts';
import { UsageError, type Flags } from '../command.ts';

export interface Scope {
  /** Of -n. */
  readonly namespace: string | undefined;
  /** Whether to tell about this namespace. */
  includes(namespace: { readonly name: string; readonly labels: StringMap }): boolean;
}

/** Throws a `UsageError` where the three make no sense. */
export function scopeOf({ namespace, 'all-namespaces': all, selector }: Flags): Scope {
  if (namespace === '') throw new UsageError('--namespace is empty: name a namespace, or leave it out');
  if (namespace !== undefined && all !== undefined) throw new UsageError('--namespace and --all-namespaces contradict each other: give one of them');
  const matches = matcherOf(selector === undefined ? undefined : parseSelector(selector));
  return { namespace, includes: ({ name, labels }) => (namespace === undefined || namespace === name) && matches(labels) };
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

/** As kubectl takes it: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, separated by commas. */
export function parseSelector(typed: string): LabelSelector {
  const parts = typed.split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== '');
  const selector = { matchExpressions: parts.map((part) => expressionOf(part) ?? misunderstood(typed, `${JSON.stringify(part)} is no requirement`)) };
  const problem = selectorProblem(selector);
  return problem === undefined ? selector : misunderstood(typed, problem);
}

function misunderstood(typed: string, why: string): never {
  throw new UsageError(`--selector is ${JSON.stringify(typed)}: ${why}; expected for example team=a,env!=dev or 'tier in (web,api)'`);
}

function expressionOf(part: string): Expression | undefined {
  const [, negation, key, equality, value, operator, list] = /^(?:(!)\s*)?([^\s!=(),]+)(?:\s*(==?|!=)\s*([^\s!=(),]*)|\s+(in|notin)\s*\(([^()]*)\))?$/.exec(part) ?? [];
  if (key === undefined || (negation !== undefined && (equality ?? operator) !== undefined)) return undefined;
  if (equality !== undefined) return { key, operator: equality === '!=' ? 'NotIn' : 'In', values: [value ?? ''] };
  if (operator !== undefined) return { key, operator: operator === 'in' ? 'In' : 'NotIn', values: (list ?? '').split(',').map((each) => each.trim()) };
  return { key, operator: negation === undefined ? 'Exists' : 'DoesNotExist' };
}
