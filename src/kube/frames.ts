/**
 * What a watch says, frame by frame.
 */
import type { WireObject } from './objects.ts';

/** ADDED and MODIFIED are one: what matters is the object as it now is. */
export type Frame<W extends WireObject = WireObject> =
  | { readonly kind: 'Applied'; readonly object: W }
  | { readonly kind: 'Deleted'; readonly object: W }
  /** `initialEnd`: everything that existed has been sent (annotation `k8s.io/initial-events-end`). */
  | { readonly kind: 'Bookmark'; readonly version: string; readonly initialEnd: boolean };
