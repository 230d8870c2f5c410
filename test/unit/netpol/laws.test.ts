/** Laws of evaluator and classes over random clusters. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DIRECTIONS, type Direction } from '../../../src/api/network-policy.ts';
import type { DirectionAnswer } from '../../../src/netpol/answer.ts';
import { parseAddress } from '../../../src/netpol/address.ts';
import { createClassifier, type Classifier, type ClassChange } from '../../../src/netpol/classifier.ts';
import type { DefeatingPolicy } from '../../../src/netpol/defeating-policies.ts';
import type { PodClass } from '../../../src/netpol/classify.ts';
import { policyTypesOf } from '../../../src/netpol/compile-network-policy.ts';
import { CLASSES } from '../../../src/netpol/effective.ts';
import { evaluate } from '../../../src/netpol/evaluate.ts';
import type { Connection, Endpoint, Pod, Policy, WorldInput } from '../../../src/netpol/model.ts';
import { buildWorld, type World } from '../../../src/netpol/world.ts';
import { classifierOf } from '../../support/netpol-class.ts';
import { aConnection, aPolicyOfAnyKind, policyId, someNamespaces, somePods, someWorld } from '../../support/random-netpol.ts';

const worldAndConnections = (): fc.Arbitrary<[WorldInput, Connection[]]> => someWorld().chain((input) => fc.tuple(fc.constant(input), fc.array(aConnection(input.pods), { minLength: 10, maxLength: 30 })));
const side = (answer: { ingress: DirectionAnswer; egress: DirectionAnswer }, direction: Direction): DirectionAnswer => (direction === 'Ingress' ? answer.ingress : answer.egress);
const classSummary = (found: PodClass | undefined) => found && { class: found.class, effective: found.effective, other: found.ifBlocksSkipPods, opaque: found.opaque };

describe('laws: evaluator', () => {
  it('a NetworkPolicy more never closes what is allowed to a pod that is isolated already', () => fc.assert(fc.property(worldAndConnections(), aPolicyOfAnyKind(), ([input, connections], more) => {
    fc.pre(more.kind === 'NetworkPolicy');
    const [before, after] = [buildWorld(input), buildWorld({ ...input, policies: [...input.policies, { ...more, name: 'more' }] })];
    for (const connection of connections) {
      const [old, now] = [evaluate(before, connection), evaluate(after, connection)];
      for (const direction of DIRECTIONS) {
        if (side(old, direction).verdict !== 'allowed' || side(old, direction).isolating.length === 0) continue;
        assert.equal(side(now, direction).verdict, 'allowed', direction);
      }
    }
  }), { numRuns: 60 }));

  it('the order of policies does not matter', () => fc.assert(fc.property(worldAndConnections(), ([input, connections]) => {
    const [one, other] = [buildWorld(input), buildWorld({ ...input, policies: input.policies.toReversed() })];
    for (const connection of connections) assert.deepEqual(evaluate(one, connection), evaluate(other, connection));
  }), { numRuns: 50 }));

  it('every answer has an outcome; a certain one has no other', () => fc.assert(fc.property(worldAndConnections(), ([input, connections]) => {
    const world = buildWorld(input);
    for (const connection of connections) {
      const answer = evaluate(world, connection);
      for (const { verdict, outcomes, opaque, codes } of [answer.ingress, answer.egress]) {
        assert.ok(outcomes.length > 0);
        if (verdict !== 'unknown') assert.ok(outcomes.every((outcome) => outcome.verdict === verdict));
        else assert.ok(opaque.length > 0 || codes.length > 0, 'unknown says why');
      }
    }
  }), { numRuns: 50 }));
});

/** What the class of the governed pod says of one connection: it must be allowed, denied, or either. */
function impliedBy(found: PodClass, connection: Connection, peer: Endpoint, world: World): 'allowed' | 'denied' | 'either' {
  const { effective } = found;
  if (effective === undefined || !effective.exact || found.class === 'unknown' || found.ifBlocksSkipPods !== undefined) return 'either';
  if (effective.class === 'open' || effective.class === 'allow-all') return 'allowed';
  if (effective.class === 'closed') return 'denied';
  const isIn = effective.allPods.some(({ protocol, first, last }) => protocol === connection.protocol && first <= connection.port && connection.port <= last);
  return isIn && isCovered(peer, world) ? 'allowed' : 'either';
}

/** Of a pod with addresses: where more families than one are used, "all pods" is said of one of them. */
function isCovered(peer: Endpoint, world: World): boolean {
  const usesTwo = new Set(world.pods.filter(({ hostNetwork, terminal }) => !hostNetwork && !terminal).flatMap(({ ips }) => ips.map((ip) => ip.includes(':')))).size > 1;
  return !usesTwo && 'pod' in peer && !peer.pod.hostNetwork && !peer.pod.terminal;
}

