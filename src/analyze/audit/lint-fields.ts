/**
 * Fields of a NetworkPolicy that do not exist: misspelt, or at the wrong level.
 *
 * kubectl refuses them; a server-side apply without strict validation drops them, as Helm and most GitOps tools have it.
 * What is stored has none.
 */
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { StoredNetworkPolicySpec } from '../../netpol/stored.ts';
import type { Draft, Path } from './finding.ts';
import { edits } from './label-index.ts';
import { PEERS_OF, RULES_OF } from './text.ts';

interface Level {
  readonly name: string;
  /** Fields, with what is below them; undefined for values. */
  readonly fields: Readonly<Record<string, Level | undefined>>;
}

const EXPRESSION: Level = { name: 'an entry of matchExpressions', fields: { key: undefined, operator: undefined, values: undefined } };
const SELECTOR: Level = { name: 'a selector', fields: { matchLabels: undefined, matchExpressions: EXPRESSION } };
const BLOCK: Level = { name: 'an ipBlock', fields: { cidr: undefined, except: undefined } };
const PEER: Level = { name: 'a peer', fields: { podSelector: SELECTOR, namespaceSelector: SELECTOR, ipBlock: BLOCK } };
const PORT: Level = { name: 'a port', fields: { protocol: undefined, port: undefined, endPort: undefined } };
const rule = (direction: Direction): Level => ({ name: `an ${RULES_OF[direction]} rule`, fields: { [PEERS_OF[direction]]: PEER, ports: PORT } });
const SPEC: Level = { name: 'a NetworkPolicy', fields: { podSelector: SELECTOR, policyTypes: undefined, ingress: rule('Ingress'), egress: rule('Egress') } };

export function lintFields(spec: StoredNetworkPolicySpec): Draft[] {
  return unknownIn(spec, SPEC, ['spec']);
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lists and their entries are of one level. */
function unknownIn(value: unknown, level: Level, path: Path): Draft[] {
  if (Array.isArray(value)) return value.flatMap((each: unknown, index) => unknownIn(each, level, [...path, index]));
  if (!isMapping(value)) return [];
  const keys = Object.keys(value);
  const isEmptied = level === SELECTOR && keys.length > 0 && keys.every((key) => !Object.hasOwn(level.fields, key));
  return keys.flatMap((key): Draft[] => {
    if (!Object.hasOwn(level.fields, key)) return [draft(key, level, { path: [...path, key], isEmptied })];
    const below = level.fields[key];
    return below === undefined ? [] : unknownIn(value[key], below, [...path, key]);
  });
}

/** Of the selector of the policy itself: to select more is to isolate more. */
function draft(key: string, level: Level, { path, isEmptied }: { readonly path: Path; readonly isEmptied: boolean }): Draft {
  const direction = DIRECTIONS.find((each) => RULES_OF[each] === path[1]);
  const opens = isEmptied && direction !== undefined;
  return {
    id: 'unknown-field', level: opens ? 'FAIL' : 'WARN', path, ...(direction !== undefined && { direction }),
    message: `${JSON.stringify(key)} is no field of ${level.name}: kubectl refuses it, and other tools drop it${isEmptied ? `, which leaves a selector of ${path.at(-2) === 'namespaceSelector' ? 'every namespace' : 'every pod'}` : ''}`,
    fix: fixOf(key, level),
  };
}

const MOST_EDITS = 2;

function fixOf(key: string, { name, fields }: Level): string {
  const names = Object.keys(fields);
  const near = names.find((other) => edits(other.toLowerCase(), key.toLowerCase()) <= MOST_EDITS);
  if (near !== undefined) return `write ${near}`;
  return name === SELECTOR.name ? `put labels under matchLabels: {${key}: …}` : `remove it, or move it to where it belongs; ${name} has ${names.join(', ')}`;
}
