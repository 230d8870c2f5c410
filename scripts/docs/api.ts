/** docs/api.md: every field of the API with its type, default and limits, from the schema that the API server checks. */
import { PRINTER_COLUMNS, baselineSchema, type StructuralSchema } from '../../src/api/crd.ts';
import { markdownTable } from './markdown.ts';

/** What gets a section of its own: its title, and a place in the schema where it stands. What equals it elsewhere is a link. */
const SECTIONS = [
  ['Spec', 'spec', 'What shall be. `{}` is valid: both directions denied, DNS allowed, in every namespace but the system ones.'],
  ['DNS', 'spec.dns', ''],
  ['Policy template', 'spec.policies[]', 'One policy that every selected namespace gets. A direction that is not enforced is left out of it.'],
  ['Exemption', 'spec.exemptions[]', 'The only way out of a baseline: see [exemptions](concepts.md#exemptions).'],
  ['NetworkPolicySpec', 'spec.policies[].networkPolicy', 'That of `networking.k8s.io/v1`, with `policyTypes` required and no empty lists: what is meant is written.'],
  ['Ingress rule', 'spec.policies[].networkPolicy.ingress[]', ''],
  ['Egress rule', 'spec.policies[].networkPolicy.egress[]', ''],
  ['Peer', 'spec.policies[].networkPolicy.ingress[].from[]', 'Selectors of one peer must hold together; each further peer widens the rule.'],
  ['Peer of DNS', 'spec.dns.peers[]', ''],
  ['Port', 'spec.dns.ports[]', ''],
  ['LabelSelector', 'spec.namespaceSelector', ''],
  ['Status', 'status', 'Written by the operator: counts, conditions and the worst cases. It does not grow with the cluster.'],
  ['Counts of namespaces', 'status.namespaces', 'What each state means: [states](concepts.md#states-of-a-namespace).'],
  ['Isolation', 'status.isolation', 'Namespaces that are [isolated](concepts.md#isolation), direction by direction. Pods by class are metrics: they change with every pod.'],
  ['Counts of a direction', 'status.isolation.ingress', ''],
  ['Held', 'status.held', 'See [leaving](concepts.md#leaving).'],
  ['Worst case', 'status.worst[]', ''],
  ['Condition', 'status.conditions[]', 'Types and reasons: [troubleshooting](troubleshooting.md#conditions).'],
] as const;

export function apiPage(): string {
  const schema = baselineSchema();
  return [
    '# API reference',
    '',
    '<!-- Generated from src/api by `npm run generate`; changes made here are lost. -->',
    '',
    '`netbaseline.io/v1alpha1`, kind `NamespacePolicyBaseline`, plural `namespacepolicybaselines`, short name `npb`, cluster scope.',
    'The API server checks all of this itself, by schema and CEL rules; there is no webhook. `kubectl explain npb.spec --recursive` says',
    'the same in a cluster. What the fields mean together: [concepts](concepts.md). `metadata.name` has at most 63 characters.',
    '',
    `Columns of \`kubectl get npb\`: ${PRINTER_COLUMNS.filter((column) => !('priority' in column)).map(({ name }) => name).join(', ')}; with \`-o wide\` Status as well.`,
    '',
    '## Annotations',
    '',
    ...markdownTable(['annotation', 'on', 'meaning'], [
      ['`netbaseline.io/confirm`', 'baseline', 'the token of `status.held`: lets the removals go on that it names'],
      ['`netbaseline.io/description`', 'generated policy', 'description and owner of its template'],
      ['`netbaseline.io/template-hash`', 'generated policy', 'of the spec as it was written; tells an edit from an older template'],
      ['`netbaseline.io/isolated-for`', 'generated policy', 'which baseline asked for which direction, where several do'],
    ]),
    '',
    ...SECTIONS.flatMap(([title, path, text]) => sectionOf(schema, title, path, text)),
  ].join('\n');
}

function sectionOf(root: StructuralSchema, title: string, path: string, text: string): string[] {
  const schema = at(root, path);
  const required = new Set(schema['required'] as string[] | undefined);
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, StructuralSchema>);
  return [
    `## ${title}`, '',
    `\`${path}\`.${text === '' ? '' : ` ${text}`}`, '',
    ...markdownTable(['field', 'type', 'default', 'meaning and limits'], fields.map(([name, field]) => [
      `\`${name}\`${required.has(name) ? ', required' : ''}`, typeOf(root, field), defaultOf(field), meaningOf(root, field),
    ])), '',
    ...rulesOf(root, schema),
  ];
}

