/**
 * Reading what people wrote: any field may be absent, null or of another type, and is passed over then.
 *
 * Nothing is validated here: an object that the API server would refuse says less, and breaks nothing.
 */

export type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = {};
const NO_ITEMS: readonly unknown[] = [];

/** No fields where it is no object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NO_FIELDS;
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : NO_ITEMS;
}

/** `undefined` where it is no text, or an empty one. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The field at the end of a path. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner: unknown, field) => {
    const fields = fieldsOf(inner);
    return Object.hasOwn(fields, field) ? fields[field] : undefined;
  }, value);
}

/** Texts of an object of texts, such as labels; a Map, since any name that objects inherit is a valid key. */
export function textsOf(value: unknown): ReadonlyMap<string, string> {
  return new Map(Object.entries(fieldsOf(value)).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text] as const] : [])));
}

/** A number from 1 to 65535, also as text. */
export function portNumberOf(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}
