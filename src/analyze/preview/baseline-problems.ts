/**
 * Why an API server would not take a baseline that stands in a file, field by field, all at once.
 *
 * The schema is the one that the CRD is made from; the rules that the CRD has in CEL are said again here, since
 * nothing evaluates them offline. A test holds this to the table of baselines that a real API server refuses.
 */
import { baselineSchema, type StructuralSchema } from '../../api/crd.ts';
import { ALLOW_DNS, DEFAULT_DENY } from '../../api/names.ts';
import { DIRECTIONS, type LabelSelector, type NetworkPolicySpec, type Peer, type Port } from '../../api/network-policy.ts';
import { selectorProblem } from '../../api/selector.ts';
import { baselineSpec, type BaselineSpec, type Exemption, type PolicyTemplate } from '../../api/v1alpha1.ts';
import { anyPeerProblem, peersProblem, portsProblem, templateProblem } from '../../plan/template-problem.ts';
import type { KubeObject } from '../snapshot.ts';
import { withoutNulls } from '../workloads.ts';

export type Path = readonly (string | number)[];
/** `message` is worded to follow the path. */
export interface FieldProblem { readonly path: Path; readonly message: string }

const LONGEST_NAME = 63;

export function baselineProblems(object: KubeObject): FieldProblem[] {
  const spec = withoutNulls(object['spec'] ?? {});
  const { name } = object.metadata;
  const parsed = baselineSpec.safeParse(spec);
  const found = [
    ...(name.length > LONGEST_NAME ? [{ path: ['metadata', 'name'], message: `the name of a baseline has at most ${LONGEST_NAME} characters: it is the value of a label on every generated policy` }] : []),
    ...(object['spec'] === undefined ? [{ path: ['spec'], message: 'it is required; {} is the whole of it' }] : []),
    ...schemaProblems(schemaOf('spec'), spec, ['spec']),
    ...(parsed.success ? ruleProblems(parsed.data) : parsed.error.issues.map(({ path, message }) => ({ path: ['spec', ...path.map((part) => (typeof part === 'number' ? part : String(part)))], message }))),
  ];
  return [...new Map(found.map((problem) => [`${problem.path.join('.')} ${problem.message}`, problem])).values()];
}

function schemaOf(field: string): StructuralSchema {
  return (baselineSchema()['properties'] as Readonly<Record<string, StructuralSchema>>)[field] ?? {};
}

/** Fields that there are not, and what is there twice; types are zod's to check. */
function schemaProblems(schema: StructuralSchema, value: unknown, path: Path): FieldProblem[] {
  if (Array.isArray(value)) {
    const items = schema['items'] as StructuralSchema | undefined;
    return [...duplicates(schema, value, path), ...(items === undefined ? [] : value.flatMap((item, index) => schemaProblems(items, item, [...path, index])))];
  }
  const properties = schema['properties'] as Readonly<Record<string, StructuralSchema>> | undefined;
  if (typeof value !== 'object' || value === null) return [];
  if (properties === undefined) return mapProblems(schema, Object.keys(value), path);
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    return known === undefined ? [{ path: [...path, key], message: `there is no such field; there are ${Object.keys(properties).join(', ')}` }] : schemaProblems(known, inner, [...path, key]);
  });
}

/** Of an object with any keys: labels. */
function mapProblems({ maxProperties }: StructuralSchema, keys: readonly string[], path: Path): FieldProblem[] {
  return [
    ...one(path, typeof maxProperties === 'number' && keys.length > maxProperties ? `${keys.length} labels are too many: at most ${maxProperties}` : undefined),
    ...one(path, keys.includes('__proto__') ? 'label key "__proto__" cannot exist' : undefined), // parsers of JavaScript drop it
  ];
}

function duplicates(schema: StructuralSchema, items: readonly unknown[], path: Path): FieldProblem[] {
  const keys = schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
  if (schema['x-kubernetes-list-type'] !== 'set' && keys === undefined) return [];
  const keyOf = (item: unknown): string => JSON.stringify(keys === undefined ? item : keys.map((key) => (item as Readonly<Record<string, unknown>> | null)?.[key]));
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (!seen.has(key)) return (seen.add(key), []);
    return [{ path: [...path, index], message: `${key.replaceAll(/^\[|\]$/g, '')} is there twice` }];
  });
}

function ruleProblems(spec: BaselineSpec): FieldProblem[] {
  return [
    ...selectorProblems(spec.namespaceSelector, ['spec', 'namespaceSelector']),
    ...spec.dns.peers.flatMap((peer, index) => peerProblems(peer, ['spec', 'dns', 'peers', index])),
    ...one(['spec', 'dns'], peersProblem('peers', spec.dns.peers) ?? portsProblem(spec.dns.ports)),
    ...spec.dns.ports.flatMap((port, index) => portProblems(port, ['spec', 'dns', 'ports', index])),
    ...spec.policies.flatMap((template, index) => templateProblems(template, ['spec', 'policies', index])),
    ...spec.exemptions.flatMap((exemption, index) => exemptionProblems(exemption, ['spec', 'exemptions', index])),
  ];
}

