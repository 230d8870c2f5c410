/** Helpers for schemas that become a CRD: what zod cannot say is attached as `x-kubernetes-…`. */

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