/** Replies to itself and from its own node are outside of what a class says; so are families that no pod uses. */
function isOutside({ from, to }: Connection, world: World): boolean {
  const ends = [from, to].map((end) => ('pod' in end ? `${end.pod.namespace}/${end.pod.name}` : end.ip));
  const [a, b] = [from, to].map((end) => ('ip' in end ? world.podAt(parseAddress(end.ip)!) : end.pod));
  if (ends[0] === ends[1] || a === b) return true;
  return [from, to].some((end) => 'pod' in end ? end.pod.hostNetwork || end.pod.terminal : world.nodeAt(parseAddress(end.ip)!) !== undefined || !usedFamily(end.ip, world));
}

function usedFamily(ip: string, { pods }: World): boolean {
  const used = new Set(pods.filter(({ hostNetwork, terminal }) => !hostNetwork && !terminal).flatMap(({ ips }) => ips.map((each) => each.includes(':'))));
  return used.has(ip.includes(':'));
}

function rankOf(found: PodClass | undefined): number {
  return found?.effective === undefined ? -1 : CLASSES.indexOf(found.effective.class);
}

/** Of all rules that let through only these; what isolates and denies stays. */
function onlyRules(policy: Policy, direction: Direction, kept: readonly DefeatingPolicy[]): Policy {
  if (policy.kind === 'Opaque') return policy;
  const list = direction === 'Ingress' ? 'ingress' : 'egress';
  if (policy.kind !== 'NetworkPolicy') return { ...policy, spec: { ...policy.spec, [list]: policy.spec[list]?.filter((rule) => rule?.action !== 'Accept') } };
  const rules = kept.find(({ ref }) => ref.namespace === policy.namespace && ref.name === policy.name)?.rules ?? [];
  return { ...policy, spec: { ...policy.spec, policyTypes: [...policyTypesOf(policy.spec)], [list]: (policy.spec[list] ?? []).filter((_, index) => rules.includes(index)) } };
}

describe('laws: classes', () => {
  it('class and evaluator never contradict each other', () => {
    const seen = { allowed: 0, denied: 0, either: 0 };
    fc.assert(fc.property(worldAndConnections(), ([input, connections]) => {
      const [world, classifier] = [buildWorld(input), classifierOf(input)];
      for (const connection of connections.filter((each) => !isOutside(each, world))) {
        const answer = evaluate(world, connection);
        for (const direction of DIRECTIONS) {
          const [governed, peer] = direction === 'Ingress' ? [connection.to, connection.from] : [connection.from, connection.to];
          if (!('pod' in governed) || governed.pod.terminal) continue;
          const found = classifier.classOf(governed.pod.namespace, governed.pod.name, direction);
          assert.ok(found !== undefined);
          const implied = impliedBy(found, connection, peer, world);
          seen[implied] += 1;
          const { verdict } = side(answer, direction);
          if (implied !== 'either' && verdict !== 'unknown') assert.equal(verdict, implied, `${direction} of ${governed.pod.namespace}/${governed.pod.name}: ${JSON.stringify(found)}`);
        }
      }
    }), { numRuns: 150 });
    assert.ok(seen.allowed > 30 && seen.denied > 30, JSON.stringify(seen));
  });

  it('the policies and rules named are enough, and none of them can be left out', () => {
    let seen = 0;
    fc.assert(fc.property(someWorld(), (input) => {
      const classifier = classifierOf(input);
      for (const { namespace, name } of input.pods) {
        for (const direction of DIRECTIONS) {
          const defeating = classifier.defeating(namespace, name, direction);
          const target = classifier.classOf(namespace, name, direction)?.effective?.class;
          if (defeating.length === 0 || target === undefined || defeating.some(({ ref }) => ref.kind !== 'NetworkPolicy')) continue;
          seen += 1;
          const classWith = (kept: readonly DefeatingPolicy[]): number => rankOf(classifierOf({ ...input, policies: input.policies.map((policy) => onlyRules(policy, direction, kept)) }).classOf(namespace, name, direction));
          assert.ok(classWith(defeating) <= CLASSES.indexOf(target), 'enough');
          for (const one of defeating) assert.ok(classWith(defeating.filter((other) => other !== one)) > CLASSES.indexOf(target), 'needed');
        }
      }
    }), { numRuns: 60 });
    assert.ok(seen > 30, `${seen}`);
  });

  it('order of arrival does not matter', () => fc.assert(fc.property(someWorld(), (input) => {
    const one = classifierOf(input);
    const other = classifierOf({ ...input, policies: input.policies.toReversed(), pods: input.pods.toReversed(), namespaces: input.namespaces.toReversed() });
    compareAll(one, other, input.pods);
  }), { numRuns: 50 }));
});

