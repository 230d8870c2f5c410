/**
 * An audit as data, for `-o json` and `-o yaml`. Stable: fields are added, and neither renamed nor removed, while
 * `schemaVersion` stays. docs/cli.md describes it.
 */
import type { Audit, DirectionAudit, NamespaceAudit } from '../../analyze/audit/result.ts';
import type { DirectionSummary } from '../../analyze/audit/result.ts';
import type { Finding } from '../../analyze/audit/finding.ts';
import { placeText } from '../../analyze/audit/text.ts';
import { peopleCall } from '../../kube/kinds.ts';

export const SCHEMA_VERSION = 1;

export function auditDocument({ source, from, namespaces, summary, unread }: Audit): object {
  const { Ingress, Egress } = summary.directions;
  return {
    kind: 'Audit', schemaVersion: SCHEMA_VERSION,
    source: { type: source, from },
    summary: {
      namespaces: summary.namespaces, levels: summary.levels, system: summary.system, systemLeftOut: summary.systemLeftOut,
      ingress: summaryDocument(Ingress), egress: summaryDocument(Egress), ...(summary.score !== undefined && { score: summary.score }),
    },
    unread: unread.map(({ kind, why }) => ({ kind: peopleCall(kind), why })),
    namespaces: namespaces.map(namespaceDocument),
  };
}

function summaryDocument({ isolated, notIsolated, unknown, exempt, pods }: DirectionSummary): object {
  return { isolated, notIsolated, unknown, exempt, pods: sortedObject(pods) };
}

function namespaceDocument({ name, level, standing, policies, pods, directions, dns, findings }: NamespaceAudit): object {
  return {
    namespace: name, level, system: standing.isSystem,
    exemptions: standing.exemptions.map(({ direction, baseline, reason, expiresAt }) => ({ direction, baseline, reason, ...(expiresAt !== undefined && { expiresAt }) })),
    policies, pods, ingress: directionDocument(directions.Ingress), egress: directionDocument(directions.Egress), dns,
    findings: findings.map(findingDocument),
  };
}

function directionDocument({ class: name, isolated, counts, defaultDeny, hasDefaultDeny, defeatedBy, alsoBy }: DirectionAudit): object {
  return {
    class: name, isolated, pods: sortedObject(counts), hasDefaultDeny, defaultDeny: defaultDeny.map((policy) => policy.name),
    defeatedBy: defeatedBy.map(({ policy, rules }) => ({ ...policy, rules })), alsoBy: alsoBy.map(({ policy, rules }) => ({ ...policy, rules })),
  };
}

function findingDocument({ id, level, object, path, direction, message, fix, file, line }: Finding): object {
  return {
    id, level, object: { kind: object.kind, ...(object.namespace !== undefined && { namespace: object.namespace }), name: object.name },
    ...(path.length > 0 && { path: placeText(path) }), ...(direction !== undefined && { direction }),
    message, fix, ...(file !== undefined && { file }), ...(line !== undefined && { line }),
  };
}

/** Keys of a fixed set of words. */
function sortedObject(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
