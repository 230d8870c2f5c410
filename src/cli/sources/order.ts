/** The order of objects in a snapshot: by namespace, then by name, as JavaScript compares texts. */
import type { Sourced } from '../../analyze/snapshot.ts';

export function sorted(objects: readonly Sourced[]): readonly Sourced[] {
  return [...objects].sort(({ object: { metadata: a } }, { object: { metadata: b } }) =>
    compared(a.namespace ?? '', b.namespace ?? '') || compared(a.name, b.name));
}

const compared = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
