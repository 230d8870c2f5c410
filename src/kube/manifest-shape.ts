/**
 * Whether an object of a manifest has the types that the API server asks for, in the fields that this program reads.
 *
 * Types only: what a value may be is the API server's business. Fields that are not read are not looked at; null is
 * the same as absent, as it is there.
 */
import { z } from 'zod';
import type { KindName } from './kinds.ts';

export interface ShapeProblem {
  readonly path: readonly (string | number)[];
  /** Worded to follow the path: `expected a string, found the number 1`. */
  readonly message: string;
}

/** Empty where all is well. */
export function shapeProblems(kind: KindName, object: unknown): readonly ShapeProblem[] {
  return problemsBy(SHAPES[kind] ?? anyObject, object);
}

/** Of an object of a kind that is not known: of its metadata and its pod template alone. */
export function templateProblems(object: unknown): readonly ShapeProblem[] {
  return problemsBy(withTemplate, object);
}

function problemsBy(schema: z.ZodType, object: unknown): readonly ShapeProblem[] {
  const parsed = schema.safeParse(object);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => {
    const path = issue.path.map((each) => (typeof each === 'number' ? each : String(each)));
    return { path, message: `expected ${expectation(issue)}, found ${described(valueAt(object, path), isTextExpected(issue))}` };
  });
}

type Issue = z.core.$ZodIssue;
const EXPECTED: ReadonlyMap<string, string> = new Map([
  ['string', 'a string'], ['number', 'a number'], ['boolean', 'true or false'], ['array', 'a list'], ['object', 'a mapping'], ['record', 'a mapping'],
]);

function expectation(issue: Issue): string {
  if (issue.code === 'invalid_type') return EXPECTED.get(issue.expected) ?? issue.expected;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  return issue.code === 'invalid_union' ? 'a number or a string' : issue.message;
}

function valueAt(object: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce((value, key) => (typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined), object);
}

/** Only then do quotes help. */
function isTextExpected(issue: Issue): boolean {
  return issue.code === 'invalid_union' || (issue.code === 'invalid_type' && issue.expected === 'string');
}

const LONGEST = 40;
function described(value: unknown, isTextExpected: boolean): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return typeof value === 'string' ? shown : `the ${typeof value} ${shown}${isTextExpected ? ' (quotes make it a string)' : ''}`;
}

const text = z.string();
const number = z.number();
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish();
const list = <T extends z.ZodType>(schema: T) => maybe(z.array(schema));
const fields = <T extends z.ZodRawShape>(shape: T) => z.looseObject(shape);
const strings = maybe(z.record(z.string(), text));
const numberOrText = z.union([number, text]);

const metadata = fields({ name: text, namespace: maybe(text), labels: strings, annotations: strings });
const anyObject = fields({ metadata });
const withSpec = (spec: z.ZodType) => fields({ metadata, spec: maybe(spec) });

const selector = maybe(fields({
  matchLabels: strings,
  matchExpressions: list(fields({ key: text, operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']), values: list(text) })),
}));

const peers = list(maybe(fields({ podSelector: selector, namespaceSelector: selector, ipBlock: maybe(fields({ cidr: text, except: list(text) })) })));
const rules = list(maybe(fields({
  from: peers, to: peers, ports: list(maybe(fields({ protocol: maybe(text), port: maybe(numberOrText), endPort: maybe(number) }))),
})));
const networkPolicy = withSpec(fields({ podSelector: selector, policyTypes: list(text), ingress: rules, egress: rules }));

const clusterPeer = fields({
  namespaces: selector, pods: maybe(fields({ namespaceSelector: selector, podSelector: selector })), nodes: selector, networks: list(text), domainNames: list(text),
});
const protocolPorts = maybe(fields({ destinationPort: maybe(fields({ number: maybe(number), range: maybe(fields({ start: number, end: number })) })) }));
const clusterRules = list(maybe(fields({
  name: maybe(text), action: text, from: list(maybe(clusterPeer)), to: list(maybe(clusterPeer)),
  ports: list(maybe(fields({
    portNumber: maybe(fields({ protocol: maybe(text), port: number })), portRange: maybe(fields({ protocol: maybe(text), start: number, end: number })), namedPort: maybe(text),
  }))),
  protocols: list(maybe(fields({ tcp: protocolPorts, udp: protocolPorts, sctp: protocolPorts, destinationNamedPort: maybe(text) }))),
})));
const clusterPolicy = withSpec(fields({ tier: maybe(text), priority: maybe(number), subject: maybe(clusterPeer), ingress: clusterRules, egress: clusterRules }));

const container = fields({
  name: maybe(text), restartPolicy: maybe(text),
  ports: list(fields({ name: maybe(text), containerPort: number, protocol: maybe(text) })),
  command: list(text), args: list(text), env: list(fields({ name: text, value: maybe(text) })),
});
const podSpec = fields({ hostNetwork: maybe(z.boolean()), nodeName: maybe(text), serviceAccountName: maybe(text), containers: list(container), initContainers: list(container) });
const template = maybe(fields({ metadata: maybe(fields({ labels: strings, annotations: strings })), spec: maybe(podSpec) }));
const withTemplate = withSpec(fields({ template }));
const workload = withSpec(fields({ replicas: maybe(number), selector, template }));

const service = withSpec(fields({
  type: maybe(text), selector: strings, clusterIP: maybe(text), clusterIPs: list(text), externalIPs: list(text),
  ports: list(fields({ name: maybe(text), port: number, targetPort: maybe(numberOrText), protocol: maybe(text) })),
}));

/** Of other kinds only `metadata` is looked at. */
const SHAPES: Readonly<Partial<Record<KindName, z.ZodType>>> = {
  NetworkPolicy: networkPolicy, AdminNetworkPolicy: clusterPolicy, BaselineAdminNetworkPolicy: clusterPolicy, ClusterNetworkPolicy: clusterPolicy,
  Pod: withSpec(podSpec), Deployment: workload, StatefulSet: workload, DaemonSet: workload, ReplicaSet: workload,
  Job: withTemplate, CronJob: withSpec(fields({ jobTemplate: maybe(fields({ spec: maybe(fields({ template })) })) })),
  Service: service,
};