function compareAll(one: Classifier, other: Classifier, pods: readonly Pod[]): void {
  for (const { namespace, name } of pods) {
    for (const direction of DIRECTIONS) assert.deepEqual(classSummary(one.classOf(namespace, name, direction)), classSummary(other.classOf(namespace, name, direction)), `${direction} ${namespace}/${name}`);
  }
  for (const direction of DIRECTIONS) assert.deepEqual(new Map(one.counts(direction)), new Map(other.counts(direction)));
}

/** The cluster as it is after some steps; each step changes one object, or removes it. */
class Model {
  readonly namespaces = new Map<string, WorldInput['namespaces'][number]>();
  readonly pods = new Map<string, Pod>();
  readonly policies = new Map<string, Policy>();
}
type Step = { readonly kind: 'policy'; readonly policy: Policy; readonly remove: boolean } | { readonly kind: 'pod'; readonly pod: Pod; readonly remove: boolean }
  | { readonly kind: 'namespace'; readonly namespace: WorldInput['namespaces'][number] } | { readonly kind: 'flush' };

const steps = (): fc.Arbitrary<Step[]> => fc.array(fc.oneof(
  fc.record({ kind: fc.constant('policy' as const), policy: aPolicyOfAnyKind(), remove: fc.boolean() }),
  fc.record({ kind: fc.constant('pod' as const), pod: somePods().chain((pods) => fc.constantFrom(...pods)), remove: fc.boolean() }),
  fc.record({ kind: fc.constant('namespace' as const), namespace: someNamespaces().chain((found) => fc.constantFrom(...found)) }),
  fc.constant({ kind: 'flush' as const }),
), { minLength: 3, maxLength: 25 });

function apply(step: Step, classifier: Classifier, model: Model, changes: ClassChange[]): void {
  switch (step.kind) {
    case 'flush': changes.push(...classifier.flush()); break;
    case 'namespace': classifier.upsertNamespace(step.namespace); model.namespaces.set(step.namespace.name, step.namespace); break;
    case 'pod': {
      const { pod, remove } = step;
      if (remove) { classifier.removePod(pod.namespace, pod.name); model.pods.delete(`${pod.namespace}/${pod.name}`); } else { classifier.upsertPod(pod); model.pods.set(`${pod.namespace}/${pod.name}`, pod); }
      break;
    }
    case 'policy': {
      const { policy, remove } = step;
      if (remove) { classifier.removePolicy(policy); model.policies.delete(policyId(policy)); } else { classifier.upsertPolicy(policy); model.policies.set(policyId(policy), policy); }
    }
  }
}

describe('laws: incremental equals from scratch', () => {
  it('after any steps, with every change reported', () => fc.assert(fc.property(someWorld(), steps(), ({ namespaces, pods: first, policies, options }, taken) => {
    const [classifier, model, changes] = [createClassifier(options), new Model(), [] as ClassChange[]];
    const setUp: Step[] = [
      ...policies.map((policy) => ({ kind: 'policy', policy, remove: false }) as const), ...first.map((pod) => ({ kind: 'pod', pod, remove: false }) as const),
      ...namespaces.map((namespace) => ({ kind: 'namespace', namespace }) as const), { kind: 'flush' },
    ];
    for (const step of [...setUp, ...taken]) apply(step, classifier, model, changes);
    changes.push(...classifier.flush());
    const pods = [...model.pods.values()];
    compareAll(classifier, classifierOf({ namespaces: [...model.namespaces.values()], pods, policies: [...model.policies.values()], options }), pods);
    const reported = new Map<string, string | undefined>();
    for (const { pod, direction, before, after } of changes) {
      const key = `${direction} ${pod.namespace}/${pod.name}`;
      assert.equal(reported.get(key), before?.class);
      reported.set(key, after?.class);
    }
    for (const { namespace, name } of pods) {
      for (const direction of DIRECTIONS) assert.equal(reported.get(`${direction} ${namespace}/${name}`), classifier.classOf(namespace, name, direction)?.class);
    }
  }), { numRuns: 150 }));

  it('what is removed leaves nothing behind', () => {
    const classifier = createClassifier({ ipBlockMatchesPods: 'yes' });
    fc.assert(fc.property(someWorld(), ({ namespaces, pods, policies }) => {
      for (const namespace of namespaces) classifier.upsertNamespace(namespace);
      for (const policy of policies) classifier.upsertPolicy(policy);
      for (const pod of pods) classifier.upsertPod(pod);
      classifier.flush();
      for (const { namespace, name } of pods) classifier.removePod(namespace, name);
      for (const policy of policies) classifier.removePolicy(policy);
      for (const { name } of namespaces) classifier.removeNamespace(name);
      classifier.flush();
      for (const direction of DIRECTIONS) assert.equal(classifier.counts(direction).size, 0);
      assert.deepEqual(classifier.size(), { namespaces: 0, specs: 0, pending: 0 });
    }), { numRuns: 30 });
  });
});
