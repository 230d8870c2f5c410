/** Reports: thousands of them share what they have in common, and nothing else. */
import assert from 'node:assert/strict';
import { planNamespace } from '../../../src/plan/plan.ts';
import { reportOn, type NamespaceReport } from '../../../src/plan/report.ts';
import { NO_FACTS } from '../../../src/plan/verdict.ts';
import type { NamespaceView } from '../../../src/plan/view.ts';
import { aBaseline, aNamespace, aView } from '../../support/build.ts';
import { settled } from '../../support/namespace-model.ts';

const report = (view: NamespaceView): NamespaceReport => reportOn(view, planNamespace(view), NO_FACTS);

describe('reports', () => {
  const baselines = [aBaseline('default')];
  const inPlace = (name: string): NamespaceView => settled(aView({ baselines, namespace: aNamespace(name) }));

  it('of namespaces that one baseline protects alike share what is said of it', () => {
    const { cluster } = inPlace('a');
    const [a, b] = [inPlace('a'), { ...inPlace('b'), cluster }].map(report);
    assert.equal(a?.verdicts.get('default')?.state, 'protected');
    assert.equal(a?.verdicts, b?.verdicts);
    assert.equal(a?.enforced, b?.enforced);
  });

  it('of another state, other directions or another baseline do not', () => {
    const good = report(inPlace('a'));
    const missing = report(aView({ baselines, namespace: aNamespace('b') }));
    assert.deepEqual([good.verdicts.get('default')?.state, missing.verdicts.get('default')?.state], ['protected', 'pending']);
    const ingress = report(settled(aView({ baselines: [aBaseline('default', { egress: { mode: 'Audit' } })], namespace: aNamespace('c') })));
    assert.deepEqual([good.enforced.get('default'), ingress.enforced.get('default')], [['Ingress', 'Egress'], ['Ingress']]);
    const both = report(settled(aView({ baselines: [...baselines, aBaseline('else')], namespace: aNamespace('d') })));
    assert.deepEqual([...both.verdicts.keys()].sort(), ['default', 'else']);
    assert.deepEqual([...report(inPlace('e')).verdicts.keys()], ['default']);
  });
});
