/** Which programs are taken from KUBEBUILDER_ASSETS, which are refused, and where the cache is. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureControlPlaneBinaries, minorOf, parseKubernetesVersion } from '../../control-plane/binaries.ts';
import { existingClusterKubeconfig } from '../../control-plane/existing-cluster.ts';
import { cacheRoot } from '../../tools/cache.ts';
import { ensureTool, isAtLeast } from '../../tools/tool.ts';

describe('control plane binaries', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'npb-assets-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  async function hasPrograms(versions: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, version] of Object.entries(versions)) {
      await writeFile(join(dir, name), `#!/bin/sh\necho "Kubernetes ${version}"\n`);
      await chmod(join(dir, name), 0o755);
    }
  }
  const fromAssets = () => ensureControlPlaneBinaries({ env: { KUBEBUILDER_ASSETS: dir }, log: (line) => assert.fail(line) });
  const complete = { etcd: 'v3.6.1', 'kube-apiserver': 'v1.36.9', 'kube-controller-manager': 'v1.36.9', kubectl: 'v1.36.0' };

  it('takes a complete set of the pinned minor version', async () => {
    await hasPrograms(complete);
    assert.deepEqual(await fromAssets(), {
      etcd: join(dir, 'etcd'),
      kubeApiserver: join(dir, 'kube-apiserver'),
      kubeControllerManager: join(dir, 'kube-controller-manager'),
      kubectl: join(dir, 'kubectl'),
      version: 'v1.36.9',
      source: 'KUBEBUILDER_ASSETS',
    });
  });

  it('refuses a set without kube-controller-manager and says how to go on', async () => {
    const { 'kube-controller-manager': _left, ...envtest } = complete;
    await hasPrograms(envtest);
    await assert.rejects(fromAssets(), /no executable kube-controller-manager\.[^]*unset KUBEBUILDER_ASSETS[^]*namespace never goes away/);
  });

  it('refuses other minor versions, each by name', async () => {
    await hasPrograms({ ...complete, 'kube-apiserver': 'v1.35.2' });
    await assert.rejects(fromAssets(), /v1\.36 is needed, but it holds kube-apiserver v1\.35\.2\./);
    await hasPrograms({ ...complete, 'kube-controller-manager': 'v1.34.0', kubectl: 'nonsense' });
    await assert.rejects(fromAssets(), /it holds kube-controller-manager v1\.34\.0, kubectl of unknown version\./);
  });

  it('refuses a folder that is not there', async () => {
    await assert.rejects(ensureControlPlaneBinaries({ env: { KUBEBUILDER_ASSETS: join(dir, 'nowhere') } }), /no executable etcd, kube-apiserver/);
  });

  it('reads versions as the programs print them', () => {
    assert.equal(parseKubernetesVersion('Kubernetes v1.36.3\n'), 'v1.36.3');
    assert.equal(parseKubernetesVersion('Client Version: v1.37.0-rc.1\nKustomize Version: v5.8.1\n'), 'v1.37.0-rc.1');
    assert.equal(parseKubernetesVersion(''), undefined);
    assert.equal(minorOf('v1.36.3'), 'v1.36');
    assert.equal(minorOf(undefined), undefined);
  });

  it('caches where the environment says', () => {
    assert.equal(cacheRoot({ NPB_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b', HOME: '/c' }), '/a');
    assert.equal(cacheRoot({ NPB_CACHE_DIR: '', XDG_CACHE_HOME: '/b', HOME: '/c' }), '/b/namespace-policy-baseline');
    assert.equal(cacheRoot({ XDG_CACHE_HOME: 'relative', HOME: '/c' }), '/c/.cache/namespace-policy-baseline');
  });

  it('uses a tool that is on PATH and as new as its pin', async () => {
    await hasPrograms({ promtool: '9.0.0', alertmanager: '0.0.1' });
    assert.equal(await ensureTool('promtool', { env: { PATH: dir } }), join(dir, 'promtool'));
    await assert.rejects(ensureTool('alertmanager', { env: { PATH: dir, NPB_CACHE_DIR: join(dir, 'cache') }, log: () => undefined }), /Go 1\.26 or newer is needed/);
  });

  it('reads whether an installed version is new enough', () => {
    assert.equal(isAtLeast('prometheus, version 3.5.0 (branch: , revision: x)', '3.5.0'), true);
    assert.equal(isAtLeast('prometheus, version 3.10.0', '3.5.2'), true);
    assert.equal(isAtLeast('alertmanager, version 1.0.0', '0.28.1'), true);
    assert.equal(isAtLeast('prometheus, version 2.42.0+ds', '3.5.0'), false);
    assert.equal(isAtLeast('alertmanager, version 0.28.0', '0.28.1'), false);
    assert.equal(isAtLeast('any', '0.0.1'), false);
  });

  it('uses the Helm that is on PATH where its major version is the one asked for, and no other', async () => {
    await writeFile(join(dir, 'helm'), '#!/bin/sh\n[ "$*" = "version --short" ] && echo v4.9.9+gabcdef\n');
    await chmod(join(dir, 'helm'), 0o755);
    const env = { PATH: dir, NPB_CACHE_DIR: join(dir, 'cache') };
    assert.equal(await ensureTool('helm4', { env }), join(dir, 'helm'));
    await assert.rejects(ensureTool('helm3', { env, log: () => undefined }), /Go 1\.26 or newer is needed/, 'it is built, and nothing to build it with is on this PATH');
  });

  it('knows an existing cluster only by its own variable', async () => {
    assert.equal(existingClusterKubeconfig({ KUBECONFIG: '/some/file' }), undefined);
    assert.equal(existingClusterKubeconfig({ NPB_TEST_KUBECONFIG: '' }), undefined);
    assert.throws(() => existingClusterKubeconfig({ NPB_TEST_KUBECONFIG: '/nowhere' }), /\/nowhere: there is no such file/);
    await writeFile(join(dir, 'config'), '');
    assert.equal(existingClusterKubeconfig({ NPB_TEST_KUBECONFIG: join(dir, 'config') }), join(dir, 'config'));
  });
});
