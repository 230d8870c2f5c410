/** The Helm chart without a cluster, with the real Helm 3 and Helm 4: what it renders, what it refuses, what a package holds. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CRD_NAME, crdManifest } from '../../src/api/crd.ts';
import { PRODUCT } from '../../src/api/names.ts';
import type { Json } from '../support/api.ts';
import { CHART, HELMS, HELM_BUILD_MS, aHelm, documents, named, type Helm } from '../support/helm.ts';

const MONITORING = ['--api-versions', 'monitoring.coreos.com/v1'];
const read = (file: string): Promise<string> => readFile(join(CHART, file), 'utf8');

/** One value that is wrong each, and what Helm has to say of it. */
const REFUSED: Readonly<Record<string, readonly [values: object, says: RegExp]>> = {
  'a word for a number': [{ replicaCount: 'abc' }, /at '\/replicaCount': got string, want integer/],
  'a key that is not there': [{ nosuch: 1 }, /additional properties 'nosuch' not allowed/],
  'a key that is misspelt': [{ image: { tagg: 'x' } }, /at '\/image': additional properties 'tagg' not allowed/],
  'a number for a tag': [{ image: { tag: 1.1 } }, /at '\/image\/tag': got number, want string/],
  'half a digest': [{ image: { digest: 'sha256:12' } }, /at '\/image\/digest': 'sha256:12' does not match pattern/],
  'a duration without a unit': [{ leaderElection: { retryPeriod: '5' } }, /at '\/leaderElection\/retryPeriod': '5' does not match pattern/],
  'a level of logs that is none': [{ logging: { level: 'trace' } }, /at '\/logging\/level': value must be one of 'debug', 'info', 'warn', 'error'/],
  'yes without quotes': [{ ipBlockMatchesPods: true }, /at '\/ipBlockMatchesPods': value must be one of 'yes', 'no', 'unknown'/],
  'a glob for a system namespace': [{ systemNamespaces: ['kube-*'] }, /at '\/systemNamespaces\/0': 'kube-\*' does not match pattern/],
  'no system namespace': [{ systemNamespaces: [] }, /at '\/systemNamespaces': minItems: got 0, want 1/],
  'a label that is no text': [{ commonLabels: { a: true } }, /at '\/commonLabels\/a': got boolean, want string/],
  'an argument that is no flag': [{ extraArgs: ['audit'] }, /at '\/extraArgs\/0': 'audit' does not match pattern/],
  'another render mode': [{ serviceMonitor: { renderMode: 'maybe' } }, /at '\/serviceMonitor\/renderMode': value must be one of/],
  'several replicas that would all write': [{ leaderElection: { enabled: false } }, /leaderElection\.enabled is false and replicaCount is more than 1: all replicas would write/],
  'a ServiceMonitor that must be, and cannot': [{ serviceMonitor: { enabled: true, renderMode: 'failIfMissing' } }, /serviceMonitor\.enabled is true and the cluster does not serve monitoring\.coreos\.com\/v1: install the Prometheus operator first/],
  'a certificate that would not be used': [{ metrics: { tlsSecret: 'tls' } }, /metrics\.tlsSecret is set and metrics\.secure is false: the metrics would be served without TLS/],
  'a rule of admission without the guard': [{ admission: { podGate: true } }, /admission\.enabled is false: the operator itself would be refused/],
  'rules that must be, and cannot': [{ prometheusRule: { enabled: true, renderMode: 'failIfMissing' } }, /prometheusRule\.enabled is true and the cluster does not serve/],
};

