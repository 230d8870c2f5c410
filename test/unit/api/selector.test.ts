/** Label selectors as Kubernetes evaluates them, and keys that cannot exist. */
import assert from 'node:assert/strict';
import type { LabelSelector } from '../../../src/api/network-policy.ts';
import { matcherOf, selectorProblem } from '../../../src/api/selector.ts';
import { templateProblem } from '../../../src/plan/template-problem.ts';
import { aTemplate } from '../../support/build.ts';

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];
const expression = (key: string, operator: Expression['operator'], ...values: string[]): LabelSelector => ({ matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }] });

describe('matcherOf', () => {
  const cases: readonly [string, LabelSelector | undefined, Record<string, string>, boolean][] = [
    ['no selector matches everything', undefined, {}, true],
    ['{} matches everything', {}, { a: '1' }, true],
    ['a label that is equal', { matchLabels: { a: '1' } }, { a: '1', b: '2' }, true],
    ['a label that differs', { matchLabels: { a: '1' } }, { a: '2' }, false],
    ['a label that is absent', { matchLabels: { a: '' } }, {}, false],
    ['all labels, not one of them', { matchLabels: { a: '1', b: '2' } }, { a: '1' }, false],
    ['In, one of the values', expression('a', 'In', '1', '2'), { a: '2' }, true],
    ['In, none of the values', expression('a', 'In', '1'), { a: '3' }, false],
    ['In does not match an absent key', expression('a', 'In', ''), {}, false],
    ['In matches an empty value', expression('a', 'In', ''), { a: '' }, true],
    ['NotIn matches an absent key', expression('a', 'NotIn', '1'), {}, true],
    ['NotIn, another value', expression('a', 'NotIn', '1'), { a: '2' }, true],
    ['NotIn, one of the values', expression('a', 'NotIn', '1'), { a: '1' }, false],
    ['Exists', expression('a', 'Exists'), { a: '' }, true],
    ['Exists, absent', expression('a', 'Exists'), {}, false],
    ['DoesNotExist matches an absent key', expression('a', 'DoesNotExist'), {}, true],
    ['DoesNotExist, there', expression('a', 'DoesNotExist'), { a: '' }, false],
    ['labels and expressions together', { matchLabels: { a: '1' }, ...expression('b', 'Exists') }, { a: '1' }, false],
  ];
  for (const [what, selector, labels, matches] of cases) {
    it(what, () => assert.equal(matcherOf(selector)(new Map(Object.entries(labels))), matches));
  }

  it('names that objects inherit are ordinary keys', () => {
    for (const key of ['constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(matcherOf(expression(key, 'Exists'))(new Map()), false);
      assert.equal(matcherOf({ matchLabels: { [key]: 'x' } })(new Map([[key, 'x']])), true);
    }
  });

  it('one of 1,000 labels is found', () => {
    const labels = new Map(Array.from({ length: 1000 }, (_, index) => [`key-${index}`, `${index}`] as const));
    assert.equal(matcherOf({ matchLabels: { 'key-999': '999' } })(labels), true);
    assert.equal(matcherOf(expression('key-1000', 'DoesNotExist'))(labels), true);
  });
});

describe('selectorProblem', () => {
  for (const key of ['a', 'app.kubernetes.io/name', 'x'.repeat(63), `${'p'.repeat(63)}.${'q'.repeat(63)}/n`, 'constructor']) {
    it(`takes the key ${key.slice(0, 30)}`, () => assert.equal(selectorProblem({ matchLabels: { [key]: 'v' } }), undefined));
  }
  for (const key of ['', '-a', 'a-', 'a b', 'x'.repeat(64), 'UPPER/x', `${'p.'.repeat(127)}p/n`, '/n', 'p/', 'a/b/c', '_x', '__proto__']) {
    it(`refuses the key ${JSON.stringify(key.slice(0, 30))}, in labels and in expressions`, () => {
      assert.match(selectorProblem({ matchLabels: Object.fromEntries([[key, 'v']]) }) ?? '', /cannot exist/);
      assert.match(selectorProblem(expression(key, 'Exists')) ?? '', /cannot exist/);
    });
  }
  it('refuses a value that no label can have', () => {
    assert.match(selectorProblem({ matchLabels: { a: 'no spaces' } }) ?? '', /label value "no spaces" of a cannot exist/);
    assert.match(selectorProblem(expression('a', 'In', 'ok', '-')) ?? '', /label value "-" of a/);
    assert.equal(selectorProblem({ matchLabels: { a: '' } }), undefined);
  });
});

describe('templateProblem', () => {
  const problem = (spec: Parameters<typeof aTemplate>[1]) => templateProblem(aTemplate('x', spec).networkPolicy);
  const cases: readonly [string, Parameters<typeof aTemplate>[1], RegExp | undefined][] = [
    ['a good one', {}, undefined],
    ['a pod selector that cannot match', { podSelector: { matchLabels: { 'a b': '' } } }, /^podSelector: label key/],
    ['a peer, with its place', { ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: { matchLabels: { 'a b': '' } } }] }] }, /^ingress\[0\]\.from\[1\]: label key/],
    ['except outside of cidr', { policyTypes: ['Egress'], egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] }, /^egress\[0\]\.to\[0\]: except 11\.0\.0\.0\/16 does not lie in 10\.0\.0\.0\/8/],
    ['except equal to cidr', { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }] }] }, /does not lie in/],
    ['except with bits past its prefix', { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.1/16'] } }] }] }, /10\.1\.0\.1\/16 is not an address range/],
    ['except of the other family', { ingress: [{ from: [{ ipBlock: { cidr: '::/0', except: ['10.0.0.0/8'] } }] }] }, /does not lie in/],
    ['a port name of 16 characters', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'abcdefghijklmnop' }] }] }, /ports\[0\]: "abcdefghijklmnop" cannot be the name of a port/],
    ['a port name without a letter', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: '80' }] }] }, /cannot be the name of a port/],
    ['a good port name', { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http-8080' }] }] }, undefined],
  ];
  for (const [what, spec, expected] of cases) {
    it(what, () => (expected === undefined ? assert.equal(problem(spec), undefined) : assert.match(problem(spec) ?? '', expected)));
  }
});
