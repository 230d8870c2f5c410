/**
 * Is a namespace isolated? No policies, no default-deny, a default-deny that others defeat, or nobody knows.
 *
 * Where a direction is exempt, or the namespace is a system namespace, the same is said as a note.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { Classifier } from '../../netpol/classifier.ts';
import type { DefeatingPolicy } from '../../netpol/defeating-policies.ts';
import type { PodClass } from '../../netpol/classify.ts';
import type { Effective } from '../../netpol/effective.ts';
import { isIsolated } from '../../netpol/namespace-class.ts';
import type { PolicyRef } from '../../netpol/model.ts';
import type { Classified, DirectionClasses, NetworkPolicyObject } from './classes.ts';
import type { Draft, FindingLevel, ObjectName } from './finding.ts';
import { isExcused, type Standing } from './standing.ts';
import { counted, coversAll, listed, objectText, PEERS_OF, portsText, RULES_OF } from './text.ts';

/** A finding with the object that it is about. */
export interface Placed extends Draft { readonly object: ObjectName }

export interface DefeatedBy { readonly policy: ObjectName; /** Positions in the list of rules. */ readonly rules: readonly number[] }

export interface NamespaceFacts {
  readonly name: string;
  readonly policies: readonly NetworkPolicyObject[];
  /** How many beside these an API server would refuse. */
  readonly refused: number;
  readonly standing: Standing;
  readonly directions: Readonly<Record<Direction, DirectionClasses>>;
}

/** The smallest set that is enough, and other policies each of which would be, too. */
export interface Defeats { readonly defeatedBy: readonly DefeatedBy[]; readonly alsoBy: readonly DefeatedBy[] }

export interface Isolation { readonly findings: readonly Placed[]; readonly defeats: Readonly<Record<Direction, Defeats>> }

export function isolationOf(facts: NamespaceFacts, classifier: Classifier): Isolation {
  const both = DIRECTIONS.map((direction) => facts.directions[direction]);
  const defeats = both.map((classes) => defeatsIn(facts.name, classes, classifier));
  const [Ingress = NO_DEFEATS, Egress = NO_DEFEATS] = defeats.map((found): Defeats => {
    const defeatedBy = merged(found.flatMap(({ by }) => by));
    const named = new Set(defeatedBy.map(({ policy }) => objectText(policy)));
    return { defeatedBy, alsoBy: merged(found.flatMap(({ others }) => others).filter(({ policy }) => !named.has(objectText(policy)))) };
  });
  const findings = [
    ...(facts.policies.length > 0 ? both.flatMap((classes) => withoutDeny(facts, classes)) : withoutPolicy(facts)),
    ...both.flatMap((classes, index) => (defeats[index] ?? []).map((defeat) => defeated(facts, classes, defeat))),
    ...opaque(facts), ...hostNetwork(facts),
  ];
  return { findings, defeats: { Ingress, Egress } };
}

const NO_DEFEATS: Defeats = { defeatedBy: [], alsoBy: [] };

const namespaceObject = (name: string): ObjectName => ({ kind: 'Namespace', name });

/** Exempt directions and system namespaces are as somebody wants them. */
function levelHere(level: FindingLevel, standing: Standing, direction: Direction): FindingLevel {
  return isExcused(standing, direction) ? 'INFO' : level;
}

function because({ isSystem, exemptions }: Standing, direction: Direction): string {
  if (isSystem) return ' (system namespace)';
  const exempt = exemptions.find((each) => each.direction === direction);
  return exempt === undefined ? '' : ` (exempt in baseline ${exempt.baseline}: ${exempt.reason})`;
}

/** Neither kept apart by a NetworkPolicy nor by policies of cluster scope. */
function isUncovered({ class: name, effective }: PodClass): boolean {
  return name !== 'unknown' && !isIsolated(name) && effective?.isolated !== true;
}

function withoutPolicy(facts: NamespaceFacts): Placed[] {
  const open = DIRECTIONS.filter((direction) => facts.directions[direction].classified.some(({ found }) => isUncovered(found)));
  if (open.length === 0) return [];
  const levels = open.map((direction) => levelHere('FAIL', facts.standing, direction));
  const [first = 'Ingress'] = open;
  const reasons = open.map((direction) => because(facts.standing, direction));
  const [shared] = reasons.every((reason) => reason === reasons[0]) ? reasons : [undefined];
  const names = open.map((direction, index) => `${RULES_OF[direction]}${shared === undefined ? reasons[index] : ''}`).join(' and ');
  const { text } = whoOf(facts.directions[first].classified);
  const how = open.every((direction) => facts.directions[direction].class === 'open') ? 'open' : 'not isolated';
  return [{
    id: 'no-policy', level: levels.includes('FAIL') ? 'FAIL' : 'INFO', path: [], object: namespaceObject(facts.name), direction: open.length === 1 ? first : undefined,
    message: `there is no NetworkPolicy${facts.refused > 0 ? ' that an API server takes' : ''}, so ${names} of ${text} ${open.length === 1 ? 'is' : 'are'} ${how}${shared ?? ''}`,
    fix: 'add a default-deny NetworkPolicy (podSelector {}, policyTypes [Ingress, Egress], no rules) together with one that allows DNS, or a baseline that does',
  }];
}

