/**
 * An explanation as lines for people: the verdict, a walk through both sides, what would change it, footnotes.
 *
 * Texts come as the cluster has them: whoever shows them makes them harmless.
 */
import type { Direction } from '../../api/network-policy.ts';
import type { Verdict } from '../../netpol/answer.ts';
import type { Code, Connection, PolicyRef } from '../../netpol/model.ts';
import { sideOf } from '../../netpol/side.ts';
import { changeText, leftText } from './change-words.ts';
import type { Cluster } from './cluster.ts';
import { policyAt, type Case, type Explanation, type SideExplanation } from './explanation.ts';
import { missText, nearSpotText } from './miss-words.ts';
import type { Party } from './pairs.ts';
import { portText } from './port.ts';
import type { Matching, TierStep } from './walk.ts';
import { CODE_WORDS, counted, listed, refText, rulePath, spotText, VERDICT_WORDS } from './words.ts';

export type LineTone = 'good' | 'bad' | 'warn' | 'dim' | 'bold';
export type Piece = string | { readonly text: string; readonly tone: LineTone };
export type Line = readonly Piece[];

const TONES: Readonly<Record<Verdict | 'mixed', LineTone>> = { allowed: 'good', denied: 'bad', unknown: 'warn', mixed: 'warn' };
const BLANK: Line = [];
const LABEL_WIDTH = 15;
const MOST_NEAREST = 3;
const MOST_EXAMPLES = 5;

export function explanationLines(cluster: Cluster, { verdict, notes, cases, dead }: Explanation): Line[] {
  const codes = [...new Set(cases.flatMap((each) => each.codes))];
  const total = cases.reduce((sum, { pairs }) => sum + pairs, 0);
  return [
    ...(cases.length > 1 || dead.length > 0 ? [[{ text: VERDICT_WORDS[verdict], tone: TONES[verdict] }, `  ${counted(total, 'pair')} of ends in ${counted(cases.length, 'case')}`], ...dead.map((each): Line => [`        ${each}.`]), BLANK] as Line[] : []),
    ...joined(cases.map((each) => caseLines(cluster, each, codes))),
    ...(notes.length === 0 ? [] : [BLANK, ...notes.map((note): Line => [{ text: note, tone: 'dim' }])]),
    ...(codes.length === 0 ? [] : [BLANK, ...codes.map((code, index): Line => [`[${index + 1}] ${CODE_WORDS[code]}`])]),
  ];
}

function joined(blocks: readonly (readonly Line[])[]): Line[] {
  return blocks.flatMap((block, index) => (index === 0 ? [...block] : [BLANK, ...block]));
}

function caseLines(cluster: Cluster, found: Case, codes: readonly Code[]): Line[] {
  const left = leftText(found.left);
  return [
    headline(found),
    ...othersLines(found),
    BLANK, ...sideLines(cluster, found, 'Egress', codes),
    BLANK, ...sideLines(cluster, found, 'Ingress', codes),
    ...(found.changes.length === 0 ? [] : [BLANK, [{ text: 'Smallest change', tone: 'bold' }, ' that would allow it (--fix shows it)'], ...found.changes.map((change): Line => [`  ${change.direction}: ${changeText(change)}`])] as Line[]),
    ...(left === undefined ? [] : [[`  ${left}.`]]),
  ];
}

function headline(found: Case): Line {
  return [{ text: VERDICT_WORDS[found.verdict], tone: TONES[found.verdict] }, `  ${caseText(found)}`];
}

/** Who connects to whom, and on which port. */
export function caseText({ from, to, connection: { port, protocol }, family }: Case): string {
  const at = protocol === 'ICMP' ? 'ICMP' : `port ${portText({ kind: 'number', port, protocol })}`;
  return `${partyText(from)} -> ${partyText(to)}, ${at}${family === undefined ? '' : `, over ${family}`}`;
}

export function partyText({ text, workload, ranges, endpoint }: Party): string {
  const isWorkload = text.split('/').length === 3; // it stands for its pods, and is called by its name already
  if (workload !== undefined && !isWorkload) return `${text} (${workload})`;
  return 'ip' in endpoint && endpoint.ip === text && ranges.length > 0 ? `${text} (for ${listed(ranges)})` : text;
}

function othersLines({ pairs, allFrom, allTo, families }: Case): Line[] {
  const both: Line[] = families.length < 2 ? [] : [[{ text: `        over ${listed(families)}`, tone: 'dim' }]];
  if (pairs === 1) return both;
  const others = [['from', allFrom], ['to', allTo]] as const;
  const named = others.flatMap(([side, texts]) => (texts.length < 2 ? [] : [`${side} ${listed(texts.slice(1, 1 + MOST_EXAMPLES))}${texts.length > 1 + MOST_EXAMPLES ? ', …' : ''}`]));
  return [[{ text: `        the same for ${pairs - 1} more: ${named.join('; ')}`, tone: 'dim' }], ...both];
}

