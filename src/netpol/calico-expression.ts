/**
 * Selectors of Calico, which are expressions: `app == 'web' && (has(tier) || env in {'dev', 'test'})`.
 *
 * Gives alternatives, each a list of requirements that must all hold. A part that is not understood requires nothing,
 * and so does an expression that cannot be read: what is selected is in one of the alternatives, whatever it is.
 */
import type { Requirement } from './opaque-selectors.ts';

export type Alternatives = readonly (readonly Requirement[])[];

const ANYTHING: Alternatives = [[]];
/** More than these are not told apart. */
const MOST = 8;
const TOKEN = /\s*(?:(&&|\|\||==|!=|[(){},!])|("[^"]*"|'[^']*')|((?:not\s+in|starts\s+with|ends\s+with)\b|[A-Za-z0-9_./-]+))/y;
const OPPOSITE: Readonly<Record<string, string>> = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' };
/** Nested deeper than anybody writes; what reads it must not be brought down by it. */
const DEEPEST = 100;
const OPERATORS: ReadonlyMap<string, string> = new Map([['==', 'In'], ['!=', 'NotIn'], ['in', 'In'], ['notin', 'NotIn']]);
/** Said of a value in ways that no label selector has: nothing is required. */
const OF_TEXT = new Set(['contains', 'startswith', 'endswith']);

interface Token { readonly kind: 'sign' | 'literal' | 'word'; readonly text: string }
/** What was read, and where reading goes on; `undefined` for what cannot be read. */
type Parsed = Meaning & { readonly at: number } | undefined;
/** Not exact: it is narrower than what was found, so its opposite is not known. */
interface Meaning { readonly found: Alternatives; readonly exact: boolean }

const UNKNOWN: Meaning = { found: ANYTHING, exact: false };
const only = (requirement: Requirement): Meaning => ({ found: [[requirement]], exact: true });

export function alternativesIn(expression: unknown): Alternatives {
  if (typeof expression !== 'string' || expression.trim() === '') return ANYTHING;
  const tokens = tokensOf(expression.trim());
  const parsed = tokens === undefined || tokens.filter(({ text }) => text === '(' || text === '!').length > DEEPEST ? undefined : joined(tokens, 0, '||');
  return parsed === undefined || parsed.at < (tokens?.length ?? 0) ? ANYTHING : parsed.found;
}

function tokensOf(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const [, sign, literal, word] = pattern.exec(text) ?? [];
    if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else if (literal !== undefined) tokens.push({ kind: 'literal', text: literal.slice(1, -1) });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.replaceAll(/\s/g, '') });
    else return undefined;
  }
  return tokens;
}

/** `||` joins what `&&` joins. */
function joined(tokens: readonly Token[], start: number, sign: '&&' | '||'): Parsed {
  const part = (at: number): Parsed => (sign === '||' ? joined(tokens, at, '&&') : operand(tokens, at));
  let parsed = part(start);
  while (parsed !== undefined && isSign(tokens[parsed.at], sign)) {
    const before: Meaning = parsed;
    const next = part(parsed.at + 1);
    parsed = next && { ...(sign === '||' ? either(before, next) : both(before, next)), at: next.at };
  }
  return parsed;
}

function either(a: Meaning, b: Meaning): Meaning {
  if (a.found.length + b.found.length > MOST) return UNKNOWN;
  return { found: [...a.found, ...b.found], exact: a.exact && b.exact };
}

/** Of too many, one side is enough to hold them. */
function both(a: Meaning, b: Meaning): Meaning {
  if (a.found.length * b.found.length > MOST) return { found: a.found, exact: false };
  return { found: a.found.flatMap((one) => b.found.map((other) => [...one, ...other])), exact: a.exact && b.exact };
}

function operand(tokens: readonly Token[], at: number): Parsed {
  if (isSign(tokens[at], '!')) {
    const parsed = operand(tokens, at + 1);
    return parsed && { ...opposite(parsed), at: parsed.at };
  }
  if (!isSign(tokens[at], '(')) return term(tokens, at);
  const parsed = joined(tokens, at + 1, '||');
  return parsed !== undefined && isSign(tokens[parsed.at], ')') ? { ...parsed, at: parsed.at + 1 } : undefined;
}

/** Of one requirement; of anything else nothing is known. */
function opposite({ found, exact }: Meaning): Meaning {
  const [[requirement, ...more] = [], ...others] = found;
  if (!exact || requirement === undefined || more.length > 0 || others.length > 0) return UNKNOWN;
  return only({ ...requirement, operator: OPPOSITE[requirement.operator] ?? '' });
}

function term(tokens: readonly Token[], at: number): Parsed {
  const [word, next] = [tokens[at], tokens[at + 1]?.text ?? ''];
  if (word?.kind !== 'word') return undefined;
  if (next === '(') return call(tokens, at);
  if (OF_TEXT.has(next)) return tokens[at + 2]?.kind === 'literal' ? { ...UNKNOWN, at: at + 3 } : undefined;
  const operator = OPERATORS.get(next);
  if (operator === undefined) return undefined;
  const values = next.endsWith('=') ? literalAt(tokens, at + 2) : listAt(tokens, at + 2);
  return values && { ...only({ key: word.text, operator, values: values.list }), at: values.at };
}

/** `has(label)`, `all()`, `global()`. */
function call(tokens: readonly Token[], at: number): Parsed {
  const [name, key] = [tokens[at]?.text, tokens[at + 2]];
  if (name === 'has' && key?.kind === 'word' && isSign(tokens[at + 3], ')')) return { ...only({ key: key.text, operator: 'Exists' }), at: at + 4 };
  return (name === 'all' || name === 'global') && isSign(tokens[at + 2], ')') ? { ...UNKNOWN, at: at + 3 } : undefined;
}

type Values = { readonly list: readonly string[]; readonly at: number } | undefined;

function literalAt(tokens: readonly Token[], at: number): Values {
  const token = tokens[at];
  return token?.kind === 'literal' ? { list: [token.text], at: at + 1 } : undefined;
}

/** `{'a', 'b'}`; it may be empty. */
function listAt(tokens: readonly Token[], at: number): Values {
  const end = tokens.findIndex((token, index) => index > at && isSign(token, '}'));
  if (!isSign(tokens[at], '{') || end === -1) return undefined;
  const inside = tokens.slice(at + 1, end);
  const isList = inside.length % 2 === (inside.length === 0 ? 0 : 1) && inside.every((token, index) => (index % 2 === 0 ? token.kind === 'literal' : isSign(token, ',')));
  return isList ? { list: inside.filter(({ kind }) => kind === 'literal').map(({ text }) => text), at: end + 1 } : undefined;
}

function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.text === sign;
}
