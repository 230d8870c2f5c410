/**
 * Records by namespace and name, and the differences between two such tables.
 *
 * Maps throughout: a namespace or an object may be called `constructor`.
 */
import type { ObjectRecord } from '../kube/objects.ts';

/** Where cluster-scoped records are kept; no namespace is called like this. */
const CLUSTER = '';
const NOTHING = new Map<string, never>();

export interface Table<R> {
  readonly size: number;
  get(namespace: string | undefined, name: string): R | undefined;
  set(namespace: string | undefined, name: string, record: R): void;
  delete(namespace: string | undefined, name: string): void;
  inNamespace(namespace: string): ReadonlyMap<string, R>;
  rows(): Iterable<Row<R>>;
}

export interface Row<R> {
  readonly namespace: string | undefined;
  readonly name: string;
  readonly record: R;
}

/** One difference. Objects of different uids never share one: the old one goes, then the new one comes. */
export interface Change<R> {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly before: R | undefined;
  readonly after: R | undefined;
}

export function createTable<R>(): Table<R> {
  const namespaces = new Map<string, Map<string, R>>();
  let size = 0;
  return {
    get size() { return size; },
    get: (namespace, name) => namespaces.get(namespace ?? CLUSTER)?.get(name),
    set(namespace, name, record) {
      const names = namespaces.get(namespace ?? CLUSTER) ?? new Map<string, R>();
      if (names.size === 0) namespaces.set(namespace ?? CLUSTER, names);
      if (!names.has(name)) size += 1;
      names.set(name, record);
    },
    delete(namespace, name) {
      const names = namespaces.get(namespace ?? CLUSTER);
      if (names?.delete(name) !== true) return;
      size -= 1;
      if (names.size === 0) namespaces.delete(namespace ?? CLUSTER);
    },
    inNamespace: (namespace) => namespaces.get(namespace) ?? NOTHING,
    * rows() {
      for (const [namespace, names] of namespaces) {
        for (const [name, record] of names) yield { namespace: namespace === CLUSTER ? undefined : namespace, name, record };
      }
    },
  };
}

/** What leads from one table to the other: vanished keys first, then new and changed ones; untouched keys are not named. */
export function changesBetween<R extends ObjectRecord>(before: Table<R>, after: Table<R>): Change<R>[] {
  const changes: Change<R>[] = [];
  for (const { namespace, name, record } of before.rows()) {
    if (after.get(namespace, name) === undefined) changes.push({ namespace, name, before: record, after: undefined });
  }
  for (const { namespace, name, record } of after.rows()) {
    changes.push(...changesOf(namespace, name, before.get(namespace, name), record));
  }
  return changes;
}

/** One key's differences: none for the same version, two when the name now belongs to another object. */
export function changesOf<R extends ObjectRecord>(
  namespace: string | undefined, name: string, before: R | undefined, after: R | undefined,
): Change<R>[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined || after === undefined || before.uid === after.uid) {
    return before?.resourceVersion === after?.resourceVersion ? [] : [{ namespace, name, before, after }];
  }
  return [{ namespace, name, before, after: undefined }, { namespace, name, before: undefined, after }];
}
