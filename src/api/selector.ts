/** Label selectors: compiled once per baseline or policy, evaluated per namespace and pod without allocation. */
import type { LabelSelector } from './network-policy.ts';

export type Matcher = (labels: ReadonlyMap<string, string>) => boolean;

/** `{}` and an absent selector match everything, as Kubernetes has it for namespace selectors. */
export function matcherOf(selector: LabelSelector | undefined): Matcher {
  const equal = Object.entries(selector?.matchLabels ?? {});
  const requirements = (selector?.matchExpressions ?? []).map(requirement);
  if (equal.length === 0 && requirements.length === 0) return () => true;
  return (labels) => equal.every(([key, value]) => labels.get(key) === value) && requirements.every((holds) => holds(labels));
}

function requirement(expression: NonNullable<LabelSelector['matchExpressions']>[number]): Matcher {
  const { key, operator } = expression;
  const values = new Set(expression.values);
  switch (operator) {
    case 'In': return (labels) => values.has(labels.get(key) ?? '') && labels.has(key);
    case 'NotIn': return (labels) => !labels.has(key) || !values.has(labels.get(key) ?? '');
    case 'Exists': return (labels) => labels.has(key);
    case 'DoesNotExist': return (labels) => !labels.has(key);
  }
}

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Why the API server would refuse the selector, `undefined` when it would not. A CRD cannot check keys of a map. */
export function selectorProblem(selector: LabelSelector | undefined): string | undefined {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    if (!isLabelKey(key)) return `label key "${key}" cannot exist`;
    if (!VALUE.test(value)) return `label value "${value}" of ${key} cannot exist`;
  }
  for (const { key, values } of selector?.matchExpressions ?? []) {
    if (!isLabelKey(key)) return `label key "${key}" cannot exist`;
    const bad = (values ?? []).find((value) => !VALUE.test(value));
    if (bad !== undefined) return `label value "${bad}" of ${key} cannot exist`;
  }
  return undefined;
}

function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/');
  if (slash === -1) return NAME.test(key);
  const prefix = key.slice(0, slash);
  return prefix.length <= 253 && PREFIX.test(prefix) && NAME.test(key.slice(slash + 1));
}
