/** Much that is alike as little to read: namespaces with the same outcome, needs that share an end. */
import { stableJson } from '../../api/hash.ts';
import { DEFAULT_DENY } from '../../api/names.ts';
import type { Blocked } from '../needs/outcome.ts';
import { becauseText, portText, type Need } from '../needs/need.ts';
import type { CutOff, NamespaceOutcome } from './preview.ts';

export interface NamespaceGroup extends Pick<NamespaceOutcome, 'verdict' | 'changes' | 'held'> { readonly namespaces: readonly string[] }

/** Those to which something happens first, the largest of them first. */
export function namespaceGroups(outcomes: readonly NamespaceOutcome[]): NamespaceGroup[] {
  const groups = Map.groupBy(outcomes, ({ verdict, changes, held }) => stableJson([verdict, changes, held]));
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined ? [] : [{ ...first, namespaces: alike.map(({ namespace }) => namespace) }];
  }).sort((a, b) => weight(b) - weight(a) || b.namespaces.length - a.namespaces.length || (a.namespaces[0]! < b.namespaces[0]! ? -1 : 1));
}

const weight = ({ changes, held }: NamespaceGroup): number => (changes.length > 0 ? 2 : 0) + (held.length > 0 ? 1 : 0);

/** One line of a list of needs. */
export interface NeedLine {
  readonly kind: Need['kind'];
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly ports: readonly string[];
  /** `egress by shop/default-deny`, for each side. */
  readonly blocked: readonly string[];
  readonly keptBy: readonly string[];
  readonly kept: boolean;
  readonly because: string;
}

type Judged = Pick<CutOff, 'need' | 'sides'> & Partial<Pick<CutOff, 'keptBy' | 'kept'>>;

/** One for each need while there are at most `most`; otherwise those of one sort that share an end are one line. */
export function needLines(judged: readonly Judged[], most: number): NeedLine[] {
  const lines = judged.map(lineOf);
  if (lines.length <= most) return lines;
  const byTarget = joined(lines, ({ kind, to, ports, keptBy }) => stableJson([kind, to, ports, keptBy]));
  return byTarget.length <= most ? byTarget : joined(byTarget, ({ kind, keptBy }) => stableJson([kind, keptBy]));
}

function lineOf({ need, sides, keptBy = [], kept = false }: Judged): NeedLine {
  const { kind, from, to, because, alsoBecause } = need;
  return {
    kind, keptBy, kept, from: [from.name], to: [to.name], ports: [portText(need)], blocked: sides.map(blockedText),
    because: `${becauseText(because)}${alsoBecause === 0 ? '' : `, and ${alsoBecause} more`}`,
  };
}

/** Any policy that selects a pod isolates it; default-deny is the one that is meant to. */
function blockedText({ direction, by }: Blocked): string {
  const ref = by.find(({ name }) => name === DEFAULT_DENY) ?? by[0];
  const kind = ref === undefined || ref.kind === 'NetworkPolicy' ? '' : `${ref.kind} `;
  return `${direction.toLowerCase()} by ${kind}${ref?.namespace === undefined ? '' : `${ref.namespace}/`}${ref?.name ?? 'nobody'}`;
}

function joined(lines: readonly NeedLine[], keyOf: (line: NeedLine) => string): NeedLine[] {
  return [...Map.groupBy(lines, keyOf).values()].flatMap((alike) => {
    const [first] = alike;
    if (first === undefined || alike.length === 1) return first ?? [];
    const all = (pick: (line: NeedLine) => readonly string[]): string[] => [...new Set(alike.flatMap(pick))];
    return [{
      ...first, from: all(({ from }) => from), to: all(({ to }) => to), ports: all(({ ports }) => ports), blocked: all(({ blocked }) => blocked),
      kept: alike.every(({ kept }) => kept), because: `${first.because}, and ${alike.length - 1} more`,
    }];
  });
}
