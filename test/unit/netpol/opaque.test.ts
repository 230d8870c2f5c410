/** Scopes of policies that are not evaluated: as narrow as is certain, and never narrower than the truth. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import { OPAQUE_POLICY_KINDS, type OpaqueKindName } from '../../../src/kube/kinds.ts';
import { concerns } from '../../../src/netpol/evaluate.ts';
import { opaquePolicyOf, type OpaqueObject } from '../../../src/netpol/opaque.ts';
import { namedOpaque } from '../../../src/netpol/world.ts';
import { aNamespaceOf, aPodOf, type Labels } from '../../support/netpol.ts';

const NAMESPACES = [aNamespaceOf('shop', { team: 'a' }), aNamespaceOf('pay', { team: 'b' }), aNamespaceOf('kube-system')];
const PODS = NAMESPACES.flatMap(({ name }) => [{}, { app: 'web' }, { app: 'db', tier: 'x' }].map((labels: Labels) => aPodOf(`${name}/${labels['app'] ?? 'bare'}`, { labels })));

interface What { readonly namespace?: string; readonly name?: string; readonly specs?: unknown }

/** `shop/web`, … that the policy may be about, and in which directions: `shop/web+in+out`. */
function concerned(kind: OpaqueKindName, spec: unknown, { namespace, name = 'p', specs }: What = {}): string[] {
  const object: OpaqueObject = { metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, spec, specs };
  const named = namedOpaque(opaquePolicyOf(kind, object));
  return PODS.flatMap((pod) => {
    const home = NAMESPACES.find((found) => found.name === pod.namespace)!;
    const directions = DIRECTIONS.filter((direction) => concerns(named, { pod, namespace: home }, direction));
    return directions.length === 0 ? [] : [`${pod.namespace}/${pod.name}${directions.map((direction: Direction) => (direction === 'Ingress' ? '+in' : '+out')).join('')}`];
  });
}
const all = (suffix = '+in+out', namespaces: readonly string[] = NAMESPACES.map(({ name }) => name)): string[] =>
  PODS.filter(({ namespace }) => namespaces.includes(namespace)).map(({ namespace, name }) => `${namespace}/${name}${suffix}`);
const NAMESPACED = new Set<OpaqueKindName>(['CiliumNetworkPolicy', 'CalicoNetworkPolicy', 'CalicoNetworkPolicyV3', 'AntreaNetworkPolicy', 'AwsApplicationNetworkPolicy', 'OvnEgressFirewall']);

/** JSON that neither `String` nor a template literal takes. */
const WILD = { toString: 1, valueOf: 1 };
const fullSelector = { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] };
/** Every field that any kind reads. */
const fullSpec = {
  types: ['Ingress'], policyTypes: ['Ingress'], selector: "app == 'web'", namespaceSelector: "team == 'a'", podSelector: fullSelector, endpointSelector: fullSelector, nodeSelector: fullSelector,
  enableDefaultDeny: { ingress: true }, subject: { namespaces: fullSelector, pods: { namespaceSelector: fullSelector, podSelector: fullSelector } },
  appliedTo: [{ podSelector: fullSelector, namespaceSelector: fullSelector, serviceAccount: { name: 'x', namespace: 'pay' }, nodeSelector: {}, group: 'g' }],
  ingress: [{ appliedTo: [{ podSelector: fullSelector }] }], egress: [{}], ingressDeny: [{}], egressDeny: [{}],
};

/** Each value within, once replaced and once beside itself in its list. */
function withWildValues(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [WILD];
  const entries = Object.entries(value);
  const inside = entries.flatMap(([at, each]) => withWildValues(each).map((wild) => (Array.isArray(value) ? value.with(Number(at), wild) : { ...value, [at]: wild })));
  return [WILD, ...Array.isArray(value) ? [[...value, WILD]] : [], ...inside];
}

