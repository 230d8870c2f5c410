/** Why classes of pods may change: one event, in words that name its object. Pure. */
import type { NamespaceRecord, PolicyRecord } from '../../kube/objects.ts';
import type { PodRecord } from '../../kube/pods.ts';
import { isFullyLabelled } from '../../plan/ownership.ts';
import type { Change } from '../../watch/store.ts';
import type { OtherPolicyRecord } from './other-policies.ts';

export const CAUSES = ['policy', 'pod', 'namespace', 'cluster_policy'] as const;
export type CauseKind = (typeof CAUSES)[number];

export interface Cause {
  readonly kind: CauseKind;
  /** `NetworkPolicy shop/allow-all was created`. */
  readonly text: string;
  /** A generated policy, under its own name: its changes are our own writes, or drift that is told as such. */
  readonly isOurs: boolean;
}

export function policyCause(change: Change<PolicyRecord>): Cause {
  const { name, namespace = '', before, after } = change;
  return { kind: 'policy', text: `NetworkPolicy ${namespace}/${name} was ${happened(before, after)}`, isOurs: isOurs(change) };
}

export function isOurs({ before, after }: Change<PolicyRecord>): boolean {
  return [before, after].some((policy) => policy !== undefined && (policy.writtenByUs || isFullyLabelled(policy)));
}

export function otherCause({ name, namespace, before, after }: Change<OtherPolicyRecord>): Cause {
  const kind = (after ?? before)?.kind ?? 'policy';
  return { kind: 'cluster_policy', text: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name} was ${happened(before, after)}`, isOurs: false };
}

export function podCause({ name, namespace = '', before, after }: Change<PodRecord>): Cause {
  const what = before !== undefined && after !== undefined ? `${differing(before, after)} changed` : `was ${happened(before, after)}`;
  return { kind: 'pod', text: `pod ${namespace}/${name}${what.startsWith('was') ? ' ' : ': '}${what}`, isOurs: false };
}

export function namespaceCause({ name, before, after }: Change<NamespaceRecord>): Cause {
  const what = before !== undefined && after !== undefined ? ': its labels changed' : ` was ${happened(before, after)}`;
  return { kind: 'namespace', text: `namespace ${name}${what}`, isOurs: false };
}

function happened(before: unknown, after: unknown): 'created' | 'changed' | 'deleted' {
  if (before === undefined) return 'created';
  return after === undefined ? 'deleted' : 'changed';
}

/** Of what a class can depend on. */
function differing(before: PodRecord, after: PodRecord): string {
  if (before.labels !== after.labels) return 'its labels';
  if (before.ports !== after.ports) return 'its ports';
  return before.ips.join() === after.ips.join() ? 'it' : 'its addresses';
}
