/**
 * The API server and the operator read a baseline alike: random baselines, most of them wrong somewhere, are sent to
 * the API server (dry run) and parsed with zod. What it stores, zod parses to the very same; what zod refuses, it
 * refuses; and what only it refuses, it refuses for something that zod cannot know.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { baselineSchema, type StructuralSchema } from '../../src/api/crd.ts';
import { baselineSpec } from '../../src/api/v1alpha1.ts';
import { BASELINES, apiAs, type Answer, type Api, type Json } from '../support/api.ts';
import { sharedControlPlane } from '../support/control-plane.ts';

const RUNS = Number(process.env['NPB_TEST_RUNS'] ?? 400);

/** Texts at which parsers differ, if they do. */
const TEXTS = fc.constantFrom(
  'a', 'team-a', 'kube-system', 'default-deny', 'a'.repeat(15), 'a'.repeat(16), 'a'.repeat(63), 'a'.repeat(64), 'http', '1a', '80', 'a--b', '-a', 'a-', 'A',
  'app.kubernetes.io/name', 'a/b/c', '/a', 'é', '🚧'.repeat(70), '🚧'.repeat(130), 'a b', '', ' ', 'true', '\u0000', '\ufeffa', 'a\n', 'constructor', '__proto__',
  '10.0.0.0/8', '10.0.0.1/8', '010.0.0.0/8', '0.0.0.0/0', '2001:db8::/32', '::ffff:10.0.0.0/104', '10.0.0.0/33', '10.0.0.0',
  '2027-01-29T10:00:00Z', '2027-01-29T10:00:00.5+02:00', '2027-02-30T10:00:00Z', '2027-01-29t10:00:00z', '2027-01-29T10:00:00', '2027-01-29 10:00:00Z',
);
const NUMBERS = fc.constantFrom(-1, 0, 1, 53, 80, 65_535, 65_536, 1.5, -2_147_483_648, 2_147_483_647, 2_147_483_648, 1e21);
const ANYTHING = fc.oneof(TEXTS, NUMBERS, fc.constantFrom<Json[]>(true, null, [], {}, [null], { unknown: 1 }, [{}]));

/** Values of a schema; rarely, something else. */
function valueOf(schema: StructuralSchema): fc.Arbitrary<Json> {
  return fc.oneof({ weight: 250, arbitrary: rightValueOf(schema) }, { weight: 1, arbitrary: ANYTHING });
}

function rightValueOf(schema: Json): fc.Arbitrary<Json> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema['x-kubernetes-int-or-string'] === true) return fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'dns-tcp'));
  switch (schema.type) {
    case 'boolean': return fc.boolean();
    case 'integer': return fc.integer({ min: Math.max(schema.minimum, -2_147_483_648), max: Math.min(schema.maximum, 2_147_483_647) });
    case 'array': return fc.array(valueOf(schema.items), { minLength: schema.minItems ?? 0, maxLength: 2 });
    case 'object': return schema.additionalProperties === undefined ? objectOf(schema) : fc.dictionary(fc.constantFrom('app', 'team', 'a.b/c', 'constructor'), valueOf(schema.additionalProperties), { maxKeys: 2 });
    default: return textOf(schema);
  }
}

function textOf(schema: Json): fc.Arbitrary<string> {
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern);
  const right = ['a', 'team-a', 'http', 'app.kubernetes.io/name', 'default-deny', 'é🚧', '10.0.0.0/8', '10.1.0.0/16', '2001:db8::/32'].filter((each) => pattern?.test(each) ?? true);
  return fc.constantFrom(...right);
}

function objectOf(schema: Json): fc.Arbitrary<Json> {
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, inner]) => [name, valueOf(inner as StructuralSchema)]));
  const any = fc.record(properties, { requiredKeys: schema.required ?? [] });
  return fc.oneof({ weight: 60, arbitrary: any.map(mended) }, { weight: 1, arbitrary: any });
}

/** Makes the parts of an object fit each other, as the CEL rules ask; otherwise hardly one would be accepted. */
function mended(object: Json): Json {
  if ('operator' in object) return { ...object, values: ['In', 'NotIn'].includes(object.operator) ? ['a'] : [] };
  if ('reason' in object) {
    const target = 'namespace' in object ? { namespace: 'a' } : { namespaceSelector: { ...object.namespaceSelector, matchLabels: { a: 'b' } } };
    return { directions: ['Egress'], reason: object.reason, expiresAt: '2027-01-29T10:00:00.25+02:00', ...target };
  }
  if ('ipBlock' in object) return { ipBlock: object.ipBlock };
  if ('endPort' in object) return { ...object, port: 1, endPort: 65_535 };
  if ('policyTypes' in object) return { ...object, policyTypes: ['Ingress', 'Egress'] };
  if ('networkPolicy' in object) return { ...object, allowAnyPeer: true, name: 'a' };
  return object;
}

/** As the API server reads it: what is null counts as absent. Only in objects; it refuses null in a list. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([name, inner]) => [name, withoutNulls(inner)]));
}

/** Messages by which a CEL rule, a format or a list type refuses: what zod does not check. */
const BEYOND_ZOD = [...ruleMessages(baselineSchema()), 'must be of type cidr', 'Duplicate value'];

function ruleMessages(schema: StructuralSchema): string[] {
  const found: string[] = [];
  JSON.stringify(schema, (key, inner: unknown) => {
    if (key === 'x-kubernetes-validations') found.push(...(inner as { message: string }[]).map(({ message }) => message));
    return inner;
  });
  return found;
}

describe('API server and zod schema', function () {
  this.timeout(300_000);
  let api: Api;

  before(async () => { api = apiAs((await sharedControlPlane()).adminKubeconfig); });
  after(() => api.close());

  const create = (spec: Json): Promise<Answer> => api.post(`${BASELINES}?dryRun=All&fieldValidation=Ignore`, {
    apiVersion: 'netbaseline.io/v1alpha1', kind: 'NamespacePolicyBaseline', metadata: { name: 'b' }, spec,
  });

  it(`read ${RUNS} random baselines alike`, async () => {
    const counts = { accepted: 0, refusedByBoth: 0, refusedByServer: 0 };
    const specs = rightValueOf((baselineSchema() as Json).properties.spec);
    await fc.assert(fc.asyncProperty(specs, async (spec) => {
      const [{ code, body }, parsed] = [await create(spec), baselineSpec.safeParse(withoutNulls(spec))];
      if (code === 201) {
        counts.accepted += 1;
        assert.deepEqual(baselineSpec.parse(body.spec), body.spec, 'what is stored parses to itself');
        assert.deepEqual(parsed.data, body.spec, 'defaults are the same');
        return;
      }
      assert.equal(code, 422, JSON.stringify(body));
      counts[parsed.success ? 'refusedByServer' : 'refusedByBoth'] += 1;
      if (!parsed.success) return;
      const complaints: { message: string }[] = body.details.causes;
      assert.ok(complaints.some(({ message }) => BEYOND_ZOD.some((known) => message.includes(known))), `zod takes what the API server refuses: ${JSON.stringify(complaints)}`);
    }), { numRuns: RUNS });
    console.log(`      accepted ${counts.accepted}, refused by both ${counts.refusedByBoth}, by rules only the API server has ${counts.refusedByServer}`);
  });
});
