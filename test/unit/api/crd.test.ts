/** The CRD as a value: structural, bounded everywhere, the same each time; and what cannot be translated is refused. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import { baselineSchema, crdManifest, structuralSchema, type StructuralSchema } from '../../../src/api/crd.ts';
import { baselineSpec } from '../../../src/api/v1alpha1.ts';
import { GENERATED, checkedIn, staleness } from '../../../scripts/generated-files.ts';

/** Every schema below one, with its path. */
function* walk(schema: StructuralSchema, path = ''): Generator<[string, StructuralSchema]> {
  yield [path, schema];
  const { properties = {}, additionalProperties, items } = schema as { properties?: Record<string, StructuralSchema>; additionalProperties?: StructuralSchema; items?: StructuralSchema };
  for (const [name, inner] of Object.entries(properties)) yield* walk(inner, `${path}.${name}`);
  if (additionalProperties !== undefined) yield* walk(additionalProperties, `${path}{}`);
  if (items !== undefined) yield* walk(items, `${path}[]`);
}

const isTimestamp = ({ format }: StructuralSchema): boolean => format === 'date-time';

describe('crdManifest', () => {
  const schemas = [...walk(baselineSchema())];
  const below = (prefix: string) => schemas.filter(([path]) => path.startsWith(prefix));

  it('is the same at every call, key for key', () => {
    assert.equal(JSON.stringify(crdManifest()), JSON.stringify(crdManifest()));
  });

  it('bounds every list, map and text, without which the cost of rules cannot be estimated', () => {
    const unbounded = [...below('.spec'), ...below('.status')].filter(([, schema]) =>
      (schema['type'] === 'array' && schema['maxItems'] === undefined)
      || (schema['additionalProperties'] !== undefined && schema['maxProperties'] === undefined)
      || (schema['type'] === 'string' && schema['maxLength'] === undefined && schema['enum'] === undefined && !isTimestamp(schema)));
    assert.deepEqual(unbounded.map(([path]) => path), []);
  });

  it('says of every list how its items merge', () => {
    const silent = schemas.filter(([, schema]) => schema['type'] === 'array' && schema['x-kubernetes-list-type'] === undefined);
    assert.deepEqual(silent.map(([path]) => path), []);
  });

  it('explains every field of the spec', () => {
    const silent = below('.spec.').filter(([path, schema]) => !/[\]}]$/.test(path) && schema['description'] === undefined);
    assert.deepEqual(silent.map(([path]) => path), []);
  });

  it('has no default inside the items of a list, where GitOps tools would see a difference for ever', () => {
    const found = schemas.filter(([path, schema]) => path.includes('[]') && schema['default'] !== undefined);
    assert.deepEqual(found.map(([path]) => path), []);
  });

  it('has a default for every field of the spec', () => {
    const without = schemas.filter(([path, schema]) => /^\.spec\.\w+$/.test(path) && schema['default'] === undefined);
    assert.deepEqual(without.map(([path]) => path), []);
  });

  it('gives every rule a message', () => {
    const rules = schemas.flatMap(([, schema]) => (schema['x-kubernetes-validations'] ?? []) as { rule: string; message?: string }[]);
    assert.ok(rules.length > 20);
    assert.deepEqual(rules.filter(({ message }) => message === undefined || message.length < 20), []);
  });

  it('has patterns that take no more than linear time in JavaScript too', () => {
    const patterns = new Set(schemas.flatMap(([, { pattern }]) => (typeof pattern === 'string' ? [pattern] : [])));
    for (const pattern of patterns) {
      for (const attack of ['a', '0', '-', 'a-', '0-', 'a.', '.'].map((part) => `${part.repeat(5000)}!`)) {
        const beganMs = performance.now();
        new RegExp(pattern).test(attack);
        assert.ok(performance.now() - beganMs < 500, `${pattern} on ${attack.slice(0, 4)}…`);
      }
    }
  });
});

