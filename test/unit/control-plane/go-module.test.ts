/** What names a build, and what makes one count as finished. */
import assert from 'node:assert/strict';
import { CONTROL_PLANE_MODULE } from '../../control-plane/binaries.ts';
import { buildKey, linkerFlags, parseStamp, pinnedVersion, printsVersion } from '../../tools/go-module.ts';
import { prometheusVersion } from '../../tools/tool.ts';
import type { GoProgram } from '../../tools/go-module.ts';

const GO_MOD = `module x

require example.com/single v0.1.0

require (
	k8s.io/kubernetes v1.36.3 // indirect
	k8s.io/kubernetes-extra v9.9.9
	go.etcd.io/etcd/server/v3 v3.6.16
)
`;

const program: GoProgram = {
  name: 'kube-apiserver',
  package: 'k8s.io/kubernetes/cmd/kube-apiserver',
  module: 'k8s.io/kubernetes',
  versionArgs: ['--version'],
  variables: (version) => ({ 'main.version': version }),
};
const module = { name: 'm', folder: '/nowhere', programs: [program] };

describe('go module builds', () => {
  it('reads pins from go.mod', () => {
    assert.equal(pinnedVersion(GO_MOD, 'k8s.io/kubernetes'), 'v1.36.3');
    assert.equal(pinnedVersion(GO_MOD, 'go.etcd.io/etcd/server/v3'), 'v3.6.16');
    assert.equal(pinnedVersion(GO_MOD, 'example.com/single'), 'v0.1.0');
    assert.throws(() => pinnedVersion(GO_MOD, 'k8s.io/kuber'), /go\.mod does not require k8s\.io\/kuber/);
  });

  it('sets version variables at link time', () => {
    assert.equal(linkerFlags(program, '1.36.3', GO_MOD), '-s -w -X main.version=1.36.3');
  });

  it('gives the API server the version that it has', () => {
    const apiserver = CONTROL_PLANE_MODULE.programs.find(({ name }) => name === 'kube-apiserver');
    assert.ok(apiserver !== undefined);
    const flags = linkerFlags(apiserver, '1.36.3', GO_MOD);
    for (const [name, value] of [['gitVersion', 'v1.36.3'], ['gitMajor', '1'], ['gitMinor', '36'], ['gitTreeState', 'clean'], ['buildDate', '1970-01-01T00:00:00Z']]) {
      assert.ok(flags.includes(`-X k8s.io/component-base/version.${name}=${value}`), flags);
    }
  });

  it('names a build by pins, sums and flags', () => {
    const key = buildKey(module, GO_MOD, 'sum');
    assert.match(key, /^[0-9a-f]{16}$/);
    assert.equal(buildKey(module, GO_MOD, 'sum'), key);
    assert.notEqual(buildKey(module, GO_MOD.replace('v1.36.3', 'v1.36.4'), 'sum'), key);
    assert.notEqual(buildKey(module, GO_MOD, 'other sum'), key);
    assert.notEqual(buildKey({ ...module, programs: [{ ...program, variables: () => ({}) }] }, GO_MOD, 'sum'), key);
  });

  it('believes a program only the whole version', () => {
    assert.equal(printsVersion('Kubernetes v1.36.3\n', '1.36.3'), true);
    assert.equal(printsVersion('etcd Version: 3.6.16\nGit SHA: …', '3.6.16'), true);
    assert.equal(printsVersion('promtool, version 3.5.0 (branch: , revision: x)', '3.5.0'), true);
    assert.equal(printsVersion('Kubernetes v1.36.30', '1.36.3'), false);
    assert.equal(printsVersion('Kubernetes v11.36.3', '1.36.3'), false);
    assert.equal(printsVersion('v0.0.0-master+$Format:%H$', '1.36.3'), false);
  });

  it('takes only a whole stamp of the same key', () => {
    const stamp = { key: 'k', go: 'go1.26.8', versions: { etcd: '3.6.16' } };
    assert.deepEqual(parseStamp(JSON.stringify(stamp), 'k'), stamp);
    assert.equal(parseStamp(JSON.stringify(stamp), 'other'), undefined);
    assert.equal(parseStamp(JSON.stringify(stamp).slice(0, -5), 'k'), undefined);
    assert.equal(parseStamp('null', 'k'), undefined);
    assert.equal(parseStamp(JSON.stringify({ key: 'k', go: 'go1.26.8', versions: null }), 'k'), undefined);
  });

  it('knows how Prometheus numbers its module', () => {
    assert.equal(prometheusVersion('v0.305.0'), '3.5.0');
    assert.equal(prometheusVersion('v0.316.2'), '3.16.2');
    assert.throws(() => prometheusVersion('v1.8.2'), /is not a version of the Prometheus module/);
  });
});