function withoutDeny({ name, standing }: NamespaceFacts, { direction, hasDefaultDeny, classified, plain }: DirectionClasses): Placed[] {
  const uncovered = classified.filter(({ found }) => isUncovered(found));
  if (uncovered.length === 0 && (hasDefaultDeny || !isUncovered(plain))) return [];
  const rules = RULES_OF[direction];
  const [open, all] = [whoOf(uncovered, classified), whoOf(classified)];
  return [{
    id: 'no-default-deny', level: levelHere(uncovered.length > 0 ? 'FAIL' : 'WARN', standing, direction), path: [], direction, object: namespaceObject(name),
    message: `no policy denies ${rules} by default${uncovered.length > 0 ? `, so ${open.text} ${open.is} open` : `: ${all.text} ${all.is} isolated by other policies, and the next pod may be open`}${because(standing, direction)}`,
    fix: `add a NetworkPolicy with podSelector {} and policyTypes [${direction}] without rules`,
  }];
}

/** Pods of one class, and the policies that make them so. */
interface Defeat {
  readonly found: PodClass;
  readonly classified: readonly Classified[];
  readonly by: readonly DefeatedBy[];
  /** Of these alone. */
  readonly effective: Effective | undefined;
  readonly others: readonly (DefeatedBy & { readonly effective: Effective })[];
}

function defeatsIn(namespace: string, { direction, classified }: DirectionClasses, classifier: Classifier): Defeat[] {
  const weak = classified.filter(({ found }) => found.class !== 'unknown' && !isIsolated(found.class) && found.effective?.isolated === true);
  const groups = new Map<string, Defeat & { classified: Classified[] }>();
  const named = ({ ref, rules }: DefeatingPolicy): DefeatedBy => ({ policy: refName(ref), rules });
  for (const each of weak) {
    const defeat = classifier.defeat(namespace, each.pod?.name, direction);
    const by = defeat.by.map(named);
    const others = defeat.others.map((other) => ({ ...named(other), effective: other.effective }));
    const key = JSON.stringify([each.found.class, by, others.map(({ policy, rules }) => [policy, rules])]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { found: each.found, classified: [each], by, effective: defeat.effective, others });
    else known.classified.push(each);
  }
  return [...groups.values()];
}

function refName({ kind, namespace, name }: PolicyRef): ObjectName {
  return namespace === undefined ? { kind, name } : { kind, namespace, name };
}

function defeated(facts: NamespaceFacts, classes: DirectionClasses, defeat: Defeat): Placed {
  const { found, classified, by, effective = found.effective, others } = defeat;
  const { direction } = classes;
  const [main] = by;
  const rule = main?.rules[0];
  const who = whoOf(classified, classes.classified);
  const level = levelHere(gravityOf(direction, found.effective), facts.standing, direction);
  const effect = `${by.length === 1 ? 'lets' : 'together let'} ${whatPasses(direction, effective)}`;
  return {
    id: 'defeated', level, direction, object: main?.policy ?? namespaceObject(facts.name), path: rule === undefined ? [] : ['spec', RULES_OF[direction], rule],
    message: `${rulesText(direction, by)} ${effect}: ${who.text} ${who.is} ${found.class}${denyText(classes, by)}${blocksText(found)}${because(facts.standing, direction)}${othersText(direction, defeat)}`,
    fix: `${by.length === 1 ? 'remove that rule, or narrow it' : 'remove one of these rules, or narrow it'}${others.length > 0 ? ', and those of the others,' : ''} to the peers and ports that are needed${emptyText(facts, direction, main)}`,
  };
}

function rulesText(direction: Direction, by: readonly DefeatedBy[]): string {
  return listed(by.map(({ policy, rules }) => `${objectText(policy)} (${RULES_OF[direction]} ${rules.length === 1 ? 'rule' : 'rules'} ${rules.join(', ')})`), 4);
}

/** Without them the first one could go, and nothing would change. */
function othersText(direction: Direction, { others }: Defeat): string {
  if (others.length === 0) return '';
  const texts = others.map(({ effective, ...other }) => `${rulesText(direction, [other])}${portsOf(effective)}`);
  return `; so would ${listed(texts, 4)} by ${others.length === 1 ? 'itself' : 'themselves'}`;
}

function portsOf(effective: Effective): string {
  if (effective.class === 'allow-any-external') return ` on ${portsText(effective.anyExternal)}`;
  return effective.class === 'allow-cluster' ? ` on ${portsText(effective.allPods)}` : '';
}

