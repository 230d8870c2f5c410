/** What an API server refuses is refused offline, at its line, and what it takes is taken. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { baselineProblems } from '../../../src/analyze/preview/baseline-problems.ts';
import type { KubeObject } from '../../../src/analyze/snapshot.ts';
import { parseYaml } from '../../../src/cli/sources/yaml.ts';
import { BAD_BASELINES } from '../../contract/bad-baselines.ts';

const ROOT = join(import.meta.dirname, '../../..');
const problemsOf = (spec: unknown, name = 'default'): string[] =>
  baselineProblems({ apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name }, spec }).map(({ path, message }) => `${textOf(path)}: ${message}`);
const textOf = (path: readonly (string | number)[]): string => path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');

describe('baselines that an API server refuses', () => {
  for (const { what, spec, field } of BAD_BASELINES) {
    it(what, () => {
      const parsed = parseYaml(spec);
      assert.ok('value' in parsed);
      const problems = problemsOf(parsed.value);
      assert.ok(problems.some((problem) => problem.startsWith(field) || field.startsWith(problem.split(':')[0] ?? '?')), `${field} is not named by:\n${problems.join('\n')}`);
    });
  }

  it('a name that is too long for a label', () => assert.deepEqual(problemsOf({}, 'a'.repeat(64)), ['metadata.name: the name of a baseline has at most 63 characters: it is the value of a label on every generated policy']));
  it('no spec', () => assert.deepEqual(problemsOf(undefined), ['spec: it is required; {} is the whole of it']));
  it('a field that there is not, which an API server would drop with a warning', () => {
    assert.deepEqual(problemsOf({ dns: { enabeld: false } }), ['spec.dns.enabeld: there is no such field; there are enabled, discovery, peers, ports']);
  });
  it('everything that is wrong is told at once', () => {
    assert.deepEqual(problemsOf({ exemptions: [{ namespace: 'a', reason: ' ' }, { reason: 'x' }] }), [
      'spec.exemptions[0].reason: an exemption needs a reason', 'spec.exemptions[1]: an exemption names exactly one of namespace and namespaceSelector',
    ]);
  });
});

describe('baselines that an API server takes', () => {
  for (const sample of ['minimal', 'audit-first', 'exemptions', 'platform-team']) {
    it(`the sample ${sample}`, () => {
      const [document] = parseAllDocuments(readFileSync(join(ROOT, `config/samples/${sample}.yaml`), 'utf8'));
      assert.deepEqual(baselineProblems(document?.toJS() as KubeObject), []);
    });
  }
  it('null where nothing is meant', () => assert.deepEqual(problemsOf({ namespaceSelector: null, policies: null, dns: { peers: null } }), []));
});
