/** Refusals, failures and changes by the API server's own admission, as other tools of a cluster cause them. */
import assert from 'node:assert/strict';
import { POLICIES, type Json } from './api.ts';
import { eventually } from './eventually.ts';
import type { World } from './world.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const ON_POLICIES = { apiGroups: ['networking.k8s.io'], apiVersions: ['v1'], resources: ['networkpolicies'] };
let made = 0;

/** Goes with the scenario, or when told to. */
export interface Obstacle {
  end(): Promise<void>;
}

export interface Target {
  readonly namespace: string;
  /** Every policy when absent. */
  readonly policy?: string;
  readonly operations?: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  /** CEL: only objects of which this is true. */
  readonly where?: string;
}

/** Refuses writes with 422 and the message `not here`. */
export async function refused(world: World, target: Target): Promise<Obstacle> {
  const name = nameFor(target);
  await world.create(`${ADMISSION}/validatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [{ ...ON_POLICIES, operations: operationsOf(target) }] },
      validations: [{ expression: `!(${isTarget(target)})`, message: 'not here' }],
    },
  });
  const binding = await world.create(`${ADMISSION}/validatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } });
  return obstacle(world, `${ADMISSION}/validatingadmissionpolicybindings/${binding.metadata.name}`, () => isRefused(world, target));
}

/** Answers writes with 500, as when a webhook is down. */
export async function failing(world: World, target: Target): Promise<Obstacle> {
  const name = nameFor(target);
  await world.create(`${ADMISSION}/validatingwebhookconfigurations`, webhook(name, {
    url: 'https://127.0.0.1:1/', failurePolicy: 'Fail', timeoutSeconds: 1,
    rules: [{ ...ON_POLICIES, operations: operationsOf(target) }],
    matchConditions: [{ name: 'target', expression: isTarget(target) }],
  }));
  return obstacle(world, `${ADMISSION}/validatingwebhookconfigurations/${name}`, () => isRefused(world, target));
}

/** Takes the direction Egress out of every policy that is written, as a mutating webhook might. */
export async function mutated(world: World, target: Target): Promise<Obstacle> {
  const name = nameFor(target);
  await world.create(`${ADMISSION}/mutatingadmissionpolicies`, {
    metadata: { name },
    spec: {
      failurePolicy: 'Fail', reinvocationPolicy: 'Never',
      matchConstraints: { resourceRules: [{ ...ON_POLICIES, operations: operationsOf(target) }] },
      matchConditions: [{ name: 'target', expression: isTarget(target) }],
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: `[JSONPatch{op: "replace", path: "/spec/policyTypes", value: ["Ingress"]}]` } }],
    },
  });
  await world.create(`${ADMISSION}/mutatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name } });
  const probe = { metadata: { name: target.policy ?? 'probe' }, spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } };
  return obstacle(world, `${ADMISSION}/mutatingadmissionpolicybindings/${name}`, async () => {
    const path = POLICIES(target.namespace);
    const created = await world.admin.post(`${path}?dryRun=All`, probe);
    const { body } = created.code === 409 ? await world.admin.patch(`${path}/${probe.metadata.name}?dryRun=All`, probe) : created;
    return body.spec.policyTypes.length === 1;
  });
}

/** Delays the creation of namespaces with these labels by `seconds`: nobody answers at `url`. */
export async function slowNamespaces(world: World, url: string, seconds: number): Promise<void> {
  await world.create(`${ADMISSION}/validatingwebhookconfigurations`, webhook(nameFor({ namespace: 'slow' }), {
    url, failurePolicy: 'Ignore', timeoutSeconds: seconds,
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['namespaces'] }],
    objectSelector: { matchLabels: world.labels },
  }));
}

/** Allows at most `count` NetworkPolicies in a namespace. Returns how to have them counted again, which no controller does here. */
export async function quota(world: World, namespace: string, count: number): Promise<() => Promise<void>> {
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  const limit = (value: number): Json => ({ 'count/networkpolicies.networking.k8s.io': String(value) });
  await world.create(path, { metadata: { name: 'policies' }, spec: { hard: limit(count) } });
  const recount = async (): Promise<void> => {
    const { size } = await world.policies(namespace);
    await world.admin.patch(`${path}/policies/status`, { status: { hard: limit(count), used: limit(size) } });
  };
  await recount();
  return recount;
}

function webhook(name: string, { url, ...rest }: Json): Json {
  return { metadata: { name }, webhooks: [{ name: `${name}.netbaseline.io`, clientConfig: { url }, admissionReviewVersions: ['v1'], sideEffects: 'None', ...rest }] };
}

function isTarget({ namespace, policy, where }: Target): string {
  return [`request.namespace == '${namespace}'`, ...(policy === undefined ? [] : [`request.name == '${policy}'`]), ...(where === undefined ? [] : [where])].join(' && ');
}

const operationsOf = ({ operations = ['CREATE', 'UPDATE'] }: Target): readonly string[] => operations;
const nameFor = ({ namespace }: Target): string => `test-${namespace}-${made += 1}`;

/** Admission takes a moment to hear of its configuration, and of its end. */
async function obstacle(world: World, path: string, isInForce: () => Promise<boolean>): Promise<Obstacle> {
  await eventually(isInForce, (inForce) => assert.ok(inForce, 'not in force yet'));
  return {
    async end() {
      await world.admin.delete(path);
      await eventually(isInForce, (inForce) => assert.ok(!inForce, 'still in force'));
    },
  };
}

/** Whether such a write would be refused; a policy of the name must be there for UPDATE and DELETE, and absent for CREATE. */
async function isRefused(world: World, target: Target): Promise<boolean> {
  const { namespace, policy = 'probe' } = target;
  const path = POLICIES(namespace);
  const attempt = (): Promise<{ code: number }> => {
    const [operation] = operationsOf(target);
    if (operation === 'UPDATE') return world.admin.patch(`${path}/${policy}?dryRun=All`, { metadata: { labels: { probe: 'probe' } } });
    if (operation === 'DELETE') return world.admin.delete(`${path}/${policy}?dryRun=All`);
    return world.admin.post(`${path}?dryRun=All`, { metadata: { name: policy }, spec: { podSelector: {} } });
  };
  const { code } = await attempt();
  return code >= 400 && code !== 404 && code !== 409;
}
