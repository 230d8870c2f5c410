/** The chart on a real API server, with the real Helm 3 and Helm 4: installing, upgrading, uninstalling, and what generated policies notice of it. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CRD_NAME } from '../../src/api/crd.ts';
import { PRODUCT } from '../../src/api/names.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/control-plane.ts';
import type { RunResult } from '../tools/run.ts';
import { BASELINES } from '../support/api.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { CHART, HELMS, HELM_BUILD_MS, aHelm, named, type Helm } from '../support/helm.ts';
import { aWitness } from '../support/witness.ts';
import { aWorld, type RunningOperator, type World } from '../support/world.ts';
import { whenEstablished } from '../control-plane/established.ts';

const RELEASE = [PRODUCT, '--namespace', OPERATOR_NAMESPACE];
const FLAGS = { 'status-interval': '200ms', 'leader-elect': 'false' };

for (const major of HELMS) describe(`chart on the API server, with Helm ${major}`, function () {
  this.timeout(180_000);
  let helm: Helm;
  let plane: ControlPlane;
  let world: World;
  let dir: string;
  before(async function () {
    this.timeout(HELM_BUILD_MS);
    plane = await startControlPlane({ auditLog: true });
    helm = await aHelm(this, major, plane.adminKubeconfig);
    await plane.kubectl(['apply', '-f', 'config/default/namespace.yaml']); // enforces the restricted pod security standard
    dir = await mkdtemp(join(tmpdir(), 'npb-chart-'));
  });
  beforeEach(async () => { world = await aWorld(plane); });
  afterEach(async () => {
    await world.end();
    await helm(['uninstall', ...RELEASE, '--ignore-not-found']);
    await plane.kubectl(['delete', 'crd', CRD_NAME, '--ignore-not-found']);
  });
  after(async () => {
    await helm?.end();
    await plane?.stop();
    if (dir !== undefined) await rm(dir, { recursive: true });
  });

  const done = async (answer: Promise<RunResult>): Promise<string> => {
    const { code, stdout, stderr } = await answer;
    assert.deepEqual([code, stderr], [0, ''], stdout);
    return stdout;
  };
  /** What is installed is installed; there are no kubelets here, so pods never run, and the operator runs in this process with the account that the chart made. */
  const install = async (...args: string[]): Promise<void> => {
    await done(helm(['install', ...RELEASE, CHART, ...args]));
    await whenEstablished(plane.kubectl, CRD_NAME);
  };
  /** Identity and version of each policy of a namespace: equal means that nobody wrote. */
  const versions = async (namespace: string): Promise<string[]> => [...(await world.policies(namespace)).values()].map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`);
  const protectedBy = async (baseline: string, account = SERVICE_ACCOUNT): Promise<RunningOperator> => {
    // A token of its own each time: one of an account that was removed and made again is not valid any more.
    const operator = await world.operator({ flags: FLAGS, kubeconfig: await plane.serviceAccountKubeconfig(OPERATOR_NAMESPACE, account) });
    await world.status(baseline, ({ protected: fraction }) => assert.equal(fraction, '1/1'), { withinMs: 30_000 });
    return operator;
  };

  it('what it renders is valid to the last field, and the pod is admitted under the restricted standard', async () => {
    await install();
    const objects = await helm.template();
    const { stderr } = await plane.kubectl(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'], { stdin: objects.map((object) => JSON.stringify(object)).join('\n---\n') });
    assert.equal(stderr, '');
    const { metadata, spec } = named(objects, 'Deployment').spec.template;
    const { code, body } = await world.admin.post(`/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods?dryRun=All`, { metadata: { name: 'pod', ...metadata }, spec });
    assert.equal(code, 201, body.message);
  });

  it('with everything that can be set, it is valid as well', async () => {
    await install();
    const values = {
      fullnameOverride: 'another', // beside what is installed: an update would be merged with it
      commonLabels: { team: 'platform' }, replicaCount: 3, image: { digest: `sha256:${'0'.repeat(64)}` }, imagePullSecrets: [{ name: 'registry' }], priorityClassName: 'system-cluster-critical',
      hostUsers: false, nodeSelector: { 'kubernetes.io/os': 'linux' }, tolerations: [{ operator: 'Exists' }], topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } } },
      extraVolumes: [{ name: 'v', emptyDir: {} }], extraVolumeMounts: [{ name: 'v', mountPath: '/v' }], extraEnv: [{ name: 'TZ', value: 'UTC' }], extraArgs: ['--max-in-flight=4'], podAnnotations: { a: 'b' }, podLabels: { c: 'd' },
      podDisruptionBudget: { minAvailable: '50%' }, networkPolicy: { ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 'http' }] }] }, service: { annotations: { a: 'b' } },
      metrics: { secure: true, tlsSecret: 'tls' }, openReports: { enabled: true }, grafanaDashboard: { enabled: true, extraLabels: { a: 'b' } },
      admission: { enabled: true, namespaceLabels: true, noAllowAll: true, noEmptyPodSelector: true, podGate: true },
      serviceAccount: { annotations: { a: 'b' } }, crds: { annotations: { a: 'b' } }, deploymentAnnotations: { a: 'b' },
    };
    const { stderr } = await plane.kubectl(['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'], { stdin: (await helm.template(values)).map((object) => JSON.stringify(object)).join('\n---\n') });
    assert.equal(stderr, '');
  });

  it('what it grants is what the operator needs; an upgrade changes neither baseline nor policies', async () => {
    await install();
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    const operator = await protectedBy(baseline);
    const witness = await aWitness(world);
    const before = await versions(namespace);
    const { metadata: { uid, generation } } = await world.getBaseline(baseline);
    const mark = await witness.settled();
    await done(helm(['upgrade', ...RELEASE, CHART, '--set', 'replicaCount=3', '--set', 'logging.level=debug']));
    const { stdout } = await plane.kubectl(['get', 'deployment', PRODUCT, '-n', OPERATOR_NAMESPACE, '-o', 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].env[?(@.name=="NPB_LOG_LEVEL")].value}']);
    assert.equal(stdout, '3 debug');
    assert.deepEqual((await witness.writes(mark)).filter(({ subresource }) => subresource !== 'status'), []);
    assert.deepEqual(await versions(namespace), before);
    const after = await world.getBaseline(baseline);
    assert.deepEqual([after.metadata.uid, after.metadata.generation], [uid, generation]);
    assert.equal((await operator.ready()).code, 200);
    await witness.end();
  });

  it('with the guard at admission and an account of another name, the operator works and a tenant is refused', async () => {
    await install('--set', 'admission.enabled=true,admission.noAllowAll=true,serviceAccount.name=robot');
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await protectedBy(baseline, 'robot');
    await plane.kubectl(['create', 'rolebinding', 'tenant', '--clusterrole=admin', '--user=tenant', '-n', namespace]);
    const asTenant = () => plane.kubectl(['delete', 'networkpolicy', 'default-deny', '-n', namespace, '--as=tenant'], { allowFailure: true });
    await eventually(asTenant, ({ code, stderr }) => {
      assert.equal(code, 1);
      assert.match(stderr, /ValidatingAdmissionPolicy 'managed-policies\.netbaseline\.io'/);
    });
    await world.deletePolicy(namespace, 'allow-dns'); // the administrator may, and it comes back
    await world.becomes(namespace, 'allow-dns', 'default-deny');
  });

  it('an upgrade brings the newer CRD with it', async () => {
    const older = join(dir, 'older');
    await cp(CHART, older, { recursive: true, dereference: true });
    const file = join(older, 'files/crds/netbaseline.io_namespacepolicybaselines.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/^ +shortNames:\n +- npb\n/m, ''));
    await done(helm(['install', ...RELEASE, older]));
    await whenEstablished(plane.kubectl, CRD_NAME);
    const shortNames = async (): Promise<unknown> => (await world.admin.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}`)).body.spec.names.shortNames;
    assert.equal(await shortNames(), undefined);
    const baseline = await world.baseline();
    const { metadata: { uid } } = await world.getBaseline(baseline);
    await done(helm(['upgrade', ...RELEASE, CHART]));
    assert.deepEqual(await shortNames(), ['npb']);
    assert.equal((await world.getBaseline(baseline)).metadata.uid, uid);
  });

  it('an upgrade that leaves the CRD to somebody else does not remove it', async () => {
    await install();
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    await protectedBy(baseline);
    const [before, { metadata: { uid } }] = [await versions(namespace), await world.getBaseline(baseline)];
    const { code, stderr } = await helm(['upgrade', ...RELEASE, CHART, '--set', 'crds.enabled=false']);
    assert.equal(code, 0, stderr);
    assert.deepEqual([await versions(namespace), (await world.getBaseline(baseline)).metadata.uid], [before, uid]);
  });

  it('uninstalled, it leaves CRD, baselines and policies; installed again, it takes them up without a write', async () => {
    await install();
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    const operator = await protectedBy(baseline);
    const [before, { metadata: { uid } }] = [await versions(namespace), await world.getBaseline(baseline)];
    await operator.stop();
    const said = await helm(['uninstall', ...RELEASE]);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout + said.stderr, new RegExp(`kept due to the resource policy:\\s+\\[CustomResourceDefinition\\] ${CRD_NAME}`));
    const { stdout: left } = await plane.kubectl(['get', 'deployments,serviceaccounts,roles,rolebindings,services,networkpolicies,poddisruptionbudgets', '-n', OPERATOR_NAMESPACE, '-l', `app.kubernetes.io/instance=${PRODUCT}`, '-o', 'name']);
    assert.equal(left, '');
    assert.deepEqual([await versions(namespace), (await world.getBaseline(baseline)).metadata.uid], [before, uid]);
    await install();
    await protectedBy(baseline);
    assert.deepEqual([await versions(namespace), (await world.getBaseline(baseline)).metadata.uid], [before, uid]);
  });

  it('uninstalled with crds.keep=false, the baselines are gone and the policies stay; with the baseline of that name they are taken up, uid kept', async () => {
    await install('--set', 'crds.keep=false');
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    const operator = await protectedBy(baseline);
    const before = await versions(namespace);
    await operator.stop();
    await done(helm(['uninstall', ...RELEASE]));
    await eventually(() => world.admin.get(BASELINES), ({ code }) => assert.equal(code, 404));
    assert.deepEqual(await versions(namespace), before);
    await install();
    await world.baseline({}, baseline);
    await protectedBy(baseline);
    assert.deepEqual(await versions(namespace), before);
  });

  it('takes over what kustomize installed, without a gap for baselines and policies', async () => {
    await plane.kubectl(['apply', '--server-side', '-k', 'config/default']);
    await whenEstablished(plane.kubectl, CRD_NAME);
    const namespace = await world.namespace();
    const baseline = await world.baseline();
    const operator = await protectedBy(baseline);
    const before = await versions(namespace);
    await operator.stop();
    const plain = await helm(['install', ...RELEASE, CHART]);
    assert.match(plain.stderr, /invalid ownership metadata/, 'Helm says so and does nothing');
    await plane.kubectl(['delete', 'deployment', PRODUCT, '-n', OPERATOR_NAMESPACE]); // its selector cannot be changed
    await done(helm(['install', ...RELEASE, CHART, '--take-ownership', ...(major === 4 ? ['--force-conflicts'] : [])]));
    await protectedBy(baseline);
    assert.deepEqual(await versions(namespace), before);
  });
});
