/** The reconciler of baselines with what it is given: what their status is made of, and how it is written. */
import { parseBaseline } from '../kube/objects.ts';
import { createAnnouncer } from './announce.ts';
import type { Shared } from './control-parts.ts';
import type { Reconcile } from './controller.ts';
import { reconcileBaseline, type StatusWrite } from './reconcile-baseline.ts';
import { isProcessed, oldEnoughAtMs, statusRows } from './summary.ts';

export function baselineReconciler(shared: Shared): Reconcile {
  const { clock, gate, views, memories, stores, client, settings, processed, isolation, log } = shared;
  const announcer = createAnnouncer(shared.events);
  const written = new Map<string, StatusWrite>();
  const lookedAtMs = new Map<string, number>();
  return (key, signal) => reconcileBaseline(key, {
    baseline: (name) => views.cluster().byName.get(name),
    rows: (name) => statusRows(name, memories, clock.now()),
    isolation: isolation.knowledge,
    rowsChangeAtMs: (name) => oldEnoughAtMs(name, memories, clock.now()),
    assessed: shared.isAssessed,
    processed(name) {
      const version = views.changedIn(name);
      if (processed.get(name) === version) return true; // once is enough: a namespace that comes later is pending, not unprocessed
      if (!isProcessed(version, stores.namespaces.all(), memories)) return false;
      processed.set(name, version);
      return true;
    },
    held: (name) => gate.heldFor(name),
    holding: (name) => shared.holders.of(name).size,
    exemptionEnded: announcer.expired,
    lookedAtMs,
    async patchMetadata({ name }, patch, abort) {
      stores.baselines.observeWrite(parseBaseline(await client.patchBaseline(name, patch, abort)));
    },
    async patchStatus({ name }, status, abort) {
      const stored = parseBaseline(await client.patchBaselineStatus(name, status, abort));
      stores.baselines.observeWrite(stored);
      return stored.status;
    },
    statusWritten: announcer.statusWritten,
    statusNotKept: (baseline, fields) => log.warn('the API server does not keep all of a status; apply the CRD of this version: kubectl apply --server-side -k crds', { baseline, fields }),
    written,
    forget(name) {
      for (const byName of [written, lookedAtMs, processed]) byName.delete(name);
    },
    statusIntervalMs: shared.isDraining() ? 0 : settings.statusIntervalMs,
    now: clock.now,
    wallMs: clock.wallMs,
  }, signal);
}