describe('opaque policies: what is not understood concerns everything', () => {
  for (const kind of OPAQUE_POLICY_KINDS) {
    const [where, expected] = NAMESPACED.has(kind) ? [{ namespace: 'shop' }, ['shop']] : [{}, undefined];
    const suffix = kind === 'OvnEgressFirewall' ? '+out' : '+in+out';
    it(`${kind}: without a spec, or with one of another shape`, () => {
      for (const spec of [undefined, null, 'x', 7, []]) assert.deepEqual(concerned(kind, spec, where), all(suffix, expected), JSON.stringify(spec));
    });
    it(`${kind}: values that have no text are survived where text is expected`, () => {
      for (const spec of withWildValues(fullSpec)) opaquePolicyOf(kind, { metadata: { name: 'p', namespace: 'shop' }, spec, specs: [spec] });
    });
    it(`${kind}: any shape is survived, and says what the policy is`, () => fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), fc.jsonValue(), (spec, specs) => {
      const policy = opaquePolicyOf(kind, { metadata: { name: 'p', namespace: 'shop' }, spec, specs });
      assert.deepEqual([policy.kind, policy.apiKind, policy.namespace, policy.name], ['Opaque', kind, 'shop', 'p']);
      namedOpaque(policy);
    }), { numRuns: 60 }));
  }
});

describe('opaque policies: Cilium', () => {
  const ccnp = (endpointSelector: unknown, more: object = { ingress: [{}] }): string[] => concerned('CiliumClusterwideNetworkPolicy', { endpointSelector, ...more });
  const has = (key: string, operator: string, ...values: string[]): object => ({ matchExpressions: [{ key, operator, ...(values.length === 0 ? {} : { values }) }] });
  it('labels with and without a source', () => {
    for (const key of ['app', 'k8s:app', 'any:app']) assert.deepEqual(ccnp({ matchLabels: { [key]: 'web' } }), ['shop/web+in', 'pay/web+in', 'kube-system/web+in']);
  });
  it('the namespace by name, and by its labels', () => {
    assert.deepEqual(ccnp({ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'pay' } }), all('+in', ['pay']));
    assert.deepEqual(ccnp(has('io.kubernetes.pod.namespace', 'NotIn', 'kube-system', 'pay')), all('+in', ['shop']));
    assert.deepEqual(ccnp({ matchLabels: { 'io.cilium.k8s.namespace.labels.team': 'a' } }), all('+in', ['shop']));
    assert.deepEqual(ccnp({ matchLabels: { 'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name': 'shop', app: 'db' } }), ['shop/db+in']);
  });
  it('a label that must be absent says nothing: Cilium may not see labels that are there', () => {
    for (const selector of [has('app', 'DoesNotExist'), has('app', 'NotIn', 'web'), has('io.cilium.k8s.namespace.labels.team', 'DoesNotExist')]) assert.deepEqual(ccnp(selector), all('+in'));
  });
  it('labels of other sources, and others of Cilium\'s own, say nothing', () => {
    for (const key of ['reserved:init', 'container:app', 'io.cilium.k8s.policy.serviceaccount', 'k8s:io.kubernetes.pod.name']) assert.deepEqual(ccnp({ matchLabels: { [key]: 'x' } }), all('+in'));
  });
  it('directions: by section, deny sections too, or where default deny is asked for', () => {
    const directions = (more: object): string | undefined => ccnp({ matchLabels: { app: 'web' } }, more)[0]?.replace('shop/web', '');
    assert.equal(directions({ ingress: [{}] }), '+in');
    assert.equal(directions({ ingressDeny: [{}], egressDeny: [{}] }), '+in+out');
    assert.equal(directions({ egress: [] }), '+out');
    assert.equal(directions({ enableDefaultDeny: { egress: true, ingress: false } }), '+out');
    assert.equal(directions({ ingress: null }), undefined);
    assert.equal(directions({ description: 'nothing' }), undefined);
  });
  it('host policies are about no pod', () => {
    assert.deepEqual(concerned('CiliumClusterwideNetworkPolicy', { nodeSelector: {}, ingress: [{}] }), []);
    assert.deepEqual(concerned('CiliumClusterwideNetworkPolicy', { nodeSelector: {}, endpointSelector: {}, ingress: [{}] }), all('+in'));
  });
  it('specs: all of them, beside spec', () => {
    const rule = (app: string, section: string): object => ({ endpointSelector: { matchLabels: { app } }, [section]: [{}] });
    assert.deepEqual(concerned('CiliumNetworkPolicy', undefined, { namespace: 'shop', specs: [rule('web', 'ingress'), rule('db', 'egress')] }), ['shop/web+in', 'shop/db+out']);
    assert.deepEqual(concerned('CiliumNetworkPolicy', rule('web', 'egress'), { namespace: 'shop', specs: [rule('web', 'ingress')] }), ['shop/web+in+out']);
    assert.deepEqual(concerned('CiliumNetworkPolicy', rule('web', 'egress'), { namespace: 'shop', specs: ['unreadable'] }), all('+in+out', ['shop']).map((text) => text));
  });
  it('a namespaced policy stays in its namespace, whatever its selector names', () => {
    assert.deepEqual(concerned('CiliumNetworkPolicy', { endpointSelector: { matchLabels: { 'io.kubernetes.pod.namespace': 'pay', app: 'web' } }, ingress: [{}] }, { namespace: 'shop' }), ['shop/web+in']);
  });
});

