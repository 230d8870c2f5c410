/** Rows of state gauges whose labels a tenant can write: bounded by what baselines say. */
import assert from 'node:assert/strict';
import { policyRows, retainedRows } from '../../../src/control/state-rows.ts';
import { aBaseline, aPolicy, ourLabels, aTemplate } from '../../support/build.ts';

const labelled = (baseline: string, template: string) => aPolicy(template, { labels: ourLabels(baseline, template) });
const strange = Array.from({ length: 1000 }, (_, index) => labelled(`made-up-${index}`, `x-${index}`));
const rows = (found: readonly { labels: object; value: number }[]): string[] => found.map(({ labels, value }) => `${Object.values(labels).join(' ')} ${value}`);

describe('policies by baseline and template', () => {
  it('one row for each template of a baseline, and one for all that none of them says', () => {
    const baselines = [aBaseline('a', { policies: [aTemplate('web')] })];
    const policies = [labelled('a', 'default-deny'), labelled('a', 'default-deny'), labelled('a', 'web'), labelled('a', 'gone'), labelled('a', 'gone-too'), ...strange];
    assert.deepEqual(rows(policyRows(baselines, policies)), ['a default-deny 2', 'a web 1', 'a (other) 2', '(other) (other) 1000']);
  });
  it('a policy under another name than its label says is none of ours', () => assert.deepEqual(policyRows([aBaseline('a')], [aPolicy('x', { labels: ourLabels('a', 'default-deny') })]), []));
});

describe('retained policies', () => {
  it('by baseline, those with the most first, the rest in one row; baselines that exist are at 0', () => {
    const policies = [...strange, labelled('real', 'x'), labelled('real', 'y'), labelled('a', 'x')];
    assert.deepEqual(rows(retainedRows(['a'], policies, 2)), ['a 0', 'real 2', 'made-up-0 1', '(other) 999']);
  });
});
