/**
 * What a namespace comes to when the operator carries out its plan: plans and writes in memory until nothing is left.
 *
 * Promises: every write is one that `planNamespace` asked for, or the permitted part of it; what is held stays.
 */
import { parsePolicy, NO_STRINGS, type PolicyRecord, type WireNetworkPolicy } from '../../kube/objects.ts';
import type { PolicyInterner } from '../../kube/policy-interner.ts';
import { FIELD_MANAGER } from '../../api/names.ts';
import { newBody, replacementBody, withoutOtherOwners } from '../../plan/body.ts';
import type { Loss } from '../../plan/leaving.ts';
import { permittedPart } from '../../plan/part.ts';
import { planNamespace, type NamespacePlan } from '../../plan/plan.ts';
import type { NamespaceView } from '../../plan/view.ts';
import type { Write } from '../../plan/writes.ts';

export interface Settled {
  /** Before the first write. */
  readonly plan: NamespacePlan;
  /** After the last one. */
  readonly view: NamespaceView;
  /** In their order. */
  readonly writes: readonly Write[];
  /** What the breaker keeps from being written, or a part of which it keeps. */
  readonly held: readonly Write[];
}

/** A swap of directions takes two rounds; more than this would be a loop. */
const ROUNDS = 5;

export function settle(view: NamespaceView, permits: (loss: Loss) => boolean, intern: PolicyInterner): Settled {
  const plan = planNamespace(view);
  const writes: Write[] = [];
  let present = view;
  let next = plan;
  for (let round = 0; round < ROUNDS; round += 1) {
    const permitted = next.writes.flatMap((write) => permittedPart(write, permits) ?? []);
    if (permitted.length === 0) break;
    present = permitted.reduce((before, write) => after(before, write, intern), present);
    writes.push(...permitted);
    next = planNamespace(present);
  }
  return { plan, view: present, writes, held: next.writes };
}

/** As the API server would store it. */
function after(view: NamespaceView, write: Write, intern: PolicyInterner): NamespaceView {
  const policies = new Map(view.policies);
  const namespace = view.namespace.name;
  switch (write.kind) {
    case 'Create': policies.set(write.policy.name, stored(newBody(namespace, write.policy), intern)); break;
    case 'Update': policies.set(write.live.name, stored(replaced(namespace, write), intern)); break;
    case 'Remove': policies.delete(write.live.name); break;
  }
  return { ...view, policies };
}

const NO_FOREIGN = { labels: NO_STRINGS, annotations: NO_STRINGS };

function replaced(namespace: string, { live, policy, cause }: Extract<Write, { kind: 'Update' }>): WireNetworkPolicy {
  const foreign = live.foreign ?? NO_FOREIGN;
  return replacementBody(namespace, policy, cause === 'Adopted' ? withoutOtherOwners(foreign) : foreign, live);
}

function stored(body: WireNetworkPolicy, intern: PolicyInterner): PolicyRecord {
  return parsePolicy({ ...body, metadata: { ...body.metadata, managedFields: [{ manager: FIELD_MANAGER, operation: 'Update' }] } }, intern);
}
