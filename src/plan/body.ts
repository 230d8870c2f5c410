/** The object that is sent for a planned policy. Pure: nothing in it is left to defaulting. */
import {
  BASELINE_LABEL, DESCRIPTION_ANNOTATION, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL, PART_OF_LABEL, PRODUCT,
  TEMPLATE_HASH_ANNOTATION, TEMPLATE_LABEL,
} from '../api/names.ts';
import type { ForeignMetadata, StringMap, WireNetworkPolicy } from '../kube/objects.ts';
import type { DesiredPolicy } from './claims.ts';

/** For POST. */
export function newBody(namespace: string, desired: DesiredPolicy): WireNetworkPolicy {
  return body(namespace, desired, {}, {});
}

/**
 * For PUT: foreign labels and annotations are kept, foreign finalizers and ownerReferences are not.
 * `version` makes it conditional on the object that was looked at.
 */
export function replacementBody(namespace: string, desired: DesiredPolicy, foreign: ForeignMetadata, version: { uid: string; resourceVersion: string }): WireNetworkPolicy {
  const replacement = body(namespace, desired, Object.fromEntries(foreign.labels), Object.fromEntries(foreign.annotations));
  return { ...replacement, metadata: { ...replacement.metadata, uid: version.uid, resourceVersion: version.resourceVersion } };
}

function body(namespace: string, desired: DesiredPolicy, labels: Record<string, string>, annotations: Record<string, string>): WireNetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: desired.name,
      namespace,
      labels: {
        ...labels,
        [MANAGED_BY_LABEL]: PRODUCT,
        [PART_OF_LABEL]: PRODUCT,
        [BASELINE_LABEL]: desired.baseline,
        [TEMPLATE_LABEL]: desired.name,
      },
      annotations: {
        ...annotations,
        [TEMPLATE_HASH_ANNOTATION]: desired.spec.hash,
        ...(desired.description === undefined ? {} : { [DESCRIPTION_ANNOTATION]: desired.description }),
        ...(desired.isolatedFor === undefined ? {} : { [ISOLATED_FOR_ANNOTATION]: desired.isolatedFor }),
      },
    },
    spec: desired.spec.spec,
  };
}

/** Labels and annotations by which another tool would change or delete the policy once it is ours. */
const OTHER_OWNERS: readonly string[] = [
  'generate.kyverno.io/', 'policy.kyverno.io/', 'kyverno.io/', 'meta.helm.sh/', 'helm.toolkit.fluxcd.io/', 'kustomize.toolkit.fluxcd.io/',
  'argocd.argoproj.io/', 'kubectl.kubernetes.io/last-applied-configuration',
];

/** For adoption: what is left of foreign metadata when the marks of its former owner are taken off. */
export function withoutOtherOwners({ labels, annotations }: ForeignMetadata): ForeignMetadata {
  return { labels: unmarked(labels), annotations: unmarked(annotations) };
}

function unmarked(from: StringMap): StringMap {
  return new Map([...from].filter(([key]) => !OTHER_OWNERS.some((mark) => key.startsWith(mark))));
}
