/** A baseline from a file in the place of the one that the cluster has: what `kubectl apply` would make of it. */
import { parseBaseline, type BaselineRecord } from '../../kube/objects.ts';
import type { KubeObject } from '../snapshot.ts';

export interface PreviewedBaseline {
  readonly record: BaselineRecord;
  /** `same`: the cluster has it already. */
  readonly change: 'new' | 'changed' | 'same';
}

/** `live` is what the cluster has under this name. */
export function previewedBaseline(file: KubeObject, live: KubeObject | undefined, nowMs: number): PreviewedBaseline {
  const { annotations } = file.metadata;
  if (live === undefined) {
    const metadata = { name: file.metadata.name, uid: 'new', generation: 1, creationTimestamp: new Date(nowMs).toISOString(), ...(annotations === undefined ? {} : { annotations }) };
    return { record: parseBaseline({ metadata, spec: file['spec'] }), change: 'new' };
  }
  const before = parseBaseline(live);
  const wanted = parseBaseline({ metadata: file.metadata, spec: file['spec'] });
  const isSame = before.specHash === wanted.specHash;
  const metadata = { ...live.metadata, generation: before.generation + (isSame ? 0 : 1), annotations: { ...live.metadata.annotations, ...annotations } };
  return { record: parseBaseline({ metadata, spec: file['spec'], status: live['status'] }), change: isSame ? 'same' : 'changed' };
}
