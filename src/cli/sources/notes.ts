/** What was left out of a snapshot, in a few lines for stderr. */
import type { Sourced, Unread } from '../../analyze/snapshot.ts';
import type { SnapshotPolicy } from '../../analyze/world.ts';
import { peopleCall } from '../../kube/kinds.ts';
import { safe } from '../output/cell.ts';

export interface LeftOut {
  /** Files of the folders. */
  readonly skipped: readonly string[];
  /** To folders. */
  readonly links: readonly string[];
  /** Kinds of objects, each as often as it was there. */
  readonly ignored: readonly string[];
  /** Files with parts that are no objects. */
  readonly foreign: readonly string[];
  /** Read for their pod template alone. */
  readonly templated: readonly Sourced[];
}

const MOST_NAMED = 3;

export function notesOn({ skipped, links, ignored, foreign, templated }: LeftOut): readonly string[] {
  return [
    ...skipped.length === 0 ? [] : [`Skipped ${counted(skipped.length, 'file')} that ${skipped.length === 1 ? 'is' : 'are'} neither YAML nor JSON: ${some(skipped)}.`],
    ...links.length === 0 ? [] : [`Did not follow ${counted(links.length, 'link')} to ${links.length === 1 ? 'a folder' : 'folders'}: ${some(links)}.`],
    ...foreign.length === 0 ? [] : [`Skipped parts that are no Kubernetes objects: ${some(foreign)}.`],
    ...ignored.length === 0 ? [] : [`Ignored ${counted(ignored.length, 'object')} of kinds that say nothing here: ${kindCounts(ignored)}.`],
    ...templated.length === 0 ? [] : [`Read only the pod template of ${counted(templated.length, 'object')} of kinds that are not known: ${some(templated.map(titleOf))}.`],
  ].map(safe);
}

/** Of a cluster: what exists and may not be read, by the name under which people know it. */
export function unreadNote({ kind, why }: Unread): string {
  return safe(`Not read: ${peopleCall(kind)}. ${why}`);
}

const titleOf = ({ object: { kind, metadata } }: Sourced): string => `${kind} ${metadata.namespace}/${metadata.name}`;

/** Every command goes on without them. */
export function unservedNotes(notes: readonly string[]): readonly string[] {
  const more = notes.length - MOST_NAMED;
  return [...notes.slice(0, MOST_NAMED), ...more > 0 ? [`and ${counted(more, 'object')} more of such versions`] : []].map(safe);
}

/** Every command goes on without them. */
export function refusalNotes(policies: readonly SnapshotPolicy[]): readonly string[] {
  const refused = policies.flatMap(({ refusals: [first] = [], ...policy }) => (first === undefined ? [] : [{ ...first, policy }]));
  const lines = refused.slice(0, MOST_NAMED).map(({ policy, path, message }) => {
    const { kind, name, origin } = policy;
    const place = origin === undefined ? '' : `${origin.file}:${origin.lineOf(path)}: `;
    return `${place}an API server refuses ${kind} ${'namespace' in policy ? `${policy.namespace}/` : ''}${name}, which counts as absent: ${message}`;
  });
  const more = refused.length - lines.length;
  return [...lines, ...more > 0 ? [`and ${counted(more, 'policy', 'policies')} more that ${more === 1 ? 'is' : 'are'} refused`] : []].map(safe);
}

const counted = (count: number, noun: string, nouns = `${noun}s`): string => `${count} ${count === 1 ? noun : nouns}`;
const some = (names: readonly string[]): string => names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');

/** Most frequent first. */
function kindCounts(kinds: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([kind, count]) => `${kind} ${count}`);
  const [shown, more] = [sorted.slice(0, 2 * MOST_NAMED), sorted.length - 2 * MOST_NAMED];
  return shown.join(', ') + (more > 0 ? ` and ${counted(more, 'other kind')}` : '');
}
