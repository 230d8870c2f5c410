/**
 * The explanation of a namespace as lines for people.
 *
 * Texts come as the cluster has them: whoever shows them makes them harmless.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import { describeDifferences } from '../../plan/drift.ts';
import { listed } from '../audit/text.ts';
import type { DirectionAudit } from '../audit/result.ts';
import { changesText } from '../preview/changes.ts';
import type { BaselineStanding, NamespaceExplanation, PlannedPolicy, WinningReason } from './namespace.ts';
import type { Line, LineTone, Piece } from './lines.ts';
import { counted, refText } from './words.ts';

const BLANK: Line = [];

export function namespaceLines(explanation: NamespaceExplanation): Line[] {
  const { namespace, terminating, directions, baselines, planned } = explanation;
  return [
    [{ text: `Namespace ${namespace}`, tone: 'bold' }, terminating ? ' is on its way out: nothing is written into it' : ''],
    ...block('Isolation', DIRECTIONS.flatMap((direction) => isolationLines(direction, directions[direction])), ''),
    ...block('Baselines', baselines.flatMap(baselineLines), 'There is none'),
    ...block('Planned policies', planned.flatMap(plannedLines), 'There is none'),
    ...block('Other policies', otherLines(explanation), 'There is none'),
    ...block('Next', nextLines(explanation), ''),
  ];
}

function block(title: string, lines: readonly Line[], empty: string): Line[] {
  const shown = lines.length > 0 || empty === '' ? lines : [[empty]];
  return [BLANK, [{ text: title, tone: 'bold' }], ...shown.map((line): Line => ['  ', ...line])];
}

const COVERAGE_WORDS: Readonly<Record<NamespaceExplanation['directions'][Direction]['coverage'], string>> = {
  protected: 'has a default-deny', audited: 'a baseline is in Audit', unprotected: 'has no default-deny', exempt: 'is exempt', excluded: 'is excluded',
};
const ISOLATED: Readonly<Record<DirectionAudit['isolated'], { readonly text: string; readonly tone: LineTone }>> = {
  yes: { text: 'isolated', tone: 'good' }, no: { text: 'not isolated', tone: 'bad' }, unknown: { text: 'not known', tone: 'warn' },
};

/** An exemption and an Audit of one baseline open nothing that another one enforces. */
function coverageText({ coverage, enforcedBy }: NamespaceExplanation['directions'][Direction]): string {
  const isElsewhere = enforcedBy.length > 0 && (coverage === 'exempt' || coverage === 'audited');
  return isElsewhere ? `${COVERAGE_WORDS.unprotected}, though ${listed(enforcedBy)} ${enforcedBy.length === 1 ? 'enforces' : 'enforce'} it` : COVERAGE_WORDS[coverage];
}

function isolationLines(direction: Direction, found: NamespaceExplanation['directions'][Direction]): Line[] {
  const { audit } = found;
  const name = direction.toLowerCase().padEnd(9);
  if (audit === undefined) return [[name, coverageText(found)]];
  const pods = [...audit.counts].map(([podClass, count]) => `${counted(count, 'pod')} ${podClass}`);
  const deny = audit.defaultDeny.map(refText);
  return [
    [name, ISOLATED[audit.isolated], `, ${audit.class}: ${[coverageText(found), ...pods].join('; ')}`],
    ...(deny.length === 0 ? [] : [[' '.repeat(9), `denied by ${listed(deny)}`]]),
    ...audit.defeatedBy.map(({ policy, rules }): Line => [' '.repeat(9), { text: 'opened', tone: 'bad' }, ` by ${refText(policy)} (${direction.toLowerCase()} ${rules.length === 1 ? 'rule' : 'rules'} ${rules.join(', ')})`]),
  ];
}

const STATE_TONES: ReadonlyMap<string, LineTone> = new Map([['protected', 'good'], ['failed', 'bad'], ['conflicted', 'bad'], ['drifted', 'bad'], ['pending', 'warn']]);
/** What a state does not say by itself. */
const REASON_WORDS: ReadonlyMap<string, string> = new Map([
  ['SystemNamespace', 'a system namespace'], ['ExcludedByName', 'in its excludedNamespaces'], ['NotSelected', 'its namespaceSelector does not match the labels'],
  ['NotEnforced', 'selected, and no direction is enforced'], ['InPlace', 'selected, and everything is as planned'], ['NamespaceTerminating', 'on its way out'],
]);

