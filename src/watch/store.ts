/**
 * What the operator knows of one kind of object: the latest record of each, by namespace and name.
 *
 * Promises: no record ever goes back to an older version; a list takes effect at once or not at all; every
 * difference, wherever it came from (watch, list, own write), is announced exactly once.
 * Must not: decide whether a list may be believed (that is reflector-step.ts), or do IO.
 */
import type { ObjectRecord } from '../kube/objects.ts';
import { changesBetween, changesOf, createTable, type Change, type Table } from './table.ts';
import { isNewer } from './versions.ts';

/** What readers see. */
export interface Store<R extends ObjectRecord> {
  /** False until the first complete, consistent list is in; before that, absence means nothing. */
  readonly synced: boolean;
  readonly size: number;
  /** `namespace` is left out for cluster-scoped kinds. */
  get(name: string, namespace?: string): R | undefined;
  /** By name; empty for a namespace without objects. */
  inNamespace(namespace: string): ReadonlyMap<string, R>;
  all(): Iterable<R>;
}

export type { Change } from './table.ts';

/** Called after the store has changed, also by many changes at once. Must not throw. */
export type ChangeListener<R> = (change: Change<R>) => void;

/** What writers do: the reflector with what it hears, `apply` with the answers to its own writes. */
export interface WritableStore<R extends ObjectRecord> extends Store<R> {
  /** All that happened up to this version is in. Where a watch resumes. */
  readonly version: string | undefined;
  listen(listener: ChangeListener<R>): void;
  /** A watch says that this is how the object now is; `going` when it has a deletionTimestamp. */
  apply(record: R, going: boolean): void;
  /** A watch says that the object is gone; `record` is its last state. */
  remove(record: R): void;
  /** A watch says that nothing else happened up to this version. */
  advance(version: string): void;
  /** A list has begun; events may go on beside it. */
  beginList(): IncomingList<R>;
  /** The answer to an own POST or PUT: later reads never see a state older than it. */
  observeWrite(record: R): void;
  /** A consistent read of one object begins; its answer counts unless something else was heard of the name meanwhile. */
  beginRead(name: string, namespace?: string): IncomingRead<R>;
  /** An own DELETE was answered; nothing happens if the name meanwhile belongs to another object. */
  observeRemoval(namespace: string, name: string, uid: string): void;
}

/** A read of one object under way. */
export interface IncomingRead<R> {
  /** The answer. Taken also where the watch claims to be past its version: then the watch has missed it. */
  observe(record: R): void;
  /** Harmless after `observe`; must come, whatever became of the read. */
  end(): void;
}

/** A list under way, invisible until it is committed; one at a time, beginning another voids it. */
export interface IncomingList<R> {
  readonly size: number;
  put(record: R): void;
  drop(record: R): void;
  /**
   * Makes the list the content of the store. What the store knows from events or own writes after `version` stays.
   * With `reset` nothing stays: the server itself went back to an older state.
   */
  commit(version: string, reset?: boolean): void;
  /** Drops the list; harmless after `commit`. */
  abandon(): void;
}