describe('opaque policies: Calico', () => {
  const gnp = (spec: object): string[] => concerned('CalicoGlobalNetworkPolicyV3', { types: ['Ingress'], ...spec });
  it('types, in any case; both where there are none, or unknown ones', () => {
    const directions = (types?: unknown): string | undefined => concerned('CalicoNetworkPolicy', { selector: 'app == "web"', types }, { namespace: 'shop' })[0]?.replace('shop/web', '');
    assert.deepEqual([['Ingress'], ['egress'], ['Ingress', 'Egress'], [], undefined, ['Sideways'], [{ toString: 1, valueOf: 1 }]].map(directions), ['+in', '+out', '+in+out', '+in+out', '+in+out', '+in+out', '+in+out']);
  });
  it('a selector, and one of namespaces', () => {
    assert.deepEqual(gnp({ selector: "app == 'web'" }), ['shop/web+in', 'pay/web+in', 'kube-system/web+in']);
    assert.deepEqual(gnp({ selector: "has(tier)", namespaceSelector: 'team in {"a", "b"}' }), ['shop/db+in', 'pay/db+in']);
    assert.deepEqual(gnp({ namespaceSelector: 'kubernetes.io/metadata.name not in {"kube-system", "pay"}' }), all('+in', ['shop']));
  });
  it('alternatives', () => assert.deepEqual(gnp({ selector: "app == 'web' && (projectcalico.org/namespace == 'pay' || projectcalico.org/namespace == 'shop')" }), ['shop/web+in', 'pay/web+in']));
  it('labels that Calico makes up: names of namespaces count, others say nothing', () => {
    assert.deepEqual(gnp({ namespaceSelector: "projectcalico.org/name == 'pay'" }), all('+in', ['pay']));
    for (const selector of ["projectcalico.org/orchestrator == 'k8s'", "projectcalico.org/serviceaccount == 'x'", "pcsa.role == 'y'", "pcns.team == 'zzz'"]) assert.deepEqual(gnp({ selector }), all('+in'), selector);
    assert.deepEqual(gnp({ namespaceSelector: 'global()' }), all('+in'));
  });
  it('policies of Kubernetes that Calico lists as its own are not counted twice', () => {
    const spec = { selector: 'all()', types: ['Ingress'] };
    assert.deepEqual(concerned('CalicoNetworkPolicyV3', spec, { namespace: 'shop', name: 'knp.default.deny' }), []);
    for (const name of ['kanp.adminnetworkpolicy.x', 'kbanp.baselineadminnetworkpolicy.default', 'kcnp.kube-admin.x', 'kcnp.kube-baseline.x']) assert.deepEqual(concerned('CalicoGlobalNetworkPolicyV3', spec, { name }), []);
    assert.deepEqual(concerned('CalicoNetworkPolicy', spec, { namespace: 'shop', name: 'knp.default.deny' }), all('+in', ['shop']), 'raw ones can have any name');
  });
});

