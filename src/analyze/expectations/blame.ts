/** Why an expectation is not met, by its example: what decides on each side, and what would change it. */
import type { Verdict } from '../../netpol/answer.ts';
import { changeText } from '../explain/change-words.ts';
import type { Cluster } from '../explain/cluster.ts';
import type { Case, SideExplanation } from '../explain/explanation.ts';
import { caseText, opaqueText, placeText } from '../explain/lines.ts';
import { missText, nearSpotText } from '../explain/miss-words.ts';
import { CODE_WORDS, reasonText } from '../explain/words.ts';

/** The example, then both sides where a denial was expected, since either could deny, else those that do not allow. */
export function blameLines(cluster: Cluster, example: Case, expect: Verdict): string[] {
  const { egress, ingress, from, to, codes, verdict, changes } = example;
  const sides = [[egress, from.text], [ingress, to.text]] as const;
  const blamed = sides.filter(([side]) => side.verdict !== 'allowed' || (expect === 'denied' && isGoverned(side)));
  return [
    caseText(example),
    ...(blamed.length > 0 ? blamed : sides).flatMap(([side, text]) => sideLines(cluster, side, text)),
    ...(expect === 'allowed' ? changes.map((change) => `To allow it, ${change.direction.toLowerCase()}: ${changeText(change)}`) : []),
    ...(verdict === 'unknown' ? codes.map((code) => CODE_WORDS[code]) : []),
  ];
}

function isGoverned({ outcomes }: SideExplanation): boolean {
  return outcomes.some(({ reason: { kind } }) => kind !== 'not governed');
}

function sideLines(cluster: Cluster, side: SideExplanation, text: string): string[] {
  const { direction, outcomes, nearest: [near] } = side;
  const decider = outcomes.flatMap(({ reason }) => (reason.kind === 'rule' ? [reason.decider] : []))[0];
  const place = decider === undefined ? '' : placeText(cluster, decider, decider.rule, direction);
  if (side.opaque.length > 0) return side.opaque.map((ref) => `${direction} of ${text}: ${opaqueText(cluster, ref)}`);
  return [
    `${direction} of ${text}: ${reasonText(side, direction)}${place}`,
    ...(near === undefined ? [] : [`Nearest: ${nearSpotText(near, direction)}${placeText(cluster, near.policy, near.rule, direction)}: ${near.misses.map((miss) => missText(miss, direction)).join('; ')}`]),
  ];
}
