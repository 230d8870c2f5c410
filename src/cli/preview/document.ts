/**
 * A preview as data, for `-o json` and `-o yaml`: everything, however much it is. Stable: fields are added, and neither
 * renamed nor removed, while `schemaVersion` stays. docs/cli.md describes it.
 */
import { needText, type Because, type Need, type Party } from '../../analyze/needs/need.ts';
import type { Blocked } from '../../analyze/needs/outcome.ts';
import type { PolicyChange } from '../../analyze/preview/changes.ts';
import type { Preview } from '../../analyze/preview/preview.ts';
import { countsOf } from '../../analyze/preview/counts.ts';
import { peopleCall } from '../../kube/kinds.ts';
import type { PolicyRef } from '../../netpol/model.ts';
import type { Snapshot } from '../../analyze/snapshot.ts';

const SCHEMA_VERSION = 1;

export function previewDocument(preview: Preview, { source, from, unread }: Snapshot): object {
  return {
    kind: 'Preview', schemaVersion: SCHEMA_VERSION,
    source: { type: source, from },
    unread: unread.map(({ kind, why }) => ({ kind: peopleCall(kind), why })),
    baselines: preview.baselines.map(({ record, change }) => ({ name: record.name, change })),
    summary: countsOf(preview),
    namespaces: preview.namespaces.map(({ namespace, verdict, losesIsolation, changes, held }) => ({
      namespace, state: verdict.state, reason: verdict.reason, ...(verdict.message !== '' && { message: verdict.message }),
      changes: changes.map(changeDocument), ...(held.length > 0 && { held: held.map(changeDocument) }), losesIsolation,
    })),
    held: preview.held.map(({ baseline, token, namespaces }) => ({ baseline, token, namespaces })),
    cuts: preview.cuts.map(({ need, sides, keptBy, kept }) => ({ ...needDocument(need), blocked: sides.map(sideDocument), keptBy, kept })),
    alreadyBlocked: preview.alreadyBlocked.map(({ need, sides }) => ({ ...needDocument(need), blocked: sides.map(sideDocument) })),
    unknown: preview.unknown.map(({ need, doubts }) => ({ ...needDocument(need), policies: doubts.policies.map(refDocument), codes: doubts.codes })),
    unresolved: preview.unresolved.map(({ kind, because, problem }) => ({ need: kind, problem, because: becauseDocument(because) })),
    notes: preview.notes,
    suggestions: preview.suggestions,
  };
}

function changeDocument({ action, policy, baseline, cause, differences }: PolicyChange): object {
  return { action, policy, baseline, cause, ...(differences.length > 0 && { differences }) };
}

function needDocument(need: Need): object {
  const { kind, from, to, port, protocol, because, alsoBecause } = need;
  return { need: kind, text: needText(need), from: partyDocument(from), to: partyDocument(to), port, protocol, because: becauseDocument(because), alsoBecause };
}

function partyDocument(party: Party): object {
  return party.kind === 'pods' ? { name: party.name, namespace: party.namespace, pods: party.pods.length } : { name: party.name, addresses: party.ranges ?? party.ips };
}

function becauseDocument({ kind, namespace, name, where }: Because): object {
  return { kind, ...(namespace !== undefined && { namespace }), name, ...(where !== '' && { where }) };
}

function sideDocument({ direction, by }: Blocked): object {
  return { direction, by: by.map(refDocument) };
}

function refDocument({ kind, namespace, name }: PolicyRef): object {
  return { kind, ...(namespace !== undefined && { namespace }), name };
}
