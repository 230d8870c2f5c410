/**
 * What the operator asked of the API server, from the server's own audit log: for tests of order, and of "no write".
 *
 * `settled` knows when everything that the operator was told of is done: a namespace of its own is relabelled and
 * a policy in it deleted, and once both have had their effect, so has what came before on the same watches. Baselines
 * have a watch of their own: where nothing else tells, `heardOfBaselines` does the same with one. A status says later
 * than that what the policies mean, and at most once in an interval: the operator is settled when none was written for
 * some of these.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { markAudit, readAudit, type AuditEvent, type AuditMark } from '../control-plane/audit-log.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from './control-plane.ts';
import { eventually } from './eventually.ts';
import type { World } from './world.ts';

export const OPERATOR_USER = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;

export interface Witness {
  /** Waits until the operator has done what it had to; returns the place in the log where the next things come. */
  settled(): Promise<AuditMark>;
  /** Waits until the operator has acted on a change of a baseline that came after all that it was told of baselines before. */
  heardOfBaselines(): Promise<void>;
  /** The operator's writes since, in the order in which they arrived, once everything is done. Without its Lease. */
  writes(since: AuditMark): Promise<AuditEvent[]>;
  /** Of these the policies of one namespace: `create allow-dns`. */
  policyWrites(since: AuditMark, namespace: string): Promise<string[]>;
  end(): Promise<void>;
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const CANARY = 'canary';
const forAll = (name: string) => ({ name, networkPolicy: { podSelector: {}, policyTypes: ['Ingress'] } });
const TURNS = (label: string) => ['turn-0', 'turn-1'].map((name) => ({ ...forAll(name), namespaceSelector: { matchLabels: { [label]: name } } }));

export interface WitnessOptions {
  /** `--status-interval` of the operator. */
  readonly statusIntervalMs?: number;
}

/** Without a write for so many status intervals, there is none to come. */
const INTERVALS_AT_REST = 3;
const NEVER_AT_REST_MS = 20_000;

/** `world` must have a running operator whenever the witness is asked. */
export async function aWitness(world: World, { statusIntervalMs = 200 }: WitnessOptions = {}): Promise<Witness> {
  const log = world.plane.auditLogPath ?? '';
  const canary = `${CANARY}-${Math.random().toString(36).slice(2, 10)}`;
  const label = `test.netbaseline.io/${canary}`;
  let turn = 0;
  let edits = 0;
  let heardTo = markAudit(log);
  const must = async (answer: Promise<{ code: number; body: unknown }>): Promise<void> => {
    const { code, body } = await answer;
    assert.ok(code < 300, JSON.stringify(body));
  };
  await must(world.admin.post('/api/v1/namespaces', { metadata: { name: canary, labels: { [label]: 'turn-0' } } }));
  await must(world.admin.post('/apis/netbaseline.io/v1alpha1/namespacepolicybaselines', {
    apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: canary },
    spec: {
      namespaceSelector: { matchExpressions: [{ key: label, operator: 'Exists' }] },
      dns: { enabled: false },
      policies: TURNS(label),
    },
  }));
  await world.becomes(canary, 'default-deny', 'turn-0');

  /** The write that the operator makes in answer to `act`, seen in the log. */
  async function provoke(name: string, act: () => Promise<void>): Promise<void> {
    const mark = markAudit(log);
    await act();
    await eventually(() => readAudit(log, mark), (events) => {
      assert.ok(events.some((event) => isOwn(event) && event.namespace === canary && event.name === name && event.verb === 'create'), `no answer of the operator in ${canary}`);
    }, { withinMs: 15_000 });
  }

  async function settled(): Promise<AuditMark> {
    turn = 1 - turn;
    const name = `turn-${turn}`;
    await provoke(name, () => world.label(canary, { [label]: name }));
    await provoke(name, () => world.deletePolicy(canary, name));
    return atRest();
  }

  async function atRest(): Promise<AuditMark> {
    for (const endMs = Date.now() + NEVER_AT_REST_MS; ;) {
      const now = { mark: markAudit(log), ms: Date.now() };
      const kept = (await readAudit(log, heardTo)).filter((event) => isWrite(event) && event.code < 300);
      const restMs = Math.max(...kept.map(({ receivedAt }) => Date.parse(receivedAt))) + INTERVALS_AT_REST * statusIntervalMs - now.ms;
      if (restMs <= 0) return heardTo = now.mark;
      assert.ok(now.ms < endMs, `the operator does not stop writing: ${kept.slice(-3).map(({ verb, requestURI }) => `${verb} ${requestURI}`).join(', ')}`);
      await delay(restMs);
    }
  }

  async function heardOfBaselines(): Promise<void> {
    edits += 1;
    const name = `edit-${edits}`;
    await provoke(name, () => must(world.admin.patch(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${canary}`, { spec: { policies: [...TURNS(label), forAll(name)] } })));
  }

  function isWrite(event: AuditEvent): boolean {
    return isOwn(event) && WRITES.has(event.verb) && event.namespace !== canary && event.name !== canary && event.resource !== 'leases' && event.resource !== 'events';
  }

  async function writes(since: AuditMark): Promise<AuditEvent[]> {
    await settled();
    const events = await readAudit(log, since);
    return events
      .filter(isWrite)
      .sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  }

  return {
    settled,
    heardOfBaselines,
    writes,
    async policyWrites(since, namespace) {
      const events = await writes(since);
      return events.filter((event) => event.resource === 'networkpolicies' && event.namespace === namespace).map(({ verb, name }) => `${verb} ${name}`);
    },
    async end() {
      await world.admin.delete(`/apis/netbaseline.io/v1alpha1/namespacepolicybaselines/${canary}`);
      await world.admin.delete(`/api/v1/namespaces/${canary}`);
    },
  };
}

const isOwn = ({ user }: AuditEvent): boolean => user === OPERATOR_USER;
