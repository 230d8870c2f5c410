/** Namespaces to look at again, the oldest first: since when, and whether pods are the only reason. */

export interface DirtyNamespace {
  readonly name: string;
  readonly sinceMs: number;
  readonly byPods: boolean;
}

export interface DirtyNamespaces {
  /** One that waits already keeps its place. */
  add(dirty: DirtyNamespace): void;
  /** When the oldest came; `undefined`: there is none. */
  oldestMs(): number | undefined;
  take(): DirtyNamespace | undefined;
}

export function createDirtyNamespaces(): DirtyNamespaces {
  const byName = new Map<string, DirtyNamespace>();

  function first(): DirtyNamespace | undefined {
    const [dirty] = byName.values();
    return dirty;
  }

  return {
    add({ name, sinceMs, byPods }) {
      const known = byName.get(name);
      byName.set(name, { name, sinceMs: known?.sinceMs ?? sinceMs, byPods: byPods && known?.byPods !== false });
    },
    oldestMs: () => first()?.sinceMs,
    take() {
      const dirty = first();
      if (dirty !== undefined) byName.delete(dirty.name);
      return dirty;
    },
  };
}