const one = (path: Path, message: string | undefined): FieldProblem[] => (message === undefined ? [] : [{ path, message }]);

function templateProblems(template: PolicyTemplate, path: Path): FieldProblem[] {
  const { name, namespaceSelector, networkPolicy } = template;
  const isReserved = name === DEFAULT_DENY || name === ALLOW_DNS;
  return [
    ...one([...path, 'name'], isReserved ? `${DEFAULT_DENY} and ${ALLOW_DNS} are generated by the baseline itself; choose another name` : undefined),
    ...selectorProblems(namespaceSelector, [...path, 'namespaceSelector']),
    ...one(path, anyPeerProblem(template)),
    ...one([...path, 'networkPolicy'], templateProblem(networkPolicy)),
    ...policyProblems(networkPolicy, [...path, 'networkPolicy']),
  ];
}

function policyProblems(policy: NetworkPolicySpec, path: Path): FieldProblem[] {
  const { podSelector, policyTypes, ingress = [], egress = [] } = policy;
  const inert = DIRECTIONS.find((direction) => !policyTypes.includes(direction) && (direction === 'Ingress' ? ingress : egress).length > 0);
  const rules = [
    ...ingress.map(({ from, ports }, index) => ({ peers: from, ports, at: [...path, 'ingress', index], field: 'from' })),
    ...egress.map(({ to, ports }, index) => ({ peers: to, ports, at: [...path, 'egress', index], field: 'to' })),
  ];
  return [
    ...selectorProblems(podSelector, [...path, 'podSelector']),
    ...one(path, inert === undefined ? undefined : `${inert.toLowerCase()} rules have no effect unless policyTypes contains ${inert}`),
    ...rules.flatMap(({ peers = [], at, field }) => peers.flatMap((peer, index) => peerProblems(peer, [...at, field, index]))),
    ...rules.flatMap(({ ports = [], at }) => ports.flatMap((port, index) => portProblems(port, [...at, 'ports', index]))),
  ];
}

function peerProblems({ podSelector, namespaceSelector, ipBlock }: Peer, path: Path): FieldProblem[] {
  const isEmpty = podSelector === undefined && namespaceSelector === undefined && ipBlock === undefined;
  const isMixed = ipBlock !== undefined && (podSelector !== undefined || namespaceSelector !== undefined);
  return [
    ...one(path, isEmpty ? 'a peer needs a podSelector, a namespaceSelector or an ipBlock: an empty one would allow every source or destination' : undefined),
    ...one(path, isMixed ? 'ipBlock cannot be combined with podSelector or namespaceSelector in one peer' : undefined),
    ...selectorProblems(podSelector, [...path, 'podSelector']),
    ...selectorProblems(namespaceSelector, [...path, 'namespaceSelector']),
  ];
}

function portProblems({ port, endPort }: Port, path: Path): FieldProblem[] {
  return one(path, endPort !== undefined && !(typeof port === 'number' && port <= endPort) ? 'endPort needs a numeric port that is not greater than it' : undefined);
}

function selectorProblems(selector: LabelSelector | undefined, path: Path): FieldProblem[] {
  const expressions = (selector?.matchExpressions ?? []).flatMap(({ operator, values = [] }, index) => {
    const takesValues = operator === 'In' || operator === 'NotIn';
    return one([...path, 'matchExpressions', index], takesValues === values.length > 0 ? undefined : 'In and NotIn need values; Exists and DoesNotExist take none');
  });
  return [...expressions, ...one(path, selectorProblem(selector))];
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function exemptionProblems({ namespace, namespaceSelector, reason, expiresAt }: Exemption, path: Path): FieldProblem[] {
  const { matchLabels = {}, matchExpressions = [] } = namespaceSelector ?? {};
  const isEmpty = namespaceSelector !== undefined && Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
  return [
    ...one(path, (namespace === undefined) === (namespaceSelector === undefined) ? 'an exemption names exactly one of namespace and namespaceSelector' : undefined),
    ...one([...path, 'namespaceSelector'], isEmpty ? 'an empty namespaceSelector would exempt every namespace (a misspelt field has the same effect)' : undefined),
    ...selectorProblems(namespaceSelector, [...path, 'namespaceSelector']),
    ...one([...path, 'reason'], reason.trim() === '' ? 'an exemption needs a reason' : undefined),
    ...one([...path, 'expiresAt'], expiresAt !== undefined && !isTime(expiresAt) ? 'expiresAt must be an RFC 3339 time with its zone, such as 2027-01-29T10:00:00Z' : undefined),
  ];
}

/** Not a day that there is not, which JavaScript takes for another one. */
function isTime(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})/.exec(text) ?? [];
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  return RFC3339.test(text) && !Number.isNaN(Date.parse(text)) && midnight.getUTCDate() === Number(day);
}
