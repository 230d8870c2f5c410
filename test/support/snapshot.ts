/** Snapshots for tests of analyses, written as the YAML that people write. */
import { parseAllDocuments } from 'yaml';
import type { KubeObject, Snapshot, Sourced } from '../../src/analyze/snapshot.ts';
import { KINDS, type KindName } from '../../src/kube/kinds.ts';

/** Documents separated by `---`. Every known kind counts as read. */
export function snapshotOf(text: string, fields: Partial<Snapshot> = {}): Snapshot {
  return snapshotOfObjects(parseAllDocuments(text).flatMap((document) => (document.toJS() as KubeObject | null) ?? []), fields);
}

export function snapshotOfObjects(all: readonly KubeObject[], fields: Partial<Snapshot> = {}): Snapshot {
  const objects = new Map<KindName, Sourced[]>();
  for (const object of all) {
    const kind = kindOf(object);
    if (kind === undefined) throw new Error(`not a known kind: ${object.apiVersion} ${object.kind}`);
    const known = objects.get(kind);
    if (known === undefined) objects.set(kind, [{ object, origin: undefined }]);
    else known.push({ object, origin: undefined });
  }
  return { source: 'cluster', from: 'https://example.test', objects, unread: [], ...fields };
}

/** `undefined` for a kind that is not known. */
export function kindOf({ apiVersion, kind }: KubeObject): KindName | undefined {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return (Object.keys(KINDS) as KindName[]).find((name) => KINDS[name].kind === kind && KINDS[name].group === group);
}
