/**
 * The file of `npb test`: what connections are expected to be allowed and denied, as a zod schema.
 *
 * Strict, unlike the API server: a misspelt key of a selector would select everything, and a test that tests
 * something else is worse than none.
 */
import { z } from 'zod';
import { API_GROUP, API_VERSION } from './names.ts';

export const EXPECTATIONS_VERSION = `${API_GROUP}/${API_VERSION}`;
export const EXPECTATIONS_KIND = 'Expectations';

const expression = z.strictObject({
  key: z.string().min(1),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: z.array(z.string()).optional(),
}).refine(({ operator, values = [] }) => (values.length > 0) === (operator === 'In' || operator === 'NotIn'), {
  path: ['values'], message: 'In and NotIn need values; Exists and DoesNotExist take none',
});
/** Kept as it is: a record of zod drops the key `__proto__`, and the selector would match more. */
const labels = z.custom<Readonly<Record<string, string>>>(isLabels, 'expected texts by label key');
const selector = z.strictObject({ matchLabels: labels.optional(), matchExpressions: z.array(expression).optional() });

function isLabels(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((label) => typeof label === 'string');
}

export type ExpectedSelector = z.infer<typeof selector>;

/** An end as text; its grammar is the one of `npb explain`. */
const endText = z.string().min(1);

const selectedPods = z.strictObject({
  namespace: z.string().min(1).optional(),
  namespaceSelector: selector.optional(),
  podSelector: selector.optional(),
  except: z.array(endText).min(1).optional(),
}).refine(({ namespace, namespaceSelector, podSelector }) => (namespace ?? namespaceSelector ?? podSelector) !== undefined, {
  message: 'expected namespace, namespaceSelector or podSelector; every pod is "*"',
}).refine(({ namespace, namespaceSelector }) => namespace === undefined || namespaceSelector === undefined, {
  path: ['namespaceSelector'], message: 'namespace and namespaceSelector exclude each other',
});
export type SelectedPods = z.infer<typeof selectedPods>;

const portText = z.union([z.int(), z.string().min(1)]);

export const expectation = z.strictObject({
  name: z.string().min(1).optional(),
  from: z.union([endText, selectedPods]),
  to: z.union([endText, selectedPods]),
  port: portText.optional(),
  ports: z.array(portText).min(1).optional(),
  expect: z.enum(['allowed', 'denied']),
  allowEmpty: z.boolean().optional(),
}).refine(({ port, ports }) => port === undefined || ports === undefined, { path: ['ports'], message: 'port and ports exclude each other' });
export type StoredExpectation = z.infer<typeof expectation>;

/** Without its items, each of which is looked at for itself, so that one mistake does not hide another. */
export const expectationsFile = z.strictObject({
  apiVersion: z.literal(EXPECTATIONS_VERSION),
  kind: z.literal(EXPECTATIONS_KIND),
  metadata: z.looseObject({}).optional(),
  expectations: z.array(z.unknown()).min(1, 'expected at least one'),
});
