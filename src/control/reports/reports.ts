/**
 * Reports for other tools, while the API of openreports.io is served: watched, compared with what is known, and written.
 *
 * Promises: only a leader has any of this; the API may come and go; whatever becomes of it, nothing else is held up.
 */
import { parseReport, REPORT_NAME, type ReportRecord } from '../../kube/open-reports.ts';
import { REPORTS } from '../../kube/resources.ts';
import { openReport } from '../../plan/open-report.ts';
import { planNamespace } from '../../plan/plan.ts';
import type { ReflectorHealth } from '../../watch/reflector.ts';
import { startServedKinds, type ServedKinds } from '../../watch/served-kinds.ts';
import type { Change } from '../../watch/store.ts';
import { isNewer } from '../../watch/versions.ts';
import type { Shared } from '../control-parts.ts';
import type { Reconcile } from '../controller.ts';
import { createLineBudget } from '../line-budget.ts';
import { factsOf } from '../namespace-memory.ts';
import { createReportReconciler, type Wanted } from './reconcile-report.ts';

export interface Reports {
  readonly reconcile: Reconcile;
  /** Begins to watch. */
  start(): void;
  /** Of the watches, for metrics. */
  healths(): readonly ReflectorHealth[];
  stop(): Promise<void>;
}

export interface ReportsParts extends Pick<Shared, 'client' | 'clock' | 'log' | 'views' | 'memories' | 'isolation' | 'stores'> {
  /** Every namespace was looked at. */
  isWhole(): boolean;
  isBusy(): boolean;
  touch(namespace: string): void;
  touchAll(): void;
  /** How often all reports are listed again. */
  readonly relistIntervalMs: number;
}

export const NO_REPORTS: Reports = { reconcile: async () => ({}), start: () => undefined, healths: () => [], stop: async () => undefined };

export function createReports(parts: ReportsParts): Reports {
  const { client, clock, views, memories, isolation } = parts;
  const log = parts.log.child({ component: 'reports' });
  const strangers = createLineBudget(log, 'more reports of this name that are not ours');
  const reports = new Map<string, ReportRecord>();
  let kinds: ServedKinds | undefined;
  let wasOpen = false;

  function isOpen(): boolean {
    return kinds?.sources().some(({ health, isNew }) => health.resource === CRD && health.problem?.kind !== 'NotFound' && (health.synced || isNew)) ?? false;
  }

  function healthChanged(): void {
    const open = isOpen();
    if (open !== wasOpen) log.info(open ? 'reports are written' : 'reports are not written: their API is not there, or cannot be read');
    if (open && !wasOpen) parts.touchAll();
    wasOpen = open;
  }

  function changed({ name, namespace, after }: Change<ReportRecord>): void {
    if (name !== REPORT_NAME || namespace === undefined) return;
    if (after === undefined) reports.delete(namespace);
    else observe(after);
    parts.touch(namespace);
  }

  function observe(record: ReportRecord): void {
    if (record.name === REPORT_NAME && isNewer(record.resourceVersion, reports.get(record.namespace)?.resourceVersion)) reports.set(record.namespace, record);
  }

  function isGone(namespace: string): boolean {
    return parts.stores.namespaces.get(namespace)?.terminating ?? true;
  }

  function wanted(namespace: string): Wanted {
    const view = views.namespace(namespace);
    const memory = memories.get(namespace);
    const knowledge = isolation.knowledge();
    if (view === undefined || memory === undefined || !parts.isWhole() || knowledge.kind === 'Starting') return LATER;
    const effect = isolation.of(namespace)?.effect;
    if (knowledge.kind === 'Known' && effect === undefined) return LATER;
    const content = openReport({ view, plan: planNamespace(view), facts: factsOf(memory, clock.now()), isolation: knowledge, effect });
    return content === undefined ? NONE : { kind: 'Report', content };
  }

  return {
    reconcile: createReportReconciler({
      client, isOpen, isGone, wanted, observe, stored: (namespace) => reports.get(namespace), isBusy: parts.isBusy,
      foreign(namespace) {
        if (strangers.take('foreign', clock.now())) log.warn('a report of this name is not ours and stays; delete or rename it', { namespace, report: REPORT_NAME });
      },
      sleep: clock.sleep, now: clock.now, wallMs: clock.wallMs,
    }),
    start() {
      kinds = startServedKinds<'Report', ReportRecord>({
        client, clock, log, kinds: [{ kind: 'Report', resource: REPORTS, namespaced: true, parse: parseReport }],
        settings: { auditMinMs: parts.relistIntervalMs * 2 / 3, auditMaxMs: parts.relistIntervalMs * 4 / 3 },
        onChange: (_kind, change) => changed(change), onHealth: healthChanged,
      });
    },
    healths: () => kinds?.sources().map(({ health }) => health).filter(({ resource }) => resource === CRD) ?? [],
    async stop() {
      await kinds?.stop();
    },
  };
}

const CRD = `${REPORTS.plural}.${REPORTS.group}`;
const NONE: Wanted = { kind: 'None' };
const LATER: Wanted = { kind: 'Later' };
