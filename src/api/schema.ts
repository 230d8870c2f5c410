/** Helpers for schemas that become a CRD: what zod cannot say is attached as `x-kubernetes-…`. */
import { z } from 'zod';

/** One rule of the Common Expression Language, as `x-kubernetes-validations` takes it. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** Path below the schema it is attached to, for example `.spec.dns`. */
  readonly fieldPath?: string;
  readonly reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** Attaches rules to a schema: `z.object(…).meta(cel(…))`. */
export function cel(...rules: readonly CelRule[]): Record<string, unknown> {
  return { 'x-kubernetes-validations': rules };
}

/**
 * Text of at most `max` characters. They are counted as the API server counts them, by code points; by JavaScript's
 * own count, of UTF-16 units, a stored baseline with many emoji would be refused here.
 */
export function text(max: number) {
  return z.string().refine((value) => value.length <= max || Array.from(value).length <= max, `at most ${max} characters`).meta({ maxLength: max });
}

/** `spec.ingress.mode: Invalid option…`, for a condition: the first few in one line, and how many more. */
export function problemIn(root: string, { issues }: z.ZodError): string {
  const first = issues.slice(0, ISSUES_NAMED).map(({ path, message }) => `${z.core.toDotPath([root, ...path])}: ${message}`);
  return issues.length > ISSUES_NAMED ? `${first.join('; ')}; and ${issues.length - ISSUES_NAMED} more` : first.join('; ');
}
const ISSUES_NAMED = 3;