function sideLines(cluster: Cluster, found: Case, direction: Direction, codes: readonly Code[]): Line[] {
  const [side, { text }] = direction === 'Egress' ? [found.egress, found.from] : [found.ingress, found.to];
  const marks = side.codes.map((code) => `[${codes.indexOf(code) + 1}]`).join('');
  return [
    [{ text: `${side.direction} of ${text}: `, tone: 'bold' }, { text: side.verdict, tone: TONES[side.verdict] }, ...(marks === '' ? [] : [` ${marks}`])],
    ...unaskedLines(cluster, side, found.connection),
    ...side.steps.flatMap((step) => stepLines(cluster, side, step)),
    ...defaultLines(side),
    ...labelled('Nearest rules', side.nearest.slice(0, MOST_NEAREST).flatMap((near) => [
      `${nearSpotText(near, side.direction)}${placeText(cluster, near.policy, near.rule, side.direction)}`,
      ...near.misses.map((miss) => `- ${missText(miss, side.direction)}`),
    ])),
    ...labelled('No effect', side.inert.map((ref) => `${refText(ref)} has ${side.direction.toLowerCase()} rules, but its policyTypes leave ${side.direction} out`)),
    ...side.opaque.map((ref): Line => [`  ${opaqueText(cluster, ref)}`]),
  ];
}

/** A policy of a kind that is not evaluated, or that could not be read. */
export function opaqueText(cluster: Pick<Cluster, 'policies'>, ref: PolicyRef): string {
  const unread = policyAt(cluster, ref)?.unread;
  return unread === undefined ? `${refText(ref)} may change this: policies of this kind are not evaluated` : `${ref.kind} could not be read, and one may change this: ${unread}`;
}

function unaskedLines(cluster: Cluster, { outcomes, direction, codes }: SideExplanation, connection: Connection): Line[] {
  const isThroughService = codes.includes('hairpin');
  return outcomes.flatMap(({ reason: { kind } }): Line[] => {
    switch (kind) {
      case 'not governed': return [[`  No policy governs this side: it is ${whatIs(cluster, connection, direction)}.`]];
      case 'own node': return [["  It comes from the pod's own node, which is always allowed, so that probes work."]];
      case 'self': return [[isThroughService ? '  A pod reaches itself through a Service: policies may not count.' : '  A pod reaches itself: no policy counts.']];
      case 'rule': case 'isolated': case 'default': return [];
    }
  });
}

function whatIs({ world }: Cluster, { from, to, family }: Connection, direction: Direction): string {
  const endpoint = direction === 'Egress' ? from : to;
  const side = sideOf(world, endpoint, family);
  if ('pod' in endpoint) return endpoint.pod.hostNetwork ? 'a pod in the network of its node' : 'a pod that has finished';
  if (side.kind === 'node') return `node ${side.name ?? ''}`;
  return side.kind === 'service' ? 'an address of a Service' : 'an address outside of the cluster';
}

function defaultLines({ outcomes, steps }: SideExplanation): Line[] {
  if (!outcomes.some(({ reason: { kind } }) => kind === 'default')) return [];
  return steps.length === 0 ? [['  No policy is about this pod in this direction: allowed by default.']] : labelled('Default', ['allowed, as no tier decides']);
}

function stepLines(cluster: Cluster, side: SideExplanation, step: TierStep): Line[] {
  // Where one allows for sure, a rule that may allow as well says nothing.
  const isSure = step.tier === 'NetworkPolicy' && step.matching.some(({ match }) => match === 'yes');
  const matched = step.matching.filter(({ match }) => match === 'yes' || !isSure).map((each) => `${matchText(each, step.asked)}, ${spotText(each.decider, side.direction)}${placeText(cluster, each.decider, each.decider.rule, side.direction)}`);
  return labelled(step.tier, [...stepTexts(step), ...shortened(matched)]);
}

function shortened(texts: readonly string[]): readonly string[] {
  return texts.length > MOST_EXAMPLES ? [...texts.slice(0, MOST_EXAMPLES), `and ${counted(texts.length - MOST_EXAMPLES, 'rule')} more`] : texts;
}

function stepTexts({ tier, asked, policies, matching }: TierStep): string[] {
  const names = listed(policies.map(({ namespace, name }) => (namespace === undefined ? name : `${namespace}/${name}`)));
  if (!asked) return [tier === 'Baseline' ? 'not asked: a tier before it decides' : 'not asked: the Admin tier decides'];
  if (tier === 'NetworkPolicy') return [`isolated by ${names}${unionText(matching)}`];
  return matching.length === 0 ? [`${names} ${policies.length === 1 ? 'is' : 'are'} about this pod, and no rule matches`] : [];
}

function unionText(matching: readonly Matching[]): string {
  if (matching.length === 0) return ', and no rule allows this';
  return matching.every(({ match }) => match === 'maybe') ? ', and no other rule allows this:' : '';
}

const VERBS = { Allow: ['allowed by', 'would be allowed by', 'may be allowed by'], Deny: ['denied by', 'would be denied by', 'may be denied by'], Pass: ['passed on by', 'would be passed on by', 'may be passed on by'] } as const;

function matchText({ decider, match }: Matching, asked: boolean): string {
  const [does, would, may] = VERBS[decider.action];
  const verb = !asked ? would : match === 'maybe' ? may : does;
  return `${verb} ${refText(decider)}`;
}

/** ` (file:line)` of a rule, where it comes from a file. */
export function placeText(cluster: Cluster, ref: PolicyRef, rule: number, direction: Direction): string {
  const origin = policyAt(cluster, ref)?.origin;
  return origin === undefined ? '' : ` (${origin.file}:${origin.lineOf(rulePath({ rule }, direction))})`;
}

function labelled(label: string, texts: readonly string[]): Line[] {
  return texts.map((text, index): Line => [`  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${text}`]);
}