/** `namespaceOf` is left out for cluster-scoped kinds. */
export function createStore<R extends ObjectRecord>(namespaceOf: (record: R) => string | undefined = () => undefined): WritableStore<R> {
  const listeners: ChangeListener<R>[] = [];
  const removals = createRemovals();
  const reads = new Set<{ readonly name: string; readonly namespace: string | undefined }>();
  let table = createTable<R>();
  let version: string | undefined;
  let synced = false;

  function announce(changes: readonly Change<R>[]): void {
    for (const one of changes) for (const listener of listeners) listener(one);
  }

  function advance(to: string): void {
    if (isNewer(to, version)) version = to;
  }

  /** Whatever is being read of this name is older than what was just heard. */
  function outdateReads(namespace: string | undefined, name: string): void {
    for (const read of reads) if (read.name === name && read.namespace === namespace) reads.delete(read);
  }

  /** Puts one record in, or takes it out, and says so. */
  function change(namespace: string | undefined, name: string, after: R | undefined): void {
    outdateReads(namespace, name);
    const changes = changesOf(namespace, name, table.get(namespace, name), after);
    if (after === undefined) table.delete(namespace, name);
    else table.set(namespace, name, after);
    announce(changes);
  }

  function putNewer(record: R): void {
    const known = table.get(namespaceOf(record), record.name);
    if (isNewer(record.resourceVersion, known?.resourceVersion)) change(namespaceOf(record), record.name, record);
  }

  function apply(record: R, going: boolean): void {
    if (!isNewer(record.resourceVersion, version)) return; // repeated, or known from a list
    advance(record.resourceVersion);
    if (!removals.hide(record.uid, going)) putNewer(record);
  }

  function remove(record: R): void {
    if (!isNewer(record.resourceVersion, version)) return;
    advance(record.resourceVersion);
    removals.confirmed(record.uid);
    outdateReads(namespaceOf(record), record.name);
    const known = table.get(namespaceOf(record), record.name);
    if (known === undefined || isNewer(known.resourceVersion, record.resourceVersion)) return; // an own write came after it
    change(namespaceOf(record), record.name, undefined);
  }

  function commit(list: Table<R>, to: string, reset: boolean): void {
    if (!reset) keepNewer(table, list, to);
    const before = table;
    reads.clear();
    table = list;
    if (reset) version = to;
    else advance(to);
    synced = true;
    announce(changesBetween(before, list));
  }

  function beginList(): IncomingList<R> {
    const list = createTable<R>();
    const removed = removals.beginList();
    return {
      get size() { return list.size; },
      put: (record) => { list.set(namespaceOf(record), record.name, record); },
      drop: (record) => { list.delete(namespaceOf(record), record.name); },
      commit(to, reset = false) {
        if (!removals.endList(removed)) return;
        removals.listed(removed);
        if (removed.size > 0) for (const { namespace, name, record } of list.rows()) if (removed.has(record.uid)) list.delete(namespace, name);
        commit(list, to, reset);
      },
      abandon: () => { removals.endList(removed); },
    };
  }

  function observeWrite(record: R): void {
    if (isNewer(record.resourceVersion, version)) putNewer(record); // else the watch is past it, and knows better
  }

  return {
    get synced() { return synced; },
    get size() { return table.size; },
    get version() { return version; },
    get: (name, namespace) => table.get(namespace, name),
    inNamespace: (namespace) => table.inNamespace(namespace),
    * all() { for (const row of table.rows()) yield row.record; },
    listen: (listener) => { listeners.push(listener); },
    apply,
    remove,
    advance,
    beginList,
    observeWrite,
    beginRead(name, namespace) {
      const read = { name, namespace };
      reads.add(read);
      return {
        observe(record) {
          if (reads.delete(read)) putNewer(record);
          else observeWrite(record);
        },
        end: () => { reads.delete(read); },
      };
    },
    observeRemoval(namespace, name, uid) {
      if (table.get(namespace, name)?.uid !== uid) return;
      removals.own(uid);
      change(namespace, name, undefined);
    },
  };
}

/** Carries over into a list what is newer than it. */
function keepNewer<R extends ObjectRecord>(present: Table<R>, list: Table<R>, listVersion: string): void {
  for (const { namespace, name, record } of present.rows()) {
    if (isNewer(record.resourceVersion, listVersion)) list.set(namespace, name, record);
  }
}

/**
 * Objects that are gone although an event or a list may still speak of them: own DELETEs until the watch confirms
 * them, and whatever goes while a list is under way. Bounded: each entry leaves with its DELETED event or the next list.
 */
function createRemovals() {
  const unconfirmed = new Set<string>();
  let duringList: Set<string> | undefined;
  return {
    own(uid: string): void {
      unconfirmed.add(uid);
      duringList?.add(uid);
    },
    confirmed(uid: string): void {
      unconfirmed.delete(uid);
      duringList?.add(uid);
    },
    /** Whether an event is from before our own DELETE; with a deletionTimestamp a finalizer still holds the object. */
    hide(uid: string, going: boolean): boolean {
      if (going) {
        unconfirmed.delete(uid);
        duringList?.delete(uid);
      }
      return unconfirmed.has(uid);
    },
    beginList(): ReadonlySet<string> {
      duringList = new Set();
      return duringList;
    },
    /** False when the list was ended before, or another one begun. */
    endList(removed: ReadonlySet<string>): boolean {
      if (removed !== duringList) return false;
      duringList = undefined;
      return true;
    },
    /** A consistent list knows of every removal that was before it. */
    listed(removed: ReadonlySet<string>): void {
      for (const uid of unconfirmed) if (!removed.has(uid)) unconfirmed.delete(uid);
    },
  };
}
