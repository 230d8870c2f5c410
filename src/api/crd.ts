/**
 * The CustomResourceDefinition, made from the zod schema: what `kubectl apply` checks is what the operator parses.
 *
 * Promises: the same schema gives the same manifest, key for key; everything that is not allowed in a structural
 * schema is refused here, with its path, before an API server sees it.
 * Must not: say anything about fields; rules, defaults and descriptions belong to v1alpha1.ts and network-policy.ts.
 */
import { z } from 'zod';
import { API_GROUP, API_VERSION, KIND, PART_OF_LABEL, PLURAL, PRODUCT } from './names.ts';
import { cel } from './schema.ts';
import { baselineSpec, baselineStatus } from './v1alpha1.ts';

export const CRD_NAME = `${PLURAL}.${API_GROUP}`;

/** A schema as a CRD holds it: JSON with the keywords of OpenAPI 3.0 that Kubernetes knows. */
export interface StructuralSchema {
  readonly [keyword: string]: unknown;
}

/** What the API server prints for `kubectl get`; those with a priority only with `-o wide`. */
export const PRINTER_COLUMNS = [
  { name: 'Ingress', type: 'string', description: 'Mode of direction ingress.', jsonPath: '.spec.ingress.mode' },
  { name: 'Egress', type: 'string', description: 'Mode of direction egress.', jsonPath: '.spec.egress.mode' },
  { name: 'Protected', type: 'string', description: 'Namespaces that hold their policies, of those selected.', jsonPath: '.status.protected' },
  { name: 'Isolated', type: 'string', description: 'Namespaces that are really isolated, by all policies together, of those selected.', jsonPath: '.status.isolated' },
  { name: 'Drifted', type: 'string', description: 'Whether a policy differs and is not repaired yet.', jsonPath: '.status.conditions[?(@.type=="Drifted")].status' },
  { name: 'Ready', type: 'string', description: 'Whether this generation is accepted and carried out.', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Status', type: 'string', description: 'What Ready says.', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
] as const;

/** The whole manifest, as it is applied. */
export function crdManifest() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: CRD_NAME, labels: { [PART_OF_LABEL]: PRODUCT } },
    spec: {
      group: API_GROUP,
      scope: 'Cluster',
      names: {
        kind: KIND, listKind: `${KIND}List`, plural: PLURAL, singular: KIND.toLowerCase(),
        shortNames: ['npb'], categories: [PRODUCT],
      },
      versions: [{
        name: API_VERSION,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: PRINTER_COLUMNS,
        schema: { openAPIV3Schema: baselineSchema() },
      }],
    },
  };
}

/** The structural schema of the whole object. `apiVersion`, `kind` and `metadata` are the API server's to check. */
export function baselineSchema(): StructuralSchema {
  return {
    type: 'object',
    description: 'The network policies that every selected namespace has: default-deny, allow-dns and the vetted platform-allow policies.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: structuralSchema(baselineSpec),
      status: structuralSchema(baselineStatus),
    },
    ...cel({
      // Generated policies carry the name as a label value, which ends at 63 characters.
      rule: 'size(self.metadata.name) <= 63',
      message: 'the name of a baseline has at most 63 characters: it is the value of a label on every generated policy',
    }),
  };
}

/** Translates one zod schema; throws a `TypeError` that names the place where that is not possible. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline', override: refuseTransforms });
  return structural(json, '');
}

/** zod leaves out the default of everything that holds a transform, without a word. */
function refuseTransforms({ zodSchema, path }: { zodSchema: z.core.$ZodTypes; path: (string | number)[] }): void {
  const { type } = zodSchema._zod.def;
  if (type === 'transform' || type === 'pipe') throw unsupported(path.join('.'), `an API server cannot carry out a ${type}`);
}

/** Keywords in the order in which people read a schema; anything else is not structural, or was never needed. */
const KEYWORDS = [
  'description', 'type', 'nullable', 'default', 'enum', 'format', 'pattern',
  'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties',
  'x-kubernetes-int-or-string', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type',
  'required', 'properties', 'additionalProperties', 'items', 'x-kubernetes-validations',
] as const;
const KNOWN: ReadonlySet<string> = new Set(KEYWORDS);
/** What zod says besides, and an API server has no use for. */
const DROPPED: ReadonlySet<string> = new Set(['$schema', 'examples', 'deprecated', 'readOnly']);

function structural(schema: StructuralSchema, path: string): StructuralSchema {
  const flat = schema['x-kubernetes-int-or-string'] === true ? intOrString(schema, path) : withoutClosing(schema);
  refuseUnknown(flat, path);
  const ordered: Record<string, unknown> = {};
  for (const keyword of KEYWORDS) {
    const value = flat[keyword];
    if (value !== undefined) ordered[keyword] = translated(keyword, value, path);
  }
  return ordered;
}

/** Descends where a keyword holds schemas. */
function translated(keyword: string, value: unknown, path: string): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(Object.entries(value as Record<string, StructuralSchema>).map(([name, inner]) => [name, structural(inner, `${path}.${name}`)]));
    case 'additionalProperties':
      return structural(value as StructuralSchema, `${path}{}`);
    case 'items':
      return structural(value as StructuralSchema, `${path}[]`);
    default:
      return value;
  }
}

/** zod closes objects with `additionalProperties: false`; a structural schema prunes what it does not know instead. */
function withoutClosing({ additionalProperties, ...rest }: StructuralSchema): StructuralSchema {
  return typeof additionalProperties === 'object' ? { ...rest, additionalProperties } : rest;
}

/**
 * One schema for both kinds of value: no type may stand inside anyOf. The limits of both can stand side by side,
 * since those of numbers do not apply to strings, nor the other way round.
 */
function intOrString({ anyOf, ...rest }: StructuralSchema, path: string): StructuralSchema {
  const kinds = Array.isArray(anyOf) ? (anyOf as StructuralSchema[]) : [];
  if (kinds.map(({ type }) => type).join() !== 'integer,string') throw unsupported(path, 'int-or-string is a union of an integer and a string');
  return { ...rest, ...kinds[0], ...kinds[1], type: undefined };
}

/** A keyword that is left out silently is a check that nobody makes. */
function refuseUnknown(schema: StructuralSchema, path: string): void {
  const unknown = Object.keys(schema).find((keyword) => !KNOWN.has(keyword) && !DROPPED.has(keyword));
  if (unknown !== undefined) throw unsupported(path, `"${unknown}" cannot stand in a structural schema`);
  if (schema['type'] === undefined && schema['x-kubernetes-int-or-string'] !== true) throw unsupported(path, 'every field needs a type');
  if (typeof schema['pattern'] === 'string' && /\(\?[=!<]|\\[1-9]/.test(schema['pattern'])) throw unsupported(path, 'RE2 knows neither lookaround nor back references');
}

function unsupported(path: string, why: string): TypeError {
  return new TypeError(`schema of ${path === '' ? 'the root' : path}: ${why}`);
}