/** A place such as `spec.policies[].name`. */
function at(root: StructuralSchema, path: string): StructuralSchema {
  return path.split('.').reduce<StructuralSchema>((schema, step) => {
    const property = (schema['properties'] as Record<string, StructuralSchema>)[step.replace('[]', '')];
    const found = step.endsWith('[]') ? property?.['items'] as StructuralSchema | undefined : property;
    if (found === undefined) throw new Error(`the schema has no ${path}`);
    return found;
  }, root);
}

function typeOf(root: StructuralSchema, field: StructuralSchema): string {
  const section = sectionFor(root, field);
  if (section !== undefined) return `[${section[0]}](#${section[0].toLowerCase().replaceAll(' ', '-')})`;
  if (field['type'] === 'array') return `list of ${typeOf(root, field['items'] as StructuralSchema)}`;
  if (field['additionalProperties'] !== undefined) return 'map of string';
  if (field['x-kubernetes-int-or-string'] === true) return 'integer or string';
  const fields = Object.entries((field['properties'] ?? {}) as Record<string, StructuralSchema>);
  if (fields.length > 0) return `{${fields.map(([name, inner]) => `\`${name}\`: ${valuesOf(inner) ?? typeOf(root, inner)}`).join(', ')}}`;
  return valuesOf(field) ?? String(field['type']);
}

function sectionFor(root: StructuralSchema, field: StructuralSchema): (typeof SECTIONS)[number] | undefined {
  return SECTIONS.find(([, path]) => isSame(at(root, path), field));
}

/** Fields that are told in the row of their parent, as they have no section of their own. */
function inlineFields(root: StructuralSchema, field: StructuralSchema): StructuralSchema[] {
  return sectionFor(root, field) === undefined ? Object.values((field['properties'] ?? {}) as Record<string, StructuralSchema>) : [];
}

function valuesOf(field: StructuralSchema): string | undefined {
  return (field['enum'] as string[] | undefined)?.map((value) => `\`${value}\``).join(', ');
}

const isSame = (left: StructuralSchema, right: StructuralSchema): boolean => shape(left) === shape(right);
const shape = (schema: StructuralSchema): string => JSON.stringify(Object.entries(schema).filter(([keyword]) => keyword !== 'description' && keyword !== 'default'));

function defaultOf(field: StructuralSchema): string {
  return field['default'] === undefined ? '' : `\`${JSON.stringify(field['default'])}\``;
}

function meaningOf(root: StructuralSchema, field: StructuralSchema): string {
  const described = [field, ...inlineFields(root, field)].flatMap(({ description }) => (typeof description === 'string' ? [description] : []));
  return [...described, ...limitsOf(field)].filter((text) => text !== '').join(' ');
}

const LIMITS: readonly (readonly [string, (value: unknown) => string])[] = [
  ['minimum', (value) => (Number(value) < 0 ? '' : `At least ${String(value)}.`)],
  ['minLength', (value) => (value === 1 ? 'Not empty.' : `At least ${String(value)} characters.`)],
  ['maxLength', (value) => `At most ${String(value)} characters.`],
  ['minItems', (value) => `At least ${String(value)}.`],
  ['maxItems', (value) => `At most ${String(value)}.`],
  ['minProperties', (value) => `At least ${String(value)} of its fields.`],
  ['maxProperties', (value) => `At most ${String(value)}.`],
];

function limitsOf(field: StructuralSchema): string[] {
  return LIMITS.flatMap(([keyword, text]) => (field[keyword] === undefined ? [] : [text(field[keyword])]));
}

/** What the CEL rules of one object say when they refuse. */
function rulesOf(root: StructuralSchema, schema: StructuralSchema): string[] {
  const fields = Object.values((schema['properties'] ?? {}) as Record<string, StructuralSchema>).filter((field) => sectionFor(root, field) === undefined);
  const rules = [schema, ...fields].flatMap((each) => (each['x-kubernetes-validations'] ?? []) as { readonly message: string }[]);
  if (rules.length === 0) return [];
  return ['Refused by rule:', '', ...[...new Set(rules.map(({ message }) => message))].map((message) => `- ${message}`), ''];
}
