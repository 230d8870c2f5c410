/**
 * What the status of a baseline said of overrides when this process began to lead: that much somebody was told. Pure.
 *
 * A status names twenty namespaces at most. Where it counts more than it names, it may be about any of the others.
 */
import type { BaselineStatus } from '../api/v1alpha1.ts';
import { OVERRIDDEN } from './status-isolation.ts';
import { MESSAGE_LIMIT, OWNER_LIMIT } from './status.ts';

export interface LastTold {
  /** By namespace: through what it is overridden, as far as a status has room for that. */
  readonly named: ReadonlyMap<string, string>;
  readonly areAllNamed: boolean;
}

export function lastTold({ namespaces, worst = [] }: BaselineStatus): LastTold {
  const named = new Map(worst.filter(({ reason }) => reason === OVERRIDDEN).map(({ namespace, message }) => [namespace, message]));
  return { named, areAllNamed: (namespaces?.overridden ?? 0) <= named.size };
}

/** Certainly not told yet. A baseline without a status has told nothing. */
export function isNews(told: LastTold | undefined, namespace: string, text: string): boolean {
  if (told === undefined) return true;
  const message = told.named.get(namespace);
  return message === undefined ? told.areAllNamed : !message.startsWith(text.slice(0, MESSAGE_LIMIT - OWNER_LIMIT - OWNER_WORDS));
}
/** What stands around the name of the owner. */
const OWNER_WORDS = 16;