for (const major of HELMS) describe(`chart with Helm ${major}`, function () {
  this.timeout(60_000);
  let helm: Helm;
  let dir: string;
  before(async function () {
    this.timeout(HELM_BUILD_MS);
    helm = await aHelm(this, major);
    dir = await mkdtemp(join(tmpdir(), 'npb-chart-'));
  });
  after(async () => {
    await helm?.end();
    if (dir !== undefined) await rm(dir, { recursive: true });
  });

  it('passes lint --strict', async () => {
    const { code, stdout, stderr } = await helm(['lint', '--strict', CHART]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  for (const [what, [values, says]] of Object.entries(REFUSED)) {
    it(`refuses ${what}`, () => assert.rejects(helm.template(values), says));
  }

  it('takes what a chart hands to its dependencies', async () => {
    assert.ok((await helm.template({ global: { imageRegistry: 'x' }, enabled: true })).length > 0);
  });

  it('refuses a Kubernetes that is too old for the CRD', () =>
    assert.rejects(helm.template({}, ['--kube-version', '1.30.4']), /requires kubeVersion: >=1\.31\.0-0 which is incompatible with Kubernetes v1\.30\.4/));

  describe('the CRD', () => {
    it('is the one of crds/, kept when the release goes', async () => {
      const { metadata, ...crd } = named(await helm.template(), 'CustomResourceDefinition');
      const { metadata: source, ...wanted } = crdManifest() as Json;
      assert.deepEqual(crd, wanted);
      assert.deepEqual([metadata.name, metadata.annotations], [CRD_NAME, { ...source.annotations, 'helm.sh/resource-policy': 'keep' }]);
    });

    it('goes with the release if that is asked for, and has the annotations that are given', async () => {
      const { metadata } = named(await helm.template({ crds: { keep: false, annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false' } } }), 'CustomResourceDefinition');
      assert.deepEqual(metadata.annotations, { ...(crdManifest() as Json).metadata.annotations, 'argocd.argoproj.io/sync-options': 'Prune=false' });
    });

    it('is left out if somebody else installs it', async () => {
      assert.deepEqual((await helm.template({ crds: { enabled: false } })).filter(({ kind }) => kind === 'CustomResourceDefinition'), []);
    });
  });

  describe('a ServiceMonitor', () => {
    const kinds = async (values: object, args: readonly string[] = []) => (await helm.template({ serviceMonitor: { enabled: true, ...values } }, args)).map(({ kind }) => kind);

    it('is there where the cluster serves the kind, and skipped where not', async () => {
      assert.ok((await kinds({}, MONITORING)).includes('ServiceMonitor'));
      assert.ok((await kinds({ renderMode: 'failIfMissing' }, MONITORING)).includes('ServiceMonitor'));
      assert.ok(!(await kinds({})).includes('ServiceMonitor'));
      assert.ok((await kinds({ renderMode: 'alwaysRender' })).includes('ServiceMonitor'));
      assert.ok(!(await kinds({ enabled: false, renderMode: 'alwaysRender' }, MONITORING)).includes('ServiceMonitor'));
    });

    it('selects the Service, and is found by the labels that it is given', async () => {
      const objects = await helm.template({ serviceMonitor: { enabled: true, namespace: 'monitoring', additionalLabels: { release: 'prom' }, scrapeTimeout: '5s', honorLabels: true, relabelings: [{ action: 'labeldrop', regex: 'pod' }], metricRelabelings: [{ action: 'drop', regex: 'x' }] } }, MONITORING);
      const { metadata, spec } = named(objects, 'ServiceMonitor');
      assert.equal(objects.filter(({ kind }) => kind === 'PrometheusRule').length, 0, 'asked for by a value of its own');
      const service = named(objects, 'Service');
      assert.deepEqual([metadata.namespace, metadata.labels.release], ['monitoring', 'prom']);
      assert.deepEqual(spec.namespaceSelector.matchNames, [service.metadata.namespace]);
      for (const [key, value] of Object.entries(spec.selector.matchLabels)) assert.equal(service.metadata.labels[key], value);
      assert.equal(service.metadata.labels[spec.jobLabel], PRODUCT, 'the job that dashboards and rules ask for');
      assert.deepEqual(spec.endpoints, [{ port: service.spec.ports[0].name, path: '/metrics', interval: '30s', scrapeTimeout: '5s', honorLabels: true, relabelings: [{ action: 'labeldrop', regex: 'pod' }], metricRelabelings: [{ action: 'drop', regex: 'x' }] }]);
    });
  });

  describe('values', () => {
    const pod = async (values: object): Promise<Json> => named(await helm.template(values), 'Deployment').spec.template;
    const operator = async (values: object): Promise<Json> => (await pod(values)).spec.containers[0];

    it('name the image: version, tag or digest', async () => {
      const { version } = JSON.parse(await readFile(join(CHART, '../../package.json'), 'utf8'));
      const digest = `sha256:${'0'.repeat(64)}`;
      const image = async (values: object) => (await operator({ image: { repository: 'r/x', ...values } })).image;
      assert.deepEqual([await image({}), await image({ tag: '1.2' }), await image({ tag: '1.2', digest })], [`r/x:${version}`, 'r/x:1.2', `r/x@${digest}`]);
      const { version: chart, appVersion } = parse(await read('Chart.yaml'));
      assert.deepEqual([chart, appVersion], [version, version]);
    });

    it('reach the pod', async () => {
      const volume = { name: 'v', emptyDir: {} };
      const { metadata, spec } = await pod({
        commonLabels: { team: 'a' }, podLabels: { tier: 'x' }, podAnnotations: { note: 'y' }, imagePullSecrets: [{ name: 'reg' }], hostUsers: false, priorityClassName: 'system-cluster-critical',
        nodeSelector: { disk: 'ssd' }, tolerations: [{ operator: 'Exists' }], affinity: { nodeAffinity: {} }, topologySpreadConstraints: [{ maxSkew: 2 }],
        extraVolumes: [volume], extraVolumeMounts: [{ name: 'v', mountPath: '/v' }], extraArgs: ['--max-in-flight=4'], extraEnv: [{ name: 'A', value: 'b' }], resources: { limits: { memory: '1Gi' } },
      });
      assert.deepEqual([metadata.labels.team, metadata.labels.tier, metadata.annotations.note], ['a', 'x', 'y']);
      const [container] = spec.containers;
      assert.deepEqual(container.args, ['operator', '--max-in-flight=4']);
      assert.deepEqual(container.env.at(-1), { name: 'A', value: 'b' });
      assert.deepEqual([container.volumeMounts, container.resources.limits.memory], [[{ name: 'v', mountPath: '/v' }], '1Gi']);
      assert.deepEqual(
        [spec.imagePullSecrets, spec.hostUsers, spec.priorityClassName, spec.nodeSelector, spec.tolerations, spec.affinity, spec.topologySpreadConstraints, spec.volumes],
        [[{ name: 'reg' }], false, 'system-cluster-critical', { disk: 'ssd' }, [{ operator: 'Exists' }], { nodeAffinity: {} }, [{ maxSkew: 2 }], [volume]],
      );
    });

    it('protected metrics: a certificate of a Secret is mounted, verified by Prometheus, and each side knows the scheme', async () => {
      const values = { metrics: { secure: true, tlsSecret: 'tls' }, serviceMonitor: { enabled: true }, nameOverride: 'npb', extraVolumes: [{ name: 'v' }] };
      const objects = await helm.template(values, MONITORING);
      const { spec: { volumes, containers: [container] } } = named(objects, 'Deployment').spec.template;
      assert.deepEqual(volumes, [{ name: 'tls', secret: { secretName: 'tls' } }, { name: 'v' }]);
      assert.deepEqual(container.volumeMounts, [{ name: 'tls', mountPath: '/tls', readOnly: true }]);
      assert.deepEqual(container.env.slice(-2).map(({ value }: Json) => value), ['/tls/tls.crt', '/tls/tls.key']);
      const [endpoint] = named(objects, 'ServiceMonitor').spec.endpoints;
      const { metadata, spec } = named(objects, 'Service');
      assert.deepEqual([endpoint.port, endpoint.scheme, endpoint.tlsConfig], [spec.ports[0].name, 'https', { ca: { secret: { name: 'tls', key: 'ca.crt' } }, serverName: `${metadata.name}.${metadata.namespace}.svc` }]);
      assert.equal(metadata.labels[named(objects, 'ServiceMonitor').spec.jobLabel], PRODUCT, 'also under another name');
    });

    it('isolation off takes its role away and tells the operator', async () => {
      const objects = await helm.template({ evaluateIsolation: false });
      assert.deepEqual(objects.filter(({ metadata }) => String(metadata.name).endsWith('-isolation')), []);
      assert.equal((await operator({ evaluateIsolation: false })).env.find(({ name }: Json) => name === 'NPB_EVALUATE_ISOLATION').value, 'false');
    });

    it('the status page is off unless it is asked for', async () => {
      const setting = async (values: object): Promise<unknown> => (await operator(values)).env.find(({ name }: Json) => name === 'NPB_STATUS_PAGE')?.value;
      assert.deepEqual([await setting({}), await setting({ statusPage: true })], [undefined, 'true']);
    });

    it('rename everything: objects refer to each other under the new names', async () => {
      const objects = await helm.template({ fullnameOverride: 'guard', namespaceOverride: 'elsewhere', serviceAccount: { name: 'robot' } });
      const deployment = named(objects, 'Deployment');
      assert.deepEqual([deployment.metadata.name, deployment.metadata.namespace, deployment.spec.template.spec.serviceAccountName], ['guard', 'elsewhere', 'robot']);
      named(objects, 'ServiceAccount', 'robot');
      for (const binding of objects.filter(({ kind }) => kind.endsWith('RoleBinding'))) {
        assert.deepEqual(binding.subjects, [{ kind: 'ServiceAccount', name: 'robot', namespace: 'elsewhere' }]);
        named(objects, binding.roleRef.kind, binding.roleRef.name);
      }
      assert.deepEqual(objects.filter(({ metadata }) => metadata.namespace !== undefined && metadata.namespace !== 'elsewhere'), []);
    });

    it('a long name of a release stays within the length of names', async () => {
      const { stdout } = await helm(['template', 'a-release-with-the-longest-name-that-helm-lets-people-type', CHART]);
      for (const { metadata } of documents(stdout)) if (metadata.name !== CRD_NAME) assert.ok(metadata.name.length <= 63, metadata.name);
    });

    it('everything else can be switched off', async () => {
      const off = { podDisruptionBudget: { enabled: false }, networkPolicy: { enabled: false }, rbac: { create: false }, serviceAccount: { create: false }, crds: { enabled: false } };
      const objects = await helm.template(off);
      assert.deepEqual(objects.map(({ kind }) => String(kind)).toSorted(), ['Deployment', 'Service']);
      assert.equal(named(objects, 'Deployment').spec.template.spec.serviceAccountName, 'default');
    });

    it('a PodDisruptionBudget has one of minAvailable and maxUnavailable', async () => {
      const spec = async (values: object) => named(await helm.template({ podDisruptionBudget: values }), 'PodDisruptionBudget').spec;
      assert.deepEqual([(await spec({})).maxUnavailable, (await spec({})).minAvailable], [1, undefined]);
      assert.deepEqual([(await spec({ minAvailable: '50%' })).maxUnavailable, (await spec({ minAvailable: '50%' })).minAvailable], [undefined, '50%']);
    });

    it('further objects are templates, as YAML and as text', async () => {
      const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}-text"}\n';
      const objects = await helm.template({ extraObjects: [text, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-yaml' } }] });
      assert.deepEqual(objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name), [`${PRODUCT}-text`, `${PRODUCT}-yaml`]);
    });
  });

  it('a package is complete by itself: CRD and roles in it, no link', async () => {
    const { code, stderr } = await helm(['package', CHART, '--destination', dir]);
    assert.equal(code, 0, stderr);
    const [archive = ''] = await readdir(dir);
    assert.deepEqual(await helm.template({}, [], join(dir, archive)), await helm.template());
    const { stderr: said } = await helm(['lint', '--strict', join(dir, archive)]);
    assert.equal(said, '');
  });

  it('without what the links point to, as some tools fetch it from git, it says so instead of leaving the CRD out', async () => {
    const copy = join(dir, 'without-links');
    await cp(CHART, copy, { recursive: true, filter: (path) => !path.startsWith(join(CHART, 'files')) });
    await assert.rejects(helm.template({}, [], copy), /files\/\S+ is not in this chart: whatever fetched it from git left symbolic links out\. Package it with `helm package config\/helm`/);
  });
});

describe('values of the chart', () => {
  /** Their parts are Kubernetes' own; values.yaml has only those with a default. */
  const OF_KUBERNETES = ['resources', 'affinity'];
  const FOR_PARENT_CHARTS = ['enabled', 'global'];
  const differences = (values: Json, { properties }: Json, path = ''): string[] => {
    if (properties === undefined || OF_KUBERNETES.includes(path)) return [];
    const known = Object.keys(properties).filter((key) => path !== '' || !FOR_PARENT_CHARTS.includes(key));
    const odd = [...new Set([...known, ...Object.keys(values)])].filter((key) => !known.includes(key) || !Object.hasOwn(values, key));
    return [...odd.map((key) => path + key), ...known.filter((key) => !odd.includes(key)).flatMap((key) => differences(values[key], properties[key], path + key))];
  };

  it('values.schema.json and values.yaml know the same keys', async () => {
    assert.deepEqual(differences(parse(await read('values.yaml')), JSON.parse(await read('values.schema.json'))), []);
  });

  it('nothing in values.schema.json is left open by accident', async () => {
    const open: string[] = [];
    const visit = (at: Json, path: string): void => {
      if (at?.properties !== undefined && at.additionalProperties !== false) open.push(path);
      if (at !== null && typeof at === 'object') for (const [key, child] of Object.entries(at)) visit(child, `${path}/${key}`);
    };
    visit(JSON.parse(await read('values.schema.json')), '');
    assert.deepEqual(open, []);
  });
});
