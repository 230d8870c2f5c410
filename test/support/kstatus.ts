/**
 * What kstatus makes of a custom resource, by the rules of sigs.k8s.io/cli-utils: Flux waits by them, and Helm 4 does. A suite
 * holds this to Helm 4 itself where it can.
 */
import type { Json } from './api.ts';

export type KStatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

export function kstatusOf({ metadata, status = {} }: Json): KStatus {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (status.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) return 'InProgress';
  const is = (type: string): string | undefined => status.conditions?.find((condition: Json) => condition.type === type)?.status;
  if (is('Reconciling') === 'True') return 'InProgress';
  if (is('Stalled') === 'True') return 'Failed';
  const ready = is('Ready');
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}
