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

const KEY = '([^\\s!=(),]+)';
const FORMS: readonly { readonly pattern: RegExp; readonly expression: (key: string, value: string) => Expression }[] = [
  { pattern: new RegExp(`^${KEY}$`), expression: (key) => ({ key, operator: 'Exists' }) },
  { pattern: new RegExp(`^!\\s*${KEY}$`), expression: (key) => ({ key, operator: 'DoesNotExist' }) },
  { pattern: new RegExp(`^${KEY}\\s*==?\\s*([^\\s!=(),]*)$`), expression: (key, value) => ({ key, operator: 'In', values: [value] }) },
  { pattern: new RegExp(`^${KEY}\\s*!=\\s*([^\\s!=(),]*)$`), expression: (key, value) => ({ key, operator: 'NotIn', values: [value] }) },
  { pattern: new RegExp(`^${KEY}\\s+in\\s*\\(([^()]*)\\)$`), expression: (key, list) => ({ key, operator: 'In', values: valuesIn(list) }) },
  { pattern: new RegExp(`^${KEY}\\s+notin\\s*\\(([^()]*)\\)$`), expression: (key, list) => ({ key, operator: 'NotIn', values: valuesIn(list) }) },
];

const valuesIn = (list: string): string[] => list.split(',').map((each) => each.trim());

function expressionOf(part: string): Expression | undefined {
  for (const { pattern, expression } of FORMS) {
    const [, key, value = ''] = pattern.exec(part) ?? [];
    if (key !== undefined) return expression(key, value);
  }
  return undefined;
}