function baselineLines({ baseline, verdict: { state, reason, message }, modes, problem, paused, exemptions }: BaselineStanding): Line[] {
  const why = message === '' ? REASON_WORDS.get(reason) ?? reason : message;
  const tone = STATE_TONES.get(state) ?? 'dim';
  // Of a spec that cannot be used there is neither a selector nor a mode.
  if (problem !== undefined) return [[`${baseline}: `, { text: state, tone }, reason === 'NotSelected' ? ', ' : `, ${why}; `, { text: 'its spec cannot be used', tone: 'bad' }, `: ${problem}`]];
  return [
    [`${baseline}: `, { text: state, tone }, `, ${why} (ingress ${modes.Ingress}, egress ${modes.Egress}${paused ? ', paused' : ''})`],
    ...exemptions.map(({ direction, target, reason: because, expiresAt }): Line => [`  exempt in ${direction.toLowerCase()} (${target}): ${because}${expiresAt === undefined ? '; it does not end' : `; until ${expiresAt}`}`]),
  ];
}

const WHY: Readonly<Record<WinningReason, string>> = {
  only: '', union: ' together', priority: ', which has the higher priority', older: ', which is older', name: ', which comes first by name',
};

function plannedLines(policy: PlannedPolicy): Line[] {
  const { name, claims, why } = policy;
  const [winner, ...others] = claims;
  const all = claims.map(({ baseline, directions }) => `${baseline} (${directions.join(', ')})`);
  const by = why === 'union' ? `${listed(all, 8)}${WHY.union}` : `${winner?.baseline ?? '?'}${WHY[why]}`;
  const losers = why === 'union' ? [] : others.map(({ baseline, agrees }): Line => [`  ${baseline} claims it, too, and ${agrees ? 'wants the same' : 'wants another spec'}`]);
  return [[`${name}: `, ...decisionPieces(policy), `; for ${by}`], ...losers];
}

function decisionPieces({ decision, problem }: PlannedPolicy): Piece[] {
  switch (decision.kind) {
    case 'InPlace': return [{ text: 'in place', tone: 'good' }];
    case 'ForeignEqual': return [{ text: 'in place', tone: 'good' }, ', a policy of somebody else that says the same'];
    case 'Create': return [{ text: 'missing', tone: 'warn' }, ', would be created'];
    case 'Update': return [{ text: UPDATES[decision.cause].what, tone: 'warn' }, `, would be ${UPDATES[decision.cause].what === 'not ours' ? 'taken over' : 'put right'}${decision.differences.length === 0 ? '' : `: ${describeDifferences(decision.differences)}`}`];
    case 'Leave': return [{ text: LEAVES[decision.reason], tone: 'bad' }, `${decision.reason === 'InvalidTemplate' && problem !== undefined ? `: ${problem}` : ''}${decision.differences.length === 0 ? '' : `: ${describeDifferences(decision.differences)}`}`];
  }
}

const UPDATES = { Modified: { what: 'edited by somebody' }, Outdated: { what: 'out of date' }, Adopted: { what: 'not ours' } } as const;
const LEAVES = {
  ForeignPolicy: 'not ours, and left (adoptionPolicy: Refuse)', DriftWarned: 'edited by somebody, and left (driftPolicy: Warn)', Paused: 'left, since the baseline is paused', InvalidTemplate: 'cannot be written',
} as const;

const LEFTOVER_WORDS: ReadonlyMap<string, string> = new Map([
  ['SystemNamespace', 'this is a system namespace'], ['ExcludedByName', 'the namespace is excluded by name'], ['NotSelected', 'the namespace is not selected'], ['Exempt', 'the namespace is exempt'],
  ['DirectionNotEnforced', 'its direction is not enforced'], ['TemplateRemoved', 'its template was removed'], ['BaselineDeleted', 'the baseline is being deleted'],
]);

function otherLines({ leftovers, retained, others }: NamespaceExplanation): Line[] {
  return [
    ...leftovers.map(({ name, baseline, reason, removable }): Line => [`${name}: `, { text: 'left over', tone: 'warn' }, ` of ${baseline}, ${LEFTOVER_WORDS.get(reason) ?? reason}${removable ? '; would be deleted' : '; stays for now'}`]),
    ...retained.map((name): Line => [`${name}: retained; its baseline is gone, and another one that claims the name takes it up`]),
    ...others.map(({ name, directions, selects }): Line => [`${name}: not ours; isolates ${selects} in ${directions.join(' and ').toLowerCase() || 'no direction'}`]),
  ];
}

function nextLines({ next: { changes, held, confirm, changesAt } }: NamespaceExplanation): Line[] {
  return [
    ...(changes.length === 0 ? [[held.length === 0 ? 'Nothing would be written.' : 'Nothing else would be written.']] : changesText(changes).map((text): Line => [text])),
    ...changesText(held).map((text): Line => [{ text: 'held', tone: 'warn' }, `: ${text}`]),
    ...confirm.map(({ baseline, token }): Line => [`to confirm: kubectl annotate --overwrite npb ${baseline} netbaseline.io/confirm=${token}`]),
    ...(changesAt === undefined ? [] : [[`An exemption ends at ${changesAt}; then the plan is another one.`]]),
  ];
}
