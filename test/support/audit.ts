/** Audits for tests: of snapshots written as YAML, with the options that most tests want. */
import { auditSnapshot, type AuditOptions } from '../../src/analyze/audit/audit.ts';
import type { Audit, NamespaceAudit } from '../../src/analyze/audit/result.ts';
import type { Snapshot } from '../../src/analyze/snapshot.ts';
import { snapshotOf } from './snapshot.ts';

export const AUDIT_OPTIONS: AuditOptions = {
  ipBlockMatchesPods: 'yes', systemNamespaces: new Set(['kube-system']), includeSystem: false, includes: () => true, nowMs: Date.parse('2026-06-01T00:00:00Z'),
};

/** Of a cluster, or of files with `{ source: 'files' }`. */
export function auditOf(text: string, fields: Partial<Snapshot> = {}, options: Partial<AuditOptions> = {}): Audit {
  return auditSnapshot(snapshotOf(text, fields), { ...AUDIT_OPTIONS, ...options });
}

export function namespaceIn({ namespaces }: Audit, name: string): NamespaceAudit {
  const found = namespaces.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no namespace ${name} among ${namespaces.map((each) => each.name).join(', ')}`);
  return found;
}

/** `LEVEL id` of each finding, in their order. */
export function findingsIn(audit: Audit, namespace = 'shop'): string[] {
  return namespaceIn(audit, namespace).findings.map(({ level, id }) => `${level} ${id}`);
}
