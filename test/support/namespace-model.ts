/**
 * A namespace in memory, as far as planning needs one: takes writes as the API server would, and says how it is then.
 *
 * Holds writes to what the API server holds them to: no second object of a name, no write on an older version.
 */
import assert from 'node:assert/strict';
import { FIELD_MANAGER } from '../../src/api/names.ts';
import { parsePolicy, NO_STRINGS, type PolicyRecord, type WireNetworkPolicy } from '../../src/kube/objects.ts';
import { policyInterner } from '../../src/kube/policy-interner.ts';
import { newBody, replacementBody, withoutOtherOwners } from '../../src/plan/body.ts';
import { planNamespace } from '../../src/plan/plan.ts';
import type { NamespaceView } from '../../src/plan/view.ts';
import type { Write } from '../../src/plan/writes.ts';
import { said } from './build.ts';

const intern = policyInterner();
const NO_FOREIGN = { labels: NO_STRINGS, annotations: NO_STRINGS };

/** The view after one write. */
export function after(view: NamespaceView, write: Write): NamespaceView {
  const policies = new Map(view.policies);
  const deleted = new Set(view.deleted);
  const namespace = view.namespace.name;
  switch (write.kind) {
    case 'Create':
      assert.ok(!policies.has(write.policy.name), `${write.policy.name} exists`);
      policies.set(write.policy.name, stored(newBody(namespace, write.policy), { uid: `new-${write.policy.name}`, resourceVersion: '1000' }));
      deleted.delete(write.policy.name);
      break;
    case 'Update': {
      const live = current(policies, write.live);
      const foreign = live.foreign ?? NO_FOREIGN;
      const body = replacementBody(namespace, write.policy, write.cause === 'Adopted' ? withoutOtherOwners(foreign) : foreign, live);
      policies.set(live.name, stored(body, { uid: live.uid, resourceVersion: `${Number(live.resourceVersion) + 1}` }));
      break;
    }
    case 'Remove':
      policies.delete(current(policies, write.live).name);
      break;
  }
  return { ...view, policies, deleted };
}

function current(policies: ReadonlyMap<string, PolicyRecord>, live: PolicyRecord): PolicyRecord {
  const found = policies.get(live.name);
  assert.ok(found !== undefined, `${live.name} is gone`);
  assert.equal(found.resourceVersion, live.resourceVersion, `${live.name} was written on an older version`);
  return found;
}

function stored(body: WireNetworkPolicy, identity: { uid: string; resourceVersion: string }): PolicyRecord {
  return parsePolicy({ ...body, metadata: { ...body.metadata, ...identity, managedFields: [{ manager: FIELD_MANAGER, operation: 'Update' }] } }, intern);
}

export const afterAll = (view: NamespaceView, writes: readonly Write[]): NamespaceView => writes.reduce(after, view);

/** A swap of directions takes two rounds; more than three would be a loop. */
const ROUNDS = 3;

/** Plans and writes until nothing is left to write. */
export function settled(view: NamespaceView): NamespaceView {
  let present = view;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { writes } = planNamespace(present);
    if (writes.length === 0) return present;
    present = afterAll(present, writes);
  }
  const left = planNamespace(present).writes;
  assert.deepEqual(left.map(said), [], `still writing after ${ROUNDS} rounds`);
  return present;
}
