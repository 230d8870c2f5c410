/**
 * How much is kept of one policy. Whoever may write policies chooses their size and number, also under our labels, and
 * must not be able to choose how much memory this process needs.
 */
import { DIRECTIONS, type Direction, type NetworkPolicySpec } from '../api/network-policy.ts';

/** Characters: more than any spec that a person reads. Of a longer one the hash is kept, and the directions. */
export const SPEC_LIMIT = 16_384;
export const FINALIZER_LIMIT = 4;
/** Characters: enough for the labels and notes of a few other tools. What is longer is read again before a PUT. */
const FOREIGN_METADATA_LIMIT = 512;
/** UTF-16 units: longer than anything we write, which is a description of 256 characters and an owner of 128, be they emoji. */
const OWN_ANNOTATION_LIMIT = 1024;

const NO_TYPES: readonly Direction[] = [];
const TYPES: readonly (readonly Direction[])[] = [DIRECTIONS, ...DIRECTIONS.map((direction) => [direction])];

/** One of a few shared lists, so that a spec that is not kept is not held by its list either. */
export function keptTypes({ policyTypes }: NetworkPolicySpec): readonly Direction[] {
  return TYPES.find((types) => types.length === policyTypes.length && types.every((type) => policyTypes.includes(type))) ?? NO_TYPES;
}

/** Not cut: a slice would hold the whole text in memory. Too long, it only has to differ from what we would write. */
export function keptText(text: string | undefined): string | undefined {
  return text === undefined || text.length <= OWN_ANNOTATION_LIMIT ? text : `(longer than ${OWN_ANNOTATION_LIMIT} characters)`;
}

export function keptMetadata<M extends { readonly labels: ReadonlyMap<string, string>; readonly annotations: ReadonlyMap<string, string> }>(metadata: M): M | undefined {
  let characters = 0;
  for (const [key, value] of [...metadata.labels, ...metadata.annotations]) characters += key.length + value.length;
  return characters <= FOREIGN_METADATA_LIMIT ? metadata : undefined;
}
