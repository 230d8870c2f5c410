/** Labels of a pod that the next pod of its workload has as well: what policies can be written for. */
import type { StringMap } from '../kube/objects.ts';

/** Another one with each rollout, version or pod. */
const PASSING: ReadonlySet<string> = new Set([
  'pod-template-hash', 'controller-revision-hash', 'pod-template-generation', 'statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index',
  'controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name', 'batch.kubernetes.io/job-completion-index',
  'app.kubernetes.io/version', 'helm.sh/chart', 'chart', 'version',
]);

/** By key, so that equal ones are one text. */
export function lastingLabels(labels: StringMap): Map<string, string> {
  return new Map([...labels].filter(([key]) => !PASSING.has(key)).sort(([a], [b]) => (a < b ? -1 : 1)));
}
