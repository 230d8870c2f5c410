/**
 * What an audit says: findings, each about a namespace or about one line of one policy, with what would put it right.
 *
 * Levels: FAIL is a namespace that is open where it should not be; WARN is a mistake, or something that somebody should
 * look at; INFO changes no level.
 */
import type { Direction } from '../../api/network-policy.ts';

/** Worst first. */
export const FINDING_LEVELS = ['FAIL', 'WARN', 'INFO'] as const;
export type FindingLevel = (typeof FINDING_LEVELS)[number];
/** Of a namespace: its worst finding; notes do not count. Worst first. */
export const LEVELS = ['FAIL', 'WARN', 'OK'] as const;
export type Level = (typeof LEVELS)[number];

/** In the order of the documentation: what is so of a namespace, then what is wrong in a policy. */
export const FINDING_IDS = [
  'no-policy', 'no-default-deny', 'defeated', 'dns-blocked', 'opaque-policy', 'host-network',
  'refused', 'unknown-field', 'empty-from', 'or-for-and', 'policytypes-surprise', 'inert-rules', 'except-leaks', 'metadata-reachable', 'empty-pod-selector-with-rules', 'rule-without-ports',
  'dns-matches-nothing', 'unknown-label', 'selects-nothing', 'opens-later', 'peer-matches-nothing', 'named-port-unresolved',
] as const;
export type FindingId = (typeof FINDING_IDS)[number];

/** `namespace` is absent for what belongs to the cluster. */
export interface ObjectName { readonly kind: string; readonly namespace?: string | undefined; readonly name: string }
export type Path = readonly (string | number)[];

/** What a check says of the object that it looks at. */
export interface Draft {
  readonly id: FindingId;
  readonly level: FindingLevel;
  /** Field of the object that it is about; empty for the object as such. */
  readonly path: Path;
  readonly direction?: Direction | undefined;
  /** One sentence that names what is wrong, without a full stop. */
  readonly message: string;
  /** What would put it right, without a full stop. */
  readonly fix: string;
}

export interface Finding extends Draft {
  readonly namespace: string;
  readonly object: ObjectName;
  /** Only from manifests. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

export function levelOf(findings: readonly Pick<Finding, 'level'>[]): Level {
  if (findings.some(({ level }) => level === 'FAIL')) return 'FAIL';
  return findings.some(({ level }) => level === 'WARN') ? 'WARN' : 'OK';
}

/** Worst first, then in the order of the documentation, then by object and place. */
export function sortedFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => FINDING_LEVELS.indexOf(a.level) - FINDING_LEVELS.indexOf(b.level)
    || FINDING_IDS.indexOf(a.id) - FINDING_IDS.indexOf(b.id)
    || compared(a.object.kind, b.object.kind) || compared(a.object.name, b.object.name)
    || compared(placeKey(a.path), placeKey(b.path)) || compared(a.direction ?? '', b.direction ?? '') || compared(a.message, b.message));
}

/** Numbers in their order. */
function placeKey(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? String(part).padStart(6, '0') : part)).join('.');
}

export function compared(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
