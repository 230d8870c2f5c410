/** What the status page says of one namespace in its list: what was planned, beside what all policies really do. */
import type { Direction } from '../../api/network-policy.ts';
import type { AttentionFacts, BaselineState, DirectionFacts, Glance, NamespaceFacts, Tone } from '../../page/model.ts';
import type { Coverage } from '../../plan/coverage.ts';
import type { NamespaceReport } from '../../plan/report.ts';
import type { NamespaceRollUp } from '../isolation/roll-up.ts';
import type { NamespaceMemory } from '../namespace-memory.ts';
import { attentionIn, type RankedAttention } from '../summary.ts';

/** `undefined` for a namespace that is on its way out, or was not planned yet. */
export function factsOf(name: string, memory: NamespaceMemory, rollUp: NamespaceRollUp | undefined, nowMs: number): NamespaceFacts | undefined {
  const { report } = memory;
  if (report?.coverage === undefined) return undefined;
  const { coverage } = report;
  return {
    name, owner: report.owner, attention: attentionFacts(attentionIn(memory, nowMs, rollUp?.effect)), baselines: statesIn(report),
    directions: { Ingress: directionFacts('Ingress', coverage.Ingress, rollUp), Egress: directionFacts('Egress', coverage.Egress, rollUp) },
  };
}

function statesIn({ verdicts, enforced }: NamespaceReport): BaselineState[] {
  return [...verdicts].map(([baseline, { state, reason, message }]) => ({ baseline, state, reason, message, enforced: enforced.get(baseline) ?? NO_DIRECTIONS }));
}
const NO_DIRECTIONS: readonly Direction[] = [];

/** What passes by itself, or was meant by somebody. */
const MILD: ReadonlySet<string> = new Set(['Missing', 'Outdated', 'Adopted', 'Paused', 'Leftover', 'ExemptionOverridden']);

function attentionFacts(attention: RankedAttention | undefined): AttentionFacts | undefined {
  if (attention === undefined) return undefined;
  const { reason, message, rank } = attention;
  const tone: Tone = MILD.has(reason) ? 'warn' : 'bad';
  return { tone, reason, message, rank };
}

export function directionFacts(direction: Direction, coverage: Coverage, rollUp: NamespaceRollUp | undefined): DirectionFacts {
  const glance = glanceOf(direction, coverage, rollUp);
  return { glance, denied: coverage === 'protected', class: rollUp?.classes[direction], why: whyOf(direction, { coverage, glance, rollUp }) };
}

function glanceOf(direction: Direction, coverage: Coverage, rollUp: NamespaceRollUp | undefined): Glance {
  if (coverage === 'excluded' || coverage === 'exempt') return coverage;
  if (rollUp === undefined) return coverage;
  const { isolated, defeat } = rollUp.effect[direction];
  if (coverage === 'protected' && defeat !== undefined) return 'overridden';
  if (rollUp.classes[direction] === 'unknown') return 'unknown';
  if (isolated) return 'isolated';
  return coverage === 'audited' ? 'audited' : 'open';
}

interface Known { readonly coverage: Coverage; readonly glance: Glance; readonly rollUp: NamespaceRollUp | undefined }

function whyOf(direction: Direction, { coverage, glance, rollUp }: Known): string | undefined {
  if (rollUp === undefined) return undefined;
  const { defeat, unknownBy } = rollUp.effect[direction];
  if (glance === 'overridden') return `A default-deny is in place, but ${direction.toLowerCase()} is ${defeat}.`;
  if (glance === 'open') return openBecause(coverage, defeat);
  if (glance === 'isolated' && coverage !== 'protected') return 'By policies that no baseline generates: the default-deny of a baseline is not in place.';
  return glance === 'unknown' && unknownBy !== undefined && unknownBy !== '' ? `Not evaluated, and may change the answer: ${unknownBy}.` : undefined;
}

function openBecause(coverage: Coverage, defeat: string | undefined): string | undefined {
  if (coverage === 'protected') return 'A default-deny is in place, but policies of the baselines themselves let this through.';
  return defeat === undefined ? undefined : `No baseline denies here, and it is ${defeat}.`;
}

