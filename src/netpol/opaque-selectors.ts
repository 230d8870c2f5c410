/**
 * Label selectors of objects that nobody has validated, as requirements that must all hold.
 *
 * What is not understood is left out, which widens what is selected, never narrows it.
 */
import { NAMESPACE_NAME_LABEL, type OpaqueScope } from './model.ts';
import type { StoredExpression, StoredSelector } from './stored.ts';

export type Requirement = StoredExpression;

const OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** `undefined` for what is no list. */
export function listIn(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** Of a selector in the shape of Kubernetes; absent and empty ones require nothing. */
export function requirementsIn(selector: unknown): Requirement[] {
  if (!isObject(selector)) return [];
  const labels = isObject(selector['matchLabels']) ? Object.entries(selector['matchLabels']) : [];
  return [
    ...labels.flatMap(([key, value]) => (typeof value === 'string' ? [{ key, operator: 'In', values: [value] }] : [])),
    ...(listIn(selector['matchExpressions']) ?? []).flatMap(requirementIn),
  ];
}

function requirementIn(expression: unknown): Requirement[] {
  if (!isObject(expression)) return [];
  const { key, operator, values } = expression;
  if (typeof key !== 'string' || typeof operator !== 'string' || !OPERATORS.has(operator)) return [];
  const listed = listIn(values) ?? [];
  return listed.every((value) => typeof value === 'string') ? [{ key, operator, values: listed }] : [];
}

export function selectorOf(requirements: readonly Requirement[]): StoredSelector {
  return { matchExpressions: requirements };
}

/** A scope by what namespaces and pods must have. */
export function scopeOf(namespace: readonly Requirement[], pod: readonly Requirement[], directions?: OpaqueScope['directions']): OpaqueScope {
  return {
    ...(namespace.length === 0 ? {} : { namespaceSelector: selectorOf(namespace) }),
    ...(pod.length === 0 ? {} : { podSelector: selectorOf(pod) }),
    ...(directions === undefined ? {} : { directions }),
  };
}

export const inNamespace = (name: string): Requirement => ({ key: NAMESPACE_NAME_LABEL, operator: 'In', values: [name] });