describe('structuralSchema', () => {
  const translate = (schema: z.ZodType): StructuralSchema => structuralSchema(z.object({ field: schema }));
  const field = (schema: z.ZodType): unknown => (translate(schema) as { properties: { field: unknown } }).properties.field;

  it('keeps what an API server understands', () => {
    assert.deepEqual(field(z.string().max(3).nullable().default(null).describe('d')), { description: 'd', type: 'string', nullable: true, default: null, maxLength: 3 });
    assert.deepEqual(field(z.literal(['a', 'b'])), { type: 'string', enum: ['a', 'b'] });
  });

  it('gives a prefault as the default that an API server completes', () => {
    assert.deepEqual(field(z.object({ a: z.boolean().default(true) }).prefault({})), { type: 'object', default: {}, properties: { a: { type: 'boolean', default: true } } });
  });

  it('leaves out what closes an object: an API server prunes', () => {
    assert.deepEqual(field(z.strictObject({ a: z.boolean() })), { type: 'object', required: ['a'], properties: { a: { type: 'boolean' } } });
  });

  it('turns a union of number and text into int-or-string with the limits of both', () => {
    const port = z.union([z.int32().min(1).max(9), z.string().max(3)]).meta({ 'x-kubernetes-int-or-string': true });
    assert.deepEqual(field(port), { minimum: 1, maximum: 9, maxLength: 3, 'x-kubernetes-int-or-string': true });
  });

  const refused: readonly [string, z.ZodType, RegExp][] = [
    ['a union', z.union([z.string(), z.boolean()]), /\.field: "anyOf" cannot stand/],
    ['a discriminated union', z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]), /"oneOf" cannot stand/],
    ['anything', z.unknown(), /\.field: every field needs a type/],
    ['an int-or-string of other things', z.union([z.boolean(), z.string()]).meta({ 'x-kubernetes-int-or-string': true }), /union of an integer and a string/],
    ['a tuple', z.tuple([z.string()]), /schema of \.field/],
    ['a named schema', z.object({ a: z.string().meta({ id: 'Named' }), b: z.string() }), /cannot stand|every field needs a type/],
    ['a transform', z.string().transform((text) => text.length), /cannot carry out a (pipe|transform)/],
    ['a preprocess, which would take the defaults of all that holds it', z.preprocess((value) => value, z.string()), /cannot carry out a (pipe|transform)/],
    ['lookaround', z.string().regex(/^(?!x)/), /RE2 knows neither lookaround/],
    ['a back reference', z.string().regex(/(a)\1/), /back references/],
  ];
  for (const [what, schema, message] of refused) {
    it(`refuses ${what}, naming the place`, () => assert.throws(() => translate(schema), message));
  }
});

describe('generated files', () => {
  it('are what the code generates', async () => {
    for (const file of GENERATED) assert.equal(staleness(file.path, await checkedIn(file), file.content()), undefined);
  });

  it('are named with the first line that differs when they are stale', () => {
    assert.equal(staleness('f', 'a\nb\nc', 'a\nB\nc'), 'f is not what the code generates:\n  @@ line 2 @@\n  - b\n  + B');
    assert.equal(staleness('f', 'a\n', 'a\nb\n'), 'f is not what the code generates:\n  @@ line 2 @@\n  - \n  + b');
    assert.equal(staleness('f', 'a\nb', 'a'), 'f is not what the code generates:\n  @@ line 2 @@\n  - b');
    assert.equal(staleness('f', undefined, 'a'), 'f is missing');
  });
});

describe('baselineSpec', () => {
  it('reads {} as everything at its default', () => {
    const spec = baselineSpec.parse({});
    assert.deepEqual([spec.ingress.mode, spec.egress.mode, spec.dns.enabled, spec.deletionPolicy], ['Enforce', 'Enforce', true, 'Retain']);
  });

  it('counts characters as the API server does, not in units of UTF-16', () => {
    const reasonOf = (length: number) => baselineSpec.safeParse({ exemptions: [{ namespace: 'a', reason: '🚧'.repeat(length) }] }).success;
    assert.deepEqual([reasonOf(512), reasonOf(513)], [true, false]);
  });
});
