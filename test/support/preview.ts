/** Previews of baselines over clusters that are written as YAML. */
import { previewOf, type NamespaceOutcome, type Preview } from '../../src/analyze/preview/preview.ts';
import { previewedBaseline } from '../../src/analyze/preview/previewed.ts';
import { changeText } from '../../src/analyze/preview/changes.ts';
import { needText } from '../../src/analyze/needs/need.ts';
import { objectsOf, type KubeObject, type Snapshot } from '../../src/analyze/snapshot.ts';
import { BASELINE_LABEL, DEFAULT_SYSTEM_NAMESPACES, DESCRIPTION_ANNOTATION, FIELD_MANAGER, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL, PART_OF_LABEL, TEMPLATE_HASH_ANNOTATION, TEMPLATE_LABEL } from '../../src/api/names.ts';
import type { PolicyRecord } from '../../src/kube/objects.ts';
import { NOW_MS } from './build.ts';

export const aBaselineObject = (spec: object = {}, name = 'default', metadata: object = {}): KubeObject =>
  ({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name, ...metadata }, spec });

export function preview(snapshot: Snapshot, ...files: readonly KubeObject[]): Preview {
  const live = new Map(objectsOf(snapshot, 'NamespacePolicyBaseline').map(({ object }) => [object.metadata.name, object]));
  return previewOf({
    snapshot, baselines: files.map((file) => previewedBaseline(file, live.get(file.metadata.name), NOW_MS)),
    systemNamespaces: new Set(DEFAULT_SYSTEM_NAMESPACES), nowMs: NOW_MS, options: { ipBlockMatchesPods: 'yes' },
  });
}

/** `create default-deny`, as texts. */
export function changesOf(found: Preview, namespace: string): string[] {
  return outcomeOf(found, namespace).changes.map(changeText);
}

export function outcomeOf({ namespaces }: Preview, name: string): NamespaceOutcome {
  const found = namespaces.find(({ namespace }) => namespace === name);
  if (found === undefined) throw new Error(`no namespace ${name} among ${namespaces.map(({ namespace }) => namespace).join(', ')}`);
  return found;
}

export const cutsOf = ({ cuts }: Preview): string[] => cuts.map(({ need }) => `${need.kind}: ${needText(need)}`);

/** The snapshot after the operator has carried out what the preview says. */
export function applied(snapshot: Snapshot, { plan }: Preview): Snapshot {
  const before = new Map(objectsOf(snapshot, 'NetworkPolicy').map((each) => [`${each.object.metadata.namespace}/${each.object.metadata.name}`, each]));
  const now = plan.settled.flatMap(({ view, after }) => [...after.view.policies.values()].map((record) => {
    const same = view.policies.get(record.name) === record ? before.get(`${record.namespace}/${record.name}`) : undefined;
    return same ?? { object: objectOf(record), origin: undefined };
  }));
  return { ...snapshot, objects: new Map([...snapshot.objects, ['NetworkPolicy', now]]) };
}

function objectOf({ namespace, name, own, foreign, templateHash, description, isolatedFor, spec }: PolicyRecord): KubeObject {
  const given = (values: Record<string, string | undefined>): Record<string, string> => Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
  return {
    apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', spec,
    metadata: {
      name, namespace, uid: `uid-${namespace}-${name}`, resourceVersion: '9', managedFields: [{ manager: FIELD_MANAGER }],
      labels: { ...Object.fromEntries(foreign?.labels ?? []), ...given({ [MANAGED_BY_LABEL]: own.managedBy, [PART_OF_LABEL]: own.partOf, [BASELINE_LABEL]: own.baseline, [TEMPLATE_LABEL]: own.template }) },
      annotations: { ...Object.fromEntries(foreign?.annotations ?? []), ...given({ [TEMPLATE_HASH_ANNOTATION]: templateHash, [DESCRIPTION_ANNOTATION]: description, [ISOLATED_FOR_ANNOTATION]: isolatedFor }) },
    },
  };
}
