/**
 * The policies of one namespace as objects: what the operator would write there, for whoever applies them otherwise.
 *
 * Promises: the operator takes them for its own, and finds nothing to change in them.
 */
import type { WireNetworkPolicy } from '../../kube/objects.ts';
import { newBody } from '../../plan/body.ts';
import { planNamespace, type NamespacePlan, type PlannedName } from '../../plan/plan.ts';
import { verdictFor, NO_FACTS } from '../../plan/verdict.ts';
import type { NamespaceView } from '../../plan/view.ts';
import { DEFAULT_DENY } from '../../api/names.ts';

export interface Rendering {
  /** default-deny last: who applies them in this order never denies before it allows. */
  readonly policies: readonly WireNetworkPolicy[];
  /** Planned names that are not rendered, and why there is nothing where there is nothing; for people. */
  readonly notes: readonly string[];
}

export function renderNamespace(view: NamespaceView): Rendering {
  const plan = planNamespace(view);
  const names = [...plan.names].sort((a, b) => Number(a.name === DEFAULT_DENY) - Number(b.name === DEFAULT_DENY));
  const policies = names.flatMap((planned) => (isWritten(planned) && planned.desired !== undefined ? [newBody(view.namespace.name, planned.desired)] : []));
  const left = names.filter((planned) => !isWritten(planned)).map(leftText);
  return { policies, notes: policies.length === 0 && left.length === 0 ? whyNothing(plan) : left };
}

/** Also what is there as it should be: all of it is wanted. */
function isWritten({ decision, desired }: PlannedName): boolean {
  if (desired === undefined || decision.kind === 'ForeignEqual') return false;
  return decision.kind !== 'Leave' || decision.reason === 'DriftWarned';
}

function leftText({ name, decision, blocked, claims: [{ baseline }] }: PlannedName): string {
  if (blocked === 'Paused') return `${name}: baseline ${baseline.name} is paused`;
  if (decision.kind === 'ForeignEqual') return `${name}: a policy of that name is there, is not ours, and says the same`;
  if (decision.kind === 'Leave' && decision.reason === 'ForeignPolicy') return `${name}: a policy of that name is there and is not ours; rename or delete it, or set adoptionPolicy: Adopt`;
  return `${name}: its template cannot be used`;
}

/** One line for each baseline. */
function whyNothing(plan: NamespacePlan): string[] {
  return plan.scopes.map(({ baseline, scope }) => {
    const { reason, message } = verdictFor(baseline, scope, plan, NO_FACTS);
    return `baseline ${baseline.name} ${WHY.get(reason) ?? reason}${message === '' ? '' : ` (${message})`}`;
  });
}

const WHY: ReadonlyMap<string, string> = new Map([
  ['NamespaceTerminating', 'leaves it alone: it is on its way out'], ['SystemNamespace', 'leaves it alone: it is a system namespace'],
  ['ExcludedByName', 'excludes it by name'], ['NotSelected', 'does not select it: its namespaceSelector does not match its labels'],
  ['Exempt', 'exempts it'], ['NotEnforced', 'enforces no direction: both are in Audit or Disabled'],
]);