describe('opaque policies: Antrea, AWS, OVN', () => {
  const acnp = (spec: object): string[] => concerned('AntreaClusterNetworkPolicy', { ingress: [{}], ...spec });
  const web = { podSelector: { matchLabels: { app: 'web' } } };
  it('appliedTo by selectors', () => {
    assert.deepEqual(acnp({ appliedTo: [{ ...web, namespaceSelector: { matchLabels: { team: 'a' } } }, { namespaceSelector: { matchLabels: { team: 'b' } } }] }), ['shop/web+in', ...all('+in', ['pay'])]);
    assert.deepEqual(acnp({ appliedTo: [web] }), ['shop/web+in', 'pay/web+in', 'kube-system/web+in']);
    assert.deepEqual(concerned('AntreaNetworkPolicy', { appliedTo: [web], egress: [{}] }, { namespace: 'pay' }), ['pay/web+out']);
  });
  it('appliedTo of each rule', () => assert.deepEqual(concerned('AntreaNetworkPolicy', { ingress: [{ appliedTo: [web] }], egress: [{ appliedTo: [{ podSelector: { matchLabels: { app: 'db' } } }] }] }, { namespace: 'pay' }), ['pay/web+in', 'pay/db+out']));
  it('a service account: its namespace; groups and services: everything; nodes: no pod', () => {
    assert.deepEqual(acnp({ appliedTo: [{ serviceAccount: { name: 'x', namespace: 'pay' } }] }), all('+in', ['pay']));
    for (const target of [{ group: 'g' }, { service: { name: 's' } }, {}, 'x', { nodeSelector: {}, group: 'g' }]) assert.deepEqual(acnp({ appliedTo: [target] }), all('+in'), JSON.stringify(target));
    assert.deepEqual(acnp({ appliedTo: [{ nodeSelector: {} }, { externalEntitySelector: {} }] }), []);
    assert.deepEqual(acnp({}), all('+in'), 'nowhere said');
  });
  it('no rules, no say: nothing is isolated by being selected', () => {
    assert.deepEqual(concerned('AntreaClusterNetworkPolicy', { appliedTo: [web] }), []);
    assert.deepEqual(concerned('AwsClusterNetworkPolicy', { subject: { namespaces: {} } }), []);
  });
  it('the subject of AWS', () => {
    assert.deepEqual(concerned('AwsClusterNetworkPolicy', { subject: { namespaces: { matchLabels: { team: 'a' } } }, egress: [{}] }), all('+out', ['shop']));
    assert.deepEqual(concerned('AwsClusterNetworkPolicy', { subject: { pods: { ...web, namespaceSelector: { matchLabels: { team: 'a' } } } }, ingress: [{}] }), ['shop/web+in']);
    assert.deepEqual(concerned('AwsClusterNetworkPolicy', { ingress: [{}] }), all('+in'));
  });
  it('an ApplicationNetworkPolicy of AWS isolates as a NetworkPolicy does: whom it selects, in the directions that it names, without rules, too', () => {
    const anp = (spec: object): string[] => concerned('AwsApplicationNetworkPolicy', { podSelector: { matchLabels: { app: 'web' } }, ...spec }, { namespace: 'shop' });
    assert.deepEqual(anp({ policyTypes: ['Egress'], egress: [{ to: [{ domainNames: ['example.com'] }] }] }), ['shop/web+out']);
    assert.deepEqual(anp({ policyTypes: ['Ingress'] }), ['shop/web+in']);
    assert.deepEqual(anp({ egress: [{}] }), ['shop/web+in+out'], 'none named');
    assert.deepEqual(anp({ podSelector: {}, policyTypes: ['Egress', 'Ingress'] }), all('+in+out', ['shop']));
  });
  it('an EgressFirewall: what leaves its namespace', () => assert.deepEqual(concerned('OvnEgressFirewall', { egress: [] }, { namespace: 'pay' }), all('+out', ['pay'])));
});

/** An expression with its meaning, written down a second time. */
interface Expression { readonly text: string; holds(labels: Labels): boolean }