/** An API server stores a key with nothing under it as if it were not there. */
function emptyText({ policies }: NamespaceFacts, direction: Direction, by: DefeatedBy | undefined): string {
  const stored = policies.find(({ kind, name }) => kind === by?.policy.kind && name === by.policy.name)?.spec[RULES_OF[direction]]?.[by?.rules[0] ?? 0];
  const isEmpty = by !== undefined && (stored?.[PEERS_OF[direction]] ?? []).length === 0;
  return isEmpty ? `; it has no ${PEERS_OF[direction]}, and a ${PEERS_OF[direction]} with nothing under it is stored like that` : '';
}

function denyText({ defaultDeny }: DirectionClasses, by: readonly DefeatedBy[]): string {
  const deny = defaultDeny.find((policy) => !by.some((each) => each.policy.name === policy.name && each.policy.kind === policy.kind));
  return deny === undefined ? '' : `, although ${deny.name} denies by default`;
}

/** All of it, or every port to whoever asks, is as if there were no policy; less than that may be meant. */
function gravityOf(direction: Direction, effective: Effective | undefined): FindingLevel {
  if (effective === undefined || effective.class === 'allow-all') return 'FAIL';
  return direction === 'Ingress' && (coversAll(effective.anyExternal, 'TCP') || coversAll(effective.allPods, 'TCP')) ? 'FAIL' : 'WARN';
}

function whatPasses(direction: Direction, effective: Effective | undefined): string {
  const isIn = direction === 'Ingress';
  if (effective?.class === 'allow-any-external') return `${isIn ? 'any address outside in' : 'traffic out to any address outside'} on ${portsText(effective.anyExternal)}`;
  if (effective?.class === 'allow-cluster') return `${isIn ? 'every pod of the cluster in' : 'traffic out to every pod of the cluster'} on ${portsText(effective.allPods)}`;
  return isIn ? 'everybody in on every port' : 'everything out';
}

function blocksText(found: PodClass): string {
  return found.ifBlocksSkipPods === undefined ? '' : `, or ${found.ifBlocksSkipPods} where the network does not match pods by ipBlock`;
}

function opaque({ name, directions }: NamespaceFacts): Placed[] {
  const unknown = DIRECTIONS.map((direction) => directions[direction].classified.filter(({ found }) => found.opaque.length > 0));
  const refs = new Map(unknown.flat().flatMap(({ found }) => found.opaque).map((ref) => [objectText(ref), ref]));
  if (refs.size === 0) return [];
  const where = DIRECTIONS.filter((_direction, index) => (unknown[index]?.length ?? 0) > 0).map((direction) => RULES_OF[direction]);
  return [{
    id: 'opaque-policy', level: 'WARN', path: [], object: namespaceObject(name),
    message: `${where.join(' and ')} cannot be judged: ${listed([...refs.keys()].sort())} ${refs.size === 1 ? 'is' : 'are'} of a kind that is not evaluated, could not be read, or may be about these pods by labels of the namespace, which no manifest declares`,
    fix: 'judge these policies by the tools of their network, or express them as NetworkPolicy',
  }];
}

function hostNetwork({ name, directions }: NamespaceFacts): Placed[] {
  const count = directions.Ingress.counts.get('not-coverable') ?? 0;
  if (count === 0) return [];
  return [{
    id: 'host-network', level: 'INFO', path: [], object: namespaceObject(name),
    message: `${counted(count, 'pod')} with hostNetwork: on most networks no policy applies to ${count === 1 ? 'it' : 'them'}`,
    fix: 'leave hostNetwork to the few pods of the platform that need it',
  }];
}

/** By workload, as people know them; with a share where it is not all of them. */
export function whoOf(some: readonly Classified[], all: readonly Classified[] = some): { readonly text: string; readonly is: 'is' | 'are' } {
  const names = [...new Set(some.map(({ pod }) => podText(pod)))].sort();
  const share = some.length === all.length ? '' : ` (${some.length} of ${counted(all.length, 'pod')})`;
  return { text: listed(names) + share, is: names.length === 1 ? 'is' : 'are' };
}

/** Where there is no pod. */
export const NOBODY_YET = 'every pod that comes';

function podText(pod: Classified['pod']): string {
  if (pod === undefined) return NOBODY_YET;
  return pod.workload === undefined ? `pod ${pod.name}` : `${pod.workload.kind} ${pod.workload.name}`;
}

/** Each policy once, with all its rules. */
function merged(all: readonly DefeatedBy[]): DefeatedBy[] {
  const byPolicy = Map.groupBy(all, ({ policy }) => objectText(policy));
  return [...byPolicy].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, found]) => {
    const [first] = found;
    return first === undefined ? [] : [{ policy: first.policy, rules: [...new Set(found.flatMap(({ rules }) => rules))].sort((a, b) => a - b) }];
  });
}
