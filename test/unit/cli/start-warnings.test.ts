import assert from 'node:assert/strict';
import { DEFAULT_SYSTEM_NAMESPACES } from '../../../src/api/names.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { startWarnings } from '../../../src/cli/start-warnings.ts';
import { memoryHost } from '../../support/host.ts';

describe('warnings at the start of the operator', () => {
  it('name the system namespaces of the default that a list leaves out', () => {
    const missing = (...systemNamespaces: string[]): unknown[] => startWarnings({ systemNamespaces }).map(({ fields }) => fields['missing']);
    assert.deepEqual(missing('gke-managed-system'), [['kube-system', 'kube-public', 'kube-node-lease']]);
    assert.deepEqual(missing('gke-managed-system', 'kube-system'), [['kube-public', 'kube-node-lease']]);
    assert.deepEqual(missing(...DEFAULT_SYSTEM_NAMESPACES), []);
    assert.deepEqual(missing('gke-managed-system', ...DEFAULT_SYSTEM_NAMESPACES), []);
  });

  it('say what follows, and by which flag and variable', () => {
    const [warning] = startWarnings({ systemNamespaces: ['gke-managed-system'] });
    assert.match(warning?.message ?? '', /^--system-namespaces \(NPB_SYSTEM_NAMESPACES\) replaces its default .*: baselines apply to these namespaces .* DNS/);
  });

  it('are logged before anything is connected', async () => {
    const host = memoryHost({ env: { NPB_SYSTEM_NAMESPACES: 'gke-managed-system,kube-system' } });
    assert.equal(await runProgram(['operator', '--kubeconfig', '/nowhere'], host), 2);
    const [first, second] = host.out().trimEnd().split('\n').map((line) => JSON.parse(line) as { level: string; message: string; missing?: string[] });
    assert.deepEqual([first?.level, first?.missing, second?.message], ['warn', ['kube-public', 'kube-node-lease'], 'Operator did not start']);
  });
});