const quoted = (value: string): fc.Arbitrary<string> => fc.constantFrom(`"${value}"`, `'${value}'`);
const key = fc.constantFrom('app', 'tier', 'constructor', 'in');
const value = fc.constantFrom('web', 'db', 'x && y', 'a || b', '');
const label = fc.oneof(
  fc.record({ key, value, sign: fc.constantFrom('==', '!=') }).chain((found) => quoted(found.value).map((text): Expression => ({ text: `${found.key}${found.sign}${text}`, holds: (labels) => (labels[found.key] === found.value) === (found.sign === '==') }))),
  fc.record({ key, values: fc.array(value, { maxLength: 3 }), word: fc.constantFrom(' in ', '  not in', ' notin ') }).map(({ key: name, values, word }): Expression => ({
    text: `${name}${word}{${values.map((each) => `"${each}"`).join(' , ')}}`, holds: (labels) => (Object.hasOwn(labels, name) && new Set<string>(values).has(labels[name]!)) === (word === ' in '),
  })),
  key.map((name): Expression => ({ text: `has( ${name})`, holds: (labels) => Object.hasOwn(labels, name) })),
  fc.record({ key, value, word: fc.constantFrom('contains', 'starts with', 'ends  with') }).map(({ key: name, value: part, word }): Expression => ({
    text: `${name} ${word} '${part}'`,
    holds: (labels) => Object.hasOwn(labels, name) && (word === 'contains' ? labels[name]!.includes(part) : word === 'starts with' ? labels[name]!.startsWith(part) : labels[name]!.endsWith(part)),
  })),
  fc.constant<Expression>({ text: 'all()', holds: () => true }),
);
const { expression } = fc.letrec<{ expression: Expression; joined: Expression }>((tie) => ({
  expression: fc.oneof({ depthSize: 'small', withCrossShrink: true }, label, tie('joined')),
  joined: fc.oneof(
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]): Expression => ({ text: `(${a.text}) && (${b.text})`, holds: (labels) => a.holds(labels) && b.holds(labels) })),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]): Expression => ({ text: `((${a.text})||(${b.text}))`, holds: (labels) => a.holds(labels) || b.holds(labels) })),
    fc.tuple(label, label, label).map(([a, b, c]): Expression => ({ text: `${a.text} || ${b.text} && ${c.text}`, holds: (labels) => a.holds(labels) || (b.holds(labels) && c.holds(labels)) })),
    tie('expression').map((a): Expression => ({ text: `!(${a.text})`, holds: (labels) => !a.holds(labels) })),
  ),
}));
const someLabels = fc.dictionary(key, value, { maxKeys: 3 });

describe('opaque policies: expressions of Calico', () => {
  const isConcerned = (selector: string, labels: Labels): boolean => concerns(namedOpaque(opaquePolicyOf('CalicoGlobalNetworkPolicy', { metadata: { name: 'p' }, spec: { selector, types: ['Ingress'] } })), { pod: aPodOf('shop/p', { labels }), namespace: NAMESPACES[0]! }, 'Ingress');
  it('whatever an expression selects is concerned', () => {
    const seen = { selected: 0, spared: 0 };
    fc.assert(fc.property(expression, someLabels, (found, labels) => {
      if (!isConcerned(found.text, labels)) seen.spared += 1;
      if (!found.holds(labels)) return;
      seen.selected += 1;
      assert.ok(isConcerned(found.text, labels), found.text);
    }), { numRuns: 1500 });
    assert.ok(seen.selected > 200 && seen.spared > 200, JSON.stringify(seen));
  });
  it('plain expressions are understood exactly', () => fc.assert(fc.property(label.filter(({ text }) => !/contains|with/.test(text)), someLabels, (found, labels) => {
    assert.equal(isConcerned(found.text, labels), found.holds(labels), found.text);
  }), { numRuns: 300 }));
  it('what cannot be read concerns everything, however it is broken', () => {
    for (const text of ['app ==', 'app == web', "app == 'web' tier", "(app == 'x'", "app == 'x')", "app in {'x' 'y'}", 'app in {', "has(app", 'app = "x"', "app == 'x' && ", '"', '€', 'app constructor "x"', '('.repeat(50_000), '!'.repeat(50_000)]) assert.ok(isConcerned(text, {}), text.slice(0, 40));
  });
});
