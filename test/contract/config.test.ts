/**
 * What people apply, on an empty control plane with the real kubectl: config/default, install.yaml, the samples.
 * A Deployment stays without pods here, so its pod is checked by the API server's own pod security.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { baselineSpec } from '../../src/api/v1alpha1.ts';
import { CRD_NAME } from '../../src/api/crd.ts';
import { LEASE_NAME, PRODUCT } from '../../src/api/names.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import { run } from '../tools/run.ts';
import { POLICIES, apiAs, type Api, type Json } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/control-plane.ts';
import { whenEstablished } from '../control-plane/established.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');
const documents = (text: string): Json[] => parseAllDocuments(text).map((document) => document.toJS());

describe('config', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let api: Api;
  let rendered: Json[];
  const find = (kind: string): Json => rendered.find((object) => object.kind === kind);

  before(async () => {
    plane = await startControlPlane();
    api = apiAs(plane.adminKubeconfig);
    rendered = documents((await plane.kubectl(['kustomize', 'config/default'])).stdout);
  });
  after(async () => {
    await api.close();
    await plane.stop();
  });

  it('default is applied with kubectl, without a warning', async () => {
    const { stderr } = await plane.kubectl(['apply', '-k', 'config/default']);
    assert.equal(stderr, '');
    await whenEstablished(plane.kubectl, CRD_NAME);
  });

  it('default is applied again without a change', async () => {
    const versions = async () => (await plane.kubectl(['get', '-k', 'config/default', '-o', 'jsonpath={range .items[*]}{.kind} {.metadata.resourceVersion}\n{end}'])).stdout;
    const before = await versions();
    const { stdout } = await plane.kubectl(['apply', '-k', 'config/default']);
    assert.equal(await versions(), before);
    // kubectl always sends the selector of a PodDisruptionBudget; the API server finds nothing to change.
    assert.deepEqual(stdout.trim().split('\n').filter((line) => !line.endsWith(' unchanged') && !line.startsWith('poddisruptionbudget')), []);
  });

  it('install.yaml is applied on the server, by those who prefer one file', async () => {
    const { code, stderr } = await run(process.execPath, ['scripts/build-install.ts'], { cwd: ROOT, env: { ...process.env, PATH: dirname(plane.kubectlPath) } });
    assert.equal(code, 0, stderr);
    assert.deepEqual(documents(await read('dist/install.yaml')), rendered);
    await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', 'dist/install.yaml']);
  });

  it('default holds these objects under these names: nothing is renamed or gets a hash', () => {
    assert.deepEqual(rendered.map(({ kind, metadata }) => `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`).sort(), [
      `ClusterRole ${PRODUCT}`,
      `ClusterRole ${PRODUCT}-editor`,
      `ClusterRole ${PRODUCT}-generate`,
      `ClusterRole ${PRODUCT}-isolation`,
      `ClusterRole ${PRODUCT}-viewer`,
      `ClusterRoleBinding ${PRODUCT}`,
      `ClusterRoleBinding ${PRODUCT}-generate`,
      `ClusterRoleBinding ${PRODUCT}-isolation`,
      `CustomResourceDefinition ${CRD_NAME}`,
      `Deployment ${OPERATOR_NAMESPACE}/${PRODUCT}`,
      `Namespace ${OPERATOR_NAMESPACE}`,
      `NetworkPolicy ${OPERATOR_NAMESPACE}/${PRODUCT}`,
      `PodDisruptionBudget ${OPERATOR_NAMESPACE}/${PRODUCT}`,
      `Role ${OPERATOR_NAMESPACE}/${PRODUCT}`,
      `RoleBinding ${OPERATOR_NAMESPACE}/${PRODUCT}`,
      `Service ${OPERATOR_NAMESPACE}/${PRODUCT}-metrics`,
      `ServiceAccount ${OPERATOR_NAMESPACE}/${PRODUCT}`,
    ]);
  });

  it('what isolation needs is reading only, and is bound to the same ServiceAccount', () => {
    const of = (kind: string): Json => rendered.find((object) => object.kind === kind && object.metadata.name === `${PRODUCT}-isolation`);
    assert.deepEqual(new Set(of('ClusterRole').rules.flatMap(({ verbs }: Json) => verbs)), new Set(['list', 'watch']));
    assert.deepEqual(of('ClusterRoleBinding').subjects, find('ClusterRoleBinding').subjects);
    assert.equal(of('ClusterRoleBinding').roleRef.name, `${PRODUCT}-isolation`);
  });

  it('default takes the image of whoever includes it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-overlay-'));
    try {
      const image = { name: PRODUCT, newName: 'registry.example.com/team/npb', newTag: '9.9.9' };
      await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ resources: [relative(folder, join(ROOT, 'config/default'))], images: [image] }));
      const { stdout } = await plane.kubectl(['kustomize', folder]);
      assert.deepEqual(stdout.match(/image: .*/g), ['image: registry.example.com/team/npb:9.9.9']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('everything follows an overlay into a namespace of another name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-overlay-'));
    try {
      const to = (path: string): string => relative(folder, join(ROOT, path));
      await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify({ namespace: 'elsewhere', resources: [to('config/default')], components: [to('config/metrics-auth'), to('config/open-reports')] }));
      const { stdout } = await plane.kubectl(['kustomize', folder]);
      assert.match(stdout, /name: namespace-policy-baseline-open-reports/);
      assert.deepEqual(new Set(stdout.match(/^ +namespace: .*$/gm)?.map((line) => line.trim())), new Set(['namespace: elsewhere']));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('the image has the version of package.json', async () => {
    const { version } = JSON.parse(await read('package.json'));
    assert.equal(find('Deployment').spec.template.spec.containers[0].image, `${PRODUCT}:${version}`);
    assert.match(await read('Dockerfile'), new RegExp(`^ARG VERSION=${version}$`, 'm'));
  });

  describe('pod', () => {
    const createPod = (change: (spec: Json) => void = () => undefined) => {
      const { metadata, spec } = structuredClone(find('Deployment').spec.template);
      change(spec);
      return api.post(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods?dryRun=All`, { metadata: { name: 'pod', ...metadata }, spec });
    };

    it('is admitted where the restricted pod security standard is enforced', async () => {
      const { code, body } = await createPod();
      assert.equal(code, 201, body.message);
    });

    it('would not be, were it less restricted', async () => {
      const { code, body } = await createPod((spec) => { delete spec.containers[0].securityContext.capabilities; });
      assert.equal(code, 403);
      assert.match(body.message, /violates PodSecurity "restricted:latest": unrestricted capabilities/);
    });

    it('has its own token, probes on the port that it serves, and one memory limit', () => {
      const { spec } = find('Deployment').spec.template;
      const [operator] = spec.containers;
      assert.equal(find('ServiceAccount').automountServiceAccountToken, false);
      assert.equal(spec.automountServiceAccountToken, true);
      assert.deepEqual([operator.livenessProbe.httpGet, operator.readinessProbe.httpGet], [{ path: '/healthz', port: 'http' }, { path: '/readyz', port: 'http' }]);
      assert.deepEqual(operator.ports, [{ name: 'http', containerPort: 8080 }]);
      assert.equal(operator.resources.limits.memory, '512Mi');
    });

    it('is what the Service, the PodDisruptionBudget and the NetworkPolicy select', () => {
      const { labels } = find('Deployment').spec.template.metadata;
      const selectors = [find('Service').spec.selector, find('PodDisruptionBudget').spec.selector.matchLabels, find('NetworkPolicy').spec.podSelector.matchLabels];
      for (const selector of selectors) assert.deepEqual(selector, labels);
      assert.equal(find('Service').spec.publishNotReadyAddresses, true);
    });
  });

  describe('permissions', () => {
    const rules = (kind: string): string[] => find(kind).rules.flatMap(({ apiGroups: [group], resources: [resource], resourceNames, verbs }: Json) =>
      verbs.map((verb: string) => `${verb} ${group === '' ? '' : `${group}/`}${resource}${resourceNames === undefined ? '' : ` ${resourceNames}`}`));

    it('of the operator in the cluster are these and no more', () => {
      assert.deepEqual(rules('ClusterRole').sort(), [
        'create events.k8s.io/events',
        'create networking.k8s.io/networkpolicies',
        'delete networking.k8s.io/networkpolicies',
        'get networking.k8s.io/networkpolicies',
        'list namespaces',
        'list netbaseline.io/namespacepolicybaselines',
        'list networking.k8s.io/networkpolicies',
        'patch netbaseline.io/namespacepolicybaselines',
        'patch netbaseline.io/namespacepolicybaselines/status',
        'update networking.k8s.io/networkpolicies',
        'watch namespaces',
        'watch netbaseline.io/namespacepolicybaselines',
        'watch networking.k8s.io/networkpolicies',
      ]);
    });

    it('of the operator in its namespace are those on its Lease', () => {
      assert.deepEqual(rules('Role').sort(), ['create coordination.k8s.io/leases', `get coordination.k8s.io/leases ${LEASE_NAME}`, `update coordination.k8s.io/leases ${LEASE_NAME}`, `watch coordination.k8s.io/leases ${LEASE_NAME}`]);
    });

    it('have one group and one resource in each rule, and no wildcard', () => {
      for (const { apiGroups, resources, verbs } of [...find('ClusterRole').rules, ...find('Role').rules]) {
        assert.deepEqual([apiGroups.length, resources.length], [1, 1]);
        assert.ok(![...apiGroups, ...resources, ...verbs].includes('*'));
      }
    });

    it('are granted to its ServiceAccount alone', async () => {
      for (const kind of ['RoleBinding', 'ClusterRoleBinding']) {
        assert.deepEqual(find(kind).subjects, [{ kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: OPERATOR_NAMESPACE }]);
      }
      const user = `--as=system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;
      const may = async (...what: string[]) => (await plane.kubectl(['auth', 'can-i', user, ...what], { allowFailure: true })).stdout.trim();
      assert.equal(await may('watch', 'networkpolicies.networking.k8s.io', '-A'), 'yes');
      assert.equal(await may('update', `leases.coordination.k8s.io/${LEASE_NAME}`, '-n', OPERATOR_NAMESPACE), 'yes');
      assert.equal(await may('update', `leases.coordination.k8s.io/${LEASE_NAME}`, '-n', 'default'), 'no');
      assert.equal(await may('watch', `leases.coordination.k8s.io/${LEASE_NAME}`, '-n', OPERATOR_NAMESPACE), 'yes');
      assert.equal(await may('watch', 'leases.coordination.k8s.io', '-n', OPERATOR_NAMESPACE), 'no');
      assert.equal(await may('get', 'secrets', '-n', OPERATOR_NAMESPACE), 'no');
    });
  });

  describe('samples', () => {
    for (const sample of ['audit-first', 'exemptions', 'minimal', 'platform-team']) {
      it(`${sample}: accepted as it is, and so are the policies that it asks for`, async () => {
        await plane.kubectl(['apply', '--dry-run=server', '-f', `config/samples/${sample}.yaml`]);
        const { metadata, spec } = parse(await read(`config/samples/${sample}.yaml`));
        assert.equal(metadata.name, 'default', 'the samples change one baseline');
        for (const { name, networkPolicy } of baselineSpec.parse(spec).policies) {
          const { code, body } = await api.post(`${POLICIES('default')}?dryRun=All`, { metadata: { name }, spec: networkPolicy });
          assert.equal(code, 201, `${name}: ${body.message}`);
        }
      });
    }

    it('are all tested here, and each says what it is for', async () => {
      const files = (await readdir(join(ROOT, 'config/samples'))).sort();
      assert.deepEqual(files, ['audit-first.yaml', 'exemptions.yaml', 'minimal.yaml', 'platform-team.yaml']);
      for (const file of files) assert.match(await read(`config/samples/${file}`), /^# \S/, file);
    });

    it('platform-team names an owner and a description for every flow', async () => {
      const { spec } = parse(await read('config/samples/platform-team.yaml'));
      assert.deepEqual(spec.policies.map(({ name }: Json) => name), ['allow-kube-api', 'allow-webhooks', 'allow-from-ingress', 'allow-monitoring']);
      for (const { owner, description } of spec.policies) assert.ok(owner !== undefined && description !== undefined);
    });
  });

  it('kind-config.yaml names the image and the files that its steps use', async () => {
    const text = await read('kind-config.yaml');
    const { kind, apiVersion, nodes } = parse(text);
    assert.deepEqual([kind, apiVersion, nodes.length], ['Cluster', 'kind.x-k8s.io/v1alpha4', 3]);
    for (const part of [find('Deployment').spec.template.spec.containers[0].image, 'config/default', 'config/samples/audit-first.yaml']) assert.ok(text.includes(part), part);
  });
});
