import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DEFAULT_SYSTEM_NAMESPACES } from '../../../src/api/names.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { SETTINGS } from '../../../src/config.ts';
import { startWarnings } from '../../../src/cli/start-warnings.ts';
import { memoryHost } from '../../support/host.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const ignored = (env: Record<string, string>): unknown[] => startWarnings({ systemNamespaces: DEFAULT_SYSTEM_NAMESPACES }, env).map(({ fields }) => fields);

describe('warnings at the start of the operator', () => {
  it('name the system namespaces of the default that a list leaves out', () => {
    const missing = (...systemNamespaces: string[]): unknown[] => startWarnings({ systemNamespaces }, {}).map(({ fields }) => fields['missing']);
    assert.deepEqual(missing('gke-managed-system'), [['kube-system', 'kube-public', 'kube-node-lease']]);
    assert.deepEqual(missing('gke-managed-system', 'kube-system'), [['kube-public', 'kube-node-lease']]);
    assert.deepEqual(missing(...DEFAULT_SYSTEM_NAMESPACES), []);
    assert.deepEqual(missing('gke-managed-system', ...DEFAULT_SYSTEM_NAMESPACES), []);
  });

  it('say what follows, and by which flag and variable', () => {
    const [warning] = startWarnings({ systemNamespaces: ['gke-managed-system'] }, {});
    assert.match(warning?.message ?? '', /^--system-namespaces \(NPB_SYSTEM_NAMESPACES\) replaces its default .*: baselines apply to these namespaces .* DNS/);
  });

  it('name variables that no setting has, with the nearest one that there is, in one line', () => {
    assert.deepEqual(ignored({ NPB_LOG_LEVL: 'debug', NPB_SYSTEM_NAMESPACE: 'a', NPB_log_level: 'debug', NPB_XYZ: '1', NPB_LOG_LEVEL: 'info', PATH: '/bin', NPBX: '1' }), [
      { variables: ['NPB_LOG_LEVL', 'NPB_SYSTEM_NAMESPACE', 'NPB_XYZ', 'NPB_log_level'], didYouMean: ['NPB_LOG_LEVEL', 'NPB_SYSTEM_NAMESPACES'] },
    ]);
    assert.deepEqual(ignored({ NPB_SOMETHING_ELSE_ENTIRELY: '1' }), [{ variables: ['NPB_SOMETHING_ELSE_ENTIRELY'] }]);
    assert.deepEqual(ignored({ NPB_LOG_LEVL: '' }), [], 'empty is not given');
  });

  it('know every setting, and what else this project reads', () => {
    const sources = ['src', 'scripts', 'test'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
      .filter((name) => /\.m?ts$|\.mjs$/.test(name)).concat('Dockerfile').map((name) => readFileSync(join(ROOT, name), 'utf8'));
    const read = sources.flatMap((text) => [...text.matchAll(/(?:\benv(?:\[')?|\benv\.|^ENV )(NPB_\w+)/gm)].map(([, name = '']) => name));
    for (const name of ['NPB_REVISION', 'NPB_CACHE_DIR', 'NPB_TEST_KUBECONFIG', 'NPB_UPDATE_GOLDENS', 'NPB_BENCH_SERVICE_ACCOUNT']) assert.ok(read.includes(name), name);
    assert.deepEqual(ignored(Object.fromEntries([...read, ...Object.values(SETTINGS).map(({ env }) => env)].map((name) => [name, '1']))), []);
  });

  it('are not about what Kubernetes tells of Services', () => {
    const links = (service: string): Record<string, string> => Object.fromEntries(['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_METRICS', 'PORT', 'PORT_8080_TCP', 'PORT_8080_TCP_PROTO', 'PORT_8080_TCP_PORT', 'PORT_8080_TCP_ADDR'].map((each) => [`${service}_${each}`, '1']));
    assert.deepEqual(ignored({ ...links('NPB_METRICS'), ...links('NPB'), ...links('NPB_PORT_X') }), []);
    assert.deepEqual(ignored({ NPB_METRICS_PORT: '1' }), [{ variables: ['NPB_METRICS_PORT'], didYouMean: ['NPB_METRICS_SECURE'] }], 'there is no such Service');
  });

  it('are logged before anything is connected', async () => {
    const host = memoryHost({ env: { NPB_SYSTEM_NAMESPACES: 'gke-managed-system,kube-system' } });
    assert.equal(await runProgram(['operator', '--kubeconfig', '/nowhere'], host), 2);
    const [first, second] = host.out().trimEnd().split('\n').map((line) => JSON.parse(line) as { level: string; message: string; missing?: string[] });
    assert.deepEqual([first?.level, first?.missing, second?.message], ['warn', ['kube-public', 'kube-node-lease'], 'Operator did not start']);
  });
});
