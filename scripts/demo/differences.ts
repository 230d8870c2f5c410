/** How two states of an object differ, field by field, for people. Pure. */

export interface Difference {
  /** `spec.ingress[0].from` */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

const ABSENT = '(none)';

/** Lists and values are compared as a whole, objects by their fields; sorted by path. */
export function differences(before: unknown, after: unknown, path: string): Difference[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
    return keys.flatMap((key) => differences(before[key], after[key], `${path}.${key}`));
  }
  const [was, is] = [shown(before), shown(after)];
  return was === is ? [] : [{ path, before: was, after: is }];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An empty list and a list that is not there mean the same in a policy, and the API server keeps only the latter. */
function shown(value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ABSENT;
  return JSON.stringify(value);
}
