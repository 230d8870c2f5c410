/** Whoever installs with Helm gets what whoever installs with kustomize gets; what differs is listed here. */
import assert from 'node:assert/strict';
import { loadConfig } from '../../src/config.ts';
import { PRODUCT } from '../../src/api/names.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
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
  const kustomized = async (folder: string): Promise<Json[]> => documents((await plane.kubectl(['kustomize', folder])).stdout);
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

  it('on protected metrics', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-overlay-'));
    const at = (path: string): string => relative(folder, resolve(path));
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [at('config/default')], components: [at('config/metrics-auth')] }));
    const [ours, theirs] = [await helm.template({ metrics: { secure: true } }), await kustomized(folder)];
    await rm(folder, { recursive: true });
    assert.deepEqual([...ours.map(idOf), ...ONLY_KUSTOMIZE].toSorted(), theirs.map(idOf).toSorted());
    const [pod, wanted] = [ours, theirs].map((objects) => named(objects, 'Deployment').spec.template.spec.containers[0]);
    assert.deepEqual(configOf(pod), configOf(wanted));
    assert.deepEqual([pod.livenessProbe, pod.readinessProbe], [wanted.livenessProbe, wanted.readinessProbe]);
    assert.deepEqual(named(ours, 'Service').spec.ports, named(theirs, 'Service').spec.ports);
    for (const { kind, metadata: { name }, rules } of theirs.filter((object) => object.kind === 'ClusterRole')) assert.deepEqual(named(ours, kind, name).rules, rules, name);
  });

  it('on reports of openreports.io', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-overlay-'));
    const at = (path: string): string => relative(folder, resolve(path));
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [at('config/default')], components: [at('config/open-reports')] }));
    const [ours, theirs] = [await helm.template({ openReports: { enabled: true } }), await kustomized(folder)];
    await rm(folder, { recursive: true });
    assert.deepEqual([...ours.map(idOf), ...ONLY_KUSTOMIZE].toSorted(), theirs.map(idOf).toSorted());
    for (const { kind, metadata: { name }, rules, roleRef, subjects } of theirs.filter((object) => object.metadata.name.endsWith('-open-reports'))) {
      const found = named(ours, kind, name);
      assert.deepEqual([found.rules, found.roleRef, found.subjects], [rules, roleRef, subjects], `${kind} ${name}`);
    }
    const [config, wanted] = [ours, theirs].map((objects) => configOf(named(objects, 'Deployment').spec.template.spec.containers[0]));
    assert.deepEqual(config, wanted);
    assert.deepEqual(config, { ...configOf(named(kustomize, 'Deployment').spec.template.spec.containers[0]), openReports: true });
  });

  it('on scraping, rules and alerts', async () => {
    const ours = await helm.template({ serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } }, ['--api-versions', 'monitoring.coreos.com/v1']);
    const theirs = await kustomized('config/prometheus');
    assert.deepEqual(named(ours, 'PrometheusRule').spec, named(theirs, 'PrometheusRule').spec);
    const [monitor, wanted] = [named(ours, 'ServiceMonitor'), named(theirs, 'ServiceMonitor')];
    assert.deepEqual(monitor.spec.endpoints, wanted.spec.endpoints);
    const job = (service: Json, { spec }: Json): string => service.metadata.labels[spec.jobLabel];
    assert.equal(job(named(chart, 'Service'), monitor), job(named(kustomize, 'Service'), wanted));
  });

  it('on the dashboards', async () => {
    const ours = (await helm.template({ grafanaDashboard: { enabled: true } })).filter(({ kind }) => kind === 'ConfigMap');
    const theirs = await kustomized('config/dashboards');
    assert.deepEqual(ours.map(idOf).toSorted(), theirs.map(idOf).toSorted());
    for (const { metadata: { name, labels, annotations }, data } of theirs) {
      const found = named(ours, 'ConfigMap', name);
      assert.deepEqual(Object.entries(found.data).map(([file, text]) => [file, JSON.parse(String(text))]), Object.entries(data).map(([file, text]) => [file, JSON.parse(String(text))]));
      assert.deepEqual([found.metadata.labels.grafana_dashboard, found.metadata.annotations], [labels.grafana_dashboard, annotations]);
    }
  });

  it('on the guard at admission, with each of its optional rules', async () => {
    const optional = { namespaceLabels: 'namespace-labels', noAllowAll: 'no-allow-all', noEmptyPodSelector: 'no-empty-pod-selector', podGate: 'pod-gate' };
    const base = await kustomized('config/admission');
    const added = async (values: object): Promise<Json[]> => {
      const objects = await helm.template({ admission: { enabled: true, ...values } });
      return objects.filter((object) => !chart.some((other) => idOf(other) === idOf(object)));
    };
    for (const [value, folder] of [[undefined, undefined], ...Object.entries(optional)]) {
      const ours = await added(value === undefined ? {} : { [value]: true });
      const theirs = [...base, ...(folder === undefined ? [] : await kustomized(`config/admission/${folder}`))];
      assert.deepEqual(ours.map(idOf).toSorted(), theirs.map(idOf).toSorted());
      for (const { kind, metadata: { name }, spec, rules, roleRef, subjects } of theirs) {
        const found = named(ours, kind, name);
        assert.deepEqual([found.spec, found.rules, found.roleRef, found.subjects], [spec, rules, roleRef, subjects], `${kind} ${name}`);
      }
    }
  });

  it('the guard knows other system namespaces and another namespace of the operator', async () => {
    const objects = await helm.template({ namespaceOverride: 'elsewhere', systemNamespaces: ['kube-system', 'platform'], admission: { enabled: true, podGate: true, noAllowAll: true, noEmptyPodSelector: true } });
    const { validations } = named(objects, 'ValidatingAdmissionPolicy', 'operator-policies.netbaseline.io').spec;
    assert.ok(validations.some(({ expression }: Json) => expression.includes("in ['kube-system', 'platform'])")));
    const { matchResources } = named(objects, 'ValidatingAdmissionPolicyBinding', 'no-default-deny-in-this-namespace-yet.netbaseline.io').spec;
    assert.deepEqual(matchResources.namespaceSelector.matchExpressions[0].values, ['kube-system', 'platform', 'elsewhere']);
    assert.ok(!JSON.stringify(objects.filter(({ kind }) => kind.startsWith('ValidatingAdmission'))).includes('kube-public'));
  });
});
