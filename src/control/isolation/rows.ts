/** The rows of the gauges about isolation at one moment. Computed at scrape time, on the leader. */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { NamespaceRecord } from '../../kube/objects.ts';
import type { PodClassName } from '../../netpol/classify.ts';
import { CLASSES } from '../../netpol/effective.ts';
import { overriddenIn } from '../../plan/effect.ts';
import type { NamespaceMemories } from '../namespace-memory.ts';
import type { Row } from '../summary.ts';
import type { Isolation } from './isolation.ts';

export interface IsolationRowsParts {
  readonly namespaces: Iterable<NamespaceRecord>;
  readonly isolation: Pick<Isolation, 'knowledge' | 'of' | 'counts' | 'stale' | 'backlog'>;
  readonly memories: NamespaceMemories;
}

const OF_NAMESPACES: readonly PodClassName[] = [...CLASSES, 'unknown'];
const OF_PODS: readonly PodClassName[] = [...OF_NAMESPACES, 'not-coverable'];

export function isolationRows(parts: IsolationRowsParts) {
  const isKnown = parts.isolation.knowledge().kind === 'Known';
  const totals = namespaceTotals(parts);
  const backlog = parts.isolation.backlog();
  const perDirection = (counts: Readonly<Record<Direction, number>>): Row<'direction'>[] => (isKnown ? DIRECTIONS.map((direction) => ({ labels: { direction }, value: counts[direction] })) : []);
  return {
    effectiveNamespaces: DIRECTIONS.flatMap((direction) => classRows(direction, OF_NAMESPACES, totals.classes[direction])),
    effectivePods: DIRECTIONS.flatMap((direction) => classRows(direction, OF_PODS, podCounts(parts.isolation.counts(direction), isKnown))),
    namespacesIsolated: perDirection(totals.isolated),
    namespacesOverridden: perDirection(totals.overridden),
    isolationBacklog: backlog === undefined ? [] : [{ labels: {}, value: backlog.changes }],
    isolationLag: backlog === undefined ? [] : [{ labels: {}, value: backlog.oldestMs / 1000 }],
    stalePolicies: isKnown ? [...parts.isolation.stale() ?? []].map(([reason, value]) => ({ labels: { reason }, value })) : [],
  };
}

function namespaceTotals(parts: IsolationRowsParts) {
  const classes = { Ingress: new Map<PodClassName, number>(), Egress: new Map<PodClassName, number>() };
  const isolated = { Ingress: 0, Egress: 0 };
  const overridden = { Ingress: 0, Egress: 0 };
  for (const { name, terminating } of parts.namespaces) {
    if (terminating) continue;
    const found = parts.isolation.of(name);
    for (const direction of DIRECTIONS) {
      addOne(classes[direction], found?.classes[direction] ?? 'unknown');
      if (found?.effect[direction].isolated === true) isolated[direction] += 1;
    }
    for (const direction of overriddenIn(parts.memories.get(name)?.report?.coverage, found?.effect)) overridden[direction] += 1;
  }
  return { classes, isolated, overridden };
}

function addOne(counts: Map<PodClassName, number>, name: PodClassName): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** What is not known may be anything; that policies do not govern a pod of the host's network is certain. */
function podCounts(counts: ReadonlyMap<PodClassName, number>, isKnown: boolean): ReadonlyMap<PodClassName, number> {
  if (isKnown) return counts;
  let unknown = 0;
  for (const [name, count] of counts) if (name !== 'not-coverable') unknown += count;
  return new Map<PodClassName, number>([['unknown', unknown], ['not-coverable', counts.get('not-coverable') ?? 0]]);
}

function classRows(direction: Direction, names: readonly PodClassName[], counts: ReadonlyMap<PodClassName, number>): Row<'direction' | 'class'>[] {
  return names.map((name) => ({ labels: { direction, class: name }, value: counts.get(name) ?? 0 }));
}
