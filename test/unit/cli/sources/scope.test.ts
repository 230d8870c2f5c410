import assert from 'node:assert/strict';
import { UsageError } from '../../../../src/cli/command.ts';
import { parseSelector, scopeOf } from '../../../../src/cli/sources/scope.ts';
import { systemNamespacesOf } from '../../../../src/cli/sources/system-namespaces.ts';

const ns = (name: string, labels: Record<string, string> = {}) => ({ name, labels: new Map(Object.entries(labels)) });

describe('the namespaces that are told about', () => {
  it('are all, one, or those with some labels', () => {
    const all = [ns('a', { team: 'x' }), ns('b', { team: 'y', env: 'dev' }), ns('c')];
    const told = (flags: Record<string, string>) => all.filter(scopeOf(flags).includes).map(({ name }) => name).join('');
    assert.deepEqual([{}, { 'all-namespaces': 'true' }, { namespace: 'b' }, { selector: 'team' }, { selector: '!env,team' }, { namespace: 'a', selector: 'team=y' }].map((flags) => told(flags as Record<string, string>)), ['abc', 'abc', 'b', 'ab', 'a', '']);
  });

  it('are chosen by selectors as kubectl takes them', () => {
    assert.deepEqual(parseSelector(' a=b, c == d,e!=f ,g in (h, i),j notin (k),l,! m,n/o=,'), { matchExpressions: [
      { key: 'a', operator: 'In', values: ['b'] }, { key: 'c', operator: 'In', values: ['d'] }, { key: 'e', operator: 'NotIn', values: ['f'] }, { key: 'g', operator: 'In', values: ['h', 'i'] },
      { key: 'j', operator: 'NotIn', values: ['k'] }, { key: 'l', operator: 'Exists' }, { key: 'm', operator: 'DoesNotExist' }, { key: 'n/o', operator: 'In', values: [''] },
    ] });
    for (const bad of ['a b', 'a=b=c', 'a in b', 'a>1', '=', '!a=b', 'a in (b', '-a=b', 'a=b c', 'a=ü']) {
      assert.throws(() => parseSelector(bad), (error: Error) => error instanceof UsageError && error.message.startsWith(`--selector is ${JSON.stringify(bad)}: `), bad);
    }
  });

  it('are not chosen twice', () => {
    assert.throws(() => scopeOf({ namespace: 'a', 'all-namespaces': 'true' }), new UsageError('--namespace and --all-namespaces contradict each other: give one of them'));
    assert.throws(() => scopeOf({ namespace: '' }), new UsageError('--namespace is empty: name a namespace, or leave it out'));
  });
});

describe('system namespaces of a command', () => {
  it('are the operator\'s by default, by its variable and by its flag', () => {
    const of = (flags: Record<string, string>, env: Record<string, string> = {}) => [...systemNamespacesOf({ env }, flags)];
    const DEFAULT = ['kube-system', 'kube-public', 'kube-node-lease', 'namespace-policy-baseline-system'];
    assert.deepEqual([of({}), of({}, { NPB_SYSTEM_NAMESPACES: '' }), of({}, { NPB_SYSTEM_NAMESPACES: 'a' }), of({ 'system-namespaces': 'b, c' }, { NPB_SYSTEM_NAMESPACES: 'a' })], [DEFAULT, DEFAULT, ['a'], ['b', 'c']]);
    assert.throws(() => of({ 'system-namespaces': 'A_b' }), new UsageError('--system-namespaces is "A_b": expected names of namespaces, separated by commas'));
  });
});
