/** All that the status page says of one namespace. Planned anew when it is asked for, as the next reconcile would. */
import { DIRECTIONS } from '../../api/network-policy.ts';
import type { ExemptionFacts, NamespaceDetail, PolicyFacts, Tone } from '../../page/model.ts';
import type { PolicyRecord } from '../../kube/objects.ts';
import { policyTypesOf } from '../../netpol/compile-network-policy.ts';
import type { CompiledBaseline } from '../../plan/compile.ts';
import type { Decision } from '../../plan/decide.ts';
import { describeDifferences } from '../../plan/drift.ts';
import { isFullyLabelled } from '../../plan/ownership.ts';
import { planNamespace, type NamespacePlan } from '../../plan/plan.ts';
import { describeRefusal } from '../../plan/verdict.ts';
import type { NamespaceView } from '../../plan/view.ts';
import type { NamespaceRollUp } from '../isolation/roll-up.ts';
import type { NamespaceMemory } from '../namespace-memory.ts';
import { factsOf } from './facts.ts';

/** A tenant may have any number of policies. */
const MOST_POLICIES = 200;

export interface DetailParts {
  readonly view: NamespaceView;
  readonly memory: NamespaceMemory;
  readonly rollUp: NamespaceRollUp | undefined;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
}

/** `undefined` for a namespace that is on its way out, or was not planned yet. */
export function detailOf({ view, memory, rollUp, nowMs }: DetailParts): NamespaceDetail | undefined {
  const facts = factsOf(view.namespace.name, memory, rollUp, nowMs);
  if (facts === undefined) return undefined;
  const { policies, count } = policiesIn(view, planNamespace(view), memory);
  const exemptions = view.cluster.baselines.flatMap((baseline) => exemptionsIn(baseline, view));
  return {
    ...facts, exemptions, findings: undefined, policies,
    figures: count > policies.length ? [['Policies', `${count}, of which ${policies.length} are shown`]] : [],
    directions: { Ingress: withReason('Ingress', facts, exemptions), Egress: withReason('Egress', facts, exemptions) },
  };
}

/** That of the exemption, in place of a meaning that everybody knows. */
function withReason(direction: 'Ingress' | 'Egress', { directions }: Pick<NamespaceDetail, 'directions'>, exemptions: readonly ExemptionFacts[]) {
  const facts = directions[direction];
  const exempt = facts.glance === 'exempt' ? exemptions.find((each) => each.directions.includes(direction)) : undefined;
  return exempt === undefined ? facts : { ...facts, why: exempt.reason };
}

/** Those that have ended, too: whoever wonders where it went finds it. */
function exemptionsIn(baseline: CompiledBaseline, { namespace }: NamespaceView): ExemptionFacts[] {
  return baseline.exemptions.filter((exemption) => exemption.applies(namespace)).map((exemption) => exemptionFacts(baseline, exemption));
}

export function exemptionFacts({ name }: CompiledBaseline, { target, directions, reason, expiresAtMs }: CompiledBaseline['exemptions'][number]): ExemptionFacts {
  return { baseline: name, target, reason, directions: DIRECTIONS.filter((direction) => directions.has(direction)), expiresAtMs: Number.isFinite(expiresAtMs) ? expiresAtMs : undefined };
}

/** What is planned first, then what is ours and is not, then the rest; each by name. `count` is that of all of them. */
function policiesIn({ policies }: NamespaceView, plan: NamespacePlan, memory: NamespaceMemory): { readonly policies: PolicyFacts[]; readonly count: number } {
  const planned = plan.names.map(({ name, decision, claims, desired }) => (
    { ...policyFacts(name, policies.get(name), { baseline: claims[0].baseline.name, ...plannedRemark(name, decision, memory) }), ...(policies.has(name) || desired === undefined ? {} : { directions: desired.spec.spec.policyTypes }) }));
  const names = new Set(planned.map(({ name }) => name));
  const others = [...policies.values()].filter(({ name }) => !names.has(name));
  others.sort((a, b) => Number(isFullyLabelled(b)) - Number(isFullyLabelled(a)) || (a.name < b.name ? -1 : 1));
  const shown = others.slice(0, Math.max(0, MOST_POLICIES - planned.length)).map((policy) => policyFacts(policy.name, policy, unplannedRemark(policy, plan)));
  return { policies: [...planned, ...shown], count: planned.length + others.length };
}

interface Said { readonly baseline: string | undefined; readonly note: string; readonly tone: Tone | undefined }

function policyFacts(name: string, live: PolicyRecord | undefined, said: Said): PolicyFacts {
  const types = live?.anySpec === undefined ? undefined : policyTypesOf(live.anySpec);
  const known = types === undefined ? live?.policyTypes ?? [] : DIRECTIONS.filter((direction) => types.has(direction));
  return { kind: 'NetworkPolicy', name, directions: known.length === 0 ? undefined : known, ...said };
}

function plannedRemark(name: string, decision: Decision, { policies }: NamespaceMemory): Pick<Said, 'note' | 'tone'> {
  const refusal = policies.get(name)?.refusal;
  if (refusal !== undefined) return { note: describeRefusal(name, refusal), tone: 'bad' };
  switch (decision.kind) {
    case 'InPlace': return { note: 'as planned', tone: undefined };
    case 'ForeignEqual': return { note: 'as planned, though somebody else wrote it', tone: undefined };
    case 'Create': return { note: decision.cause === 'Deleted' ? 'somebody deleted it' : 'not there yet', tone: 'warn' };
    case 'Update': return decision.cause === 'Modified' ? { note: `edited: ${describeDifferences(decision.differences)}`, tone: 'bad' } : { note: 'not up to date yet', tone: 'warn' };
    case 'Leave': return LEFT[decision.reason](describeDifferences(decision.differences));
  }
}

const LEFT: Readonly<Record<Extract<Decision, { kind: 'Leave' }>['reason'], (differences: string) => Pick<Said, 'note' | 'tone'>>> = {
  ForeignPolicy: () => ({ note: 'has a planned name and is not ours: left alone', tone: 'bad' }),
  DriftWarned: (differences) => ({ note: `edited, and left so (driftPolicy: Warn): ${differences}`, tone: 'bad' }),
  Paused: (differences) => ({ note: differences === '' ? 'not as planned, and the baseline is paused' : `edited, and the baseline is paused: ${differences}`, tone: 'warn' }),
  InvalidTemplate: () => ({ note: 'its template cannot be used: what is there stays', tone: 'bad' }),
};

function unplannedRemark(policy: PolicyRecord, { leftovers, retained }: NamespacePlan): Said {
  const baseline = isFullyLabelled(policy) ? policy.own.baseline : undefined;
  const leftover = leftovers.find((each) => each.policy.name === policy.name);
  if (leftover !== undefined) return { baseline, note: `not planned any more, still there: ${leftover.reason}`, tone: 'warn' };
  return retained.includes(policy.name) ? { baseline, note: 'kept, its baseline is gone', tone: 'info' } : { baseline, note: '', tone: undefined };
}
