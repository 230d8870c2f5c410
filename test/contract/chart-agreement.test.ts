/** Whoever installs with Helm gets what whoever installs with kustomize gets; what differs is listed here. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../src/config.ts';
import { PRODUCT } from '../../src/api/names.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import type { Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE } from '../support/control-plane.ts';
import { HELMS, HELM_BUILD_MS, aHelm, documents, named, type Helm } from '../support/helm.ts';

/** Only kustomize makes the namespace: Helm has --create-namespace. */
const ONLY_KUSTOMIZE = [`Namespace ${OPERATOR_NAMESPACE}`];
/** Several releases may be in one namespace, so the chart selects by instance as well. */
const INSTANCE = 'app.kubernetes.io/instance';

const idOf = ({ kind, metadata }: Json): string => `${kind} ${metadata.name}`;

/** Without the labels of Helm, and without the instance where pods are selected. */
function withoutRelease(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutRelease);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== INSTANCE).map(([key, child]) => [key, withoutRelease(child)]));
}

/** What the operator makes of the variables of its container. */
function configOf({ env }: Json): object {
  const variables = Object.fromEntries(env.map(({ name, value }: Json) => [name, value ?? 'from-the-pod']));
  return loadConfig({
    flags: {}, env: { ...variables, KUBERNETES_SERVICE_HOST: '10.0.0.1' },
    host: { hostname: 'h', uuid: 'u', podNamespace: 'n', defaultKubeconfig: '/k', pathDelimiter: ':', terminal: false },
  });
}

for (const major of HELMS) describe(`chart and kustomize agree, with Helm ${major}`, function () {
  this.timeout(60_000);
  let plane: ControlPlane;
  let helm: Helm;
  let chart: Json[];
  let kustomize: Json[];
  before(async function () {
    this.timeout(HELM_BUILD_MS);
    helm = await aHelm(this, major);
    plane = await startControlPlane();
    chart = await helm.template();
    kustomize = documents((await plane.kubectl(['kustomize', 'config/default'])).stdout);
  });
  after(async () => {
    await helm?.end();
    await plane?.stop();
  });
  const both = (kind: string, name?: string): [Json, Json] => [named(chart, kind, name), named(kustomize, kind, name)];

  it('on the objects and their names and namespaces', () => {
    assert.deepEqual([...chart.map(idOf), ...ONLY_KUSTOMIZE].toSorted(), kustomize.map(idOf).toSorted());
    for (const object of chart) assert.equal(object.metadata.namespace, named(kustomize, object.kind, object.metadata.name).metadata.namespace, idOf(object));
  });

  it('on every rule and binding of RBAC, and on what aggregates', () => {
    for (const kind of ['ClusterRole', 'Role', 'ClusterRoleBinding', 'RoleBinding']) {
      for (const { metadata: { name } } of kustomize.filter((object) => object.kind === kind)) {
        const [ours, theirs] = both(kind, name);
        assert.deepEqual([ours.rules, ours.roleRef, ours.subjects], [theirs.rules, theirs.roleRef, theirs.subjects], `${kind} ${name}`);
        const aggregated = ({ metadata }: Json) => Object.keys(metadata.labels).filter((label) => label.startsWith('rbac.authorization.k8s.io/')).toSorted();
        assert.deepEqual(aggregated(ours), aggregated(theirs), `${kind} ${name}`);
      }
    }
  });

  it('on the Deployment and the spec of its pods, but for the variables', () => {
    const [{ spec: ours }, { spec: theirs }] = both('Deployment').map((object) => structuredClone(object)) as [Json, Json];
    for (const { template } of [ours, theirs]) delete template.spec.containers[0].env;
    assert.deepEqual(withoutRelease(ours), theirs);
  });

  it('on the configuration that the variables make, each with its default', () => {
    const [ours, theirs] = both('Deployment').map(({ spec }) => spec.template.spec.containers[0]);
    assert.deepEqual(configOf(ours), configOf(theirs));
  });

  it('on ServiceAccount, Service, PodDisruptionBudget and NetworkPolicy', () => {
    for (const [kind, name] of [['Service', `${PRODUCT}-metrics`], ['PodDisruptionBudget', PRODUCT], ['NetworkPolicy', PRODUCT]] as const) {
      const [ours, theirs] = both(kind, name);
      assert.deepEqual(withoutRelease(ours.spec), theirs.spec, kind);
    }
    const [ours, theirs] = both('ServiceAccount');
    assert.equal(ours.automountServiceAccountToken, theirs.automountServiceAccountToken);
  });
});
