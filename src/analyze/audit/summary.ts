/** What the namespaces of an audit come to: counts, and one figure. */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { PodClassName } from '../../netpol/classify.ts';
import { NAMESPACE_CLASSES } from '../../netpol/namespace-class.ts';
import { compared, LEVELS, type Level } from './finding.ts';
import type { DirectionSummary, NamespaceAudit, Summary } from './result.ts';

export function summaryOf(namespaces: readonly NamespaceAudit[], systemLeftOut: number): Summary {
  const directions = { Ingress: directionSummary('Ingress', namespaces), Egress: directionSummary('Egress', namespaces) };
  const both = DIRECTIONS.map((direction) => directions[direction]);
  const isolated = both.reduce((sum, found) => sum + found.isolated, 0);
  const all = both.reduce((sum, found) => sum + found.isolated + found.notIsolated + found.unknown, 0);
  const count = (level: Level): number => namespaces.filter((each) => each.level === level).length;
  return {
    namespaces: namespaces.length,
    levels: { FAIL: count('FAIL'), WARN: count('WARN'), OK: count('OK') },
    system: namespaces.filter(({ standing }) => standing.isSystem).length,
    systemLeftOut,
    directions,
    score: all === 0 ? undefined : Math.floor((isolated * 100) / all),
  };
}

function directionSummary(direction: Direction, namespaces: readonly NamespaceAudit[]): DirectionSummary {
  const pods = new Map<PodClassName, number>();
  for (const { directions } of namespaces) for (const [name, count] of directions[direction].counts) pods.set(name, (pods.get(name) ?? 0) + count);
  const tenants = namespaces.filter(({ standing }) => !standing.isSystem);
  const isExempt = ({ standing }: NamespaceAudit): boolean => standing.exemptions.some((exemption) => exemption.direction === direction);
  const judged = tenants.filter((each) => !isExempt(each));
  const count = (isolated: string): number => judged.filter(({ directions }) => directions[direction].isolated === isolated).length;
  return { isolated: count('yes'), notIsolated: count('no'), unknown: count('unknown'), exempt: tenants.length - judged.length, pods };
}

/** By level, then by the weaker of both classes, then by name. */
export function worstFirst(namespaces: readonly NamespaceAudit[]): NamespaceAudit[] {
  return namespaces.toSorted((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || weakest(a) - weakest(b) || compared(a.name, b.name));
}

function weakest({ directions }: NamespaceAudit): number {
  return Math.min(...DIRECTIONS.map((direction) => NAMESPACE_CLASSES.indexOf(directions[direction].class)));
}
