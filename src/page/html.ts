/**
 * Text of web pages, escaped by construction: the only way to get markup is this tagged template, whose literal parts are
 * markup and whose values are not.
 *
 * Promises: a value that is no `Html` can neither end an element or an attribute in quotes, nor begin one; and characters
 * that turn the direction of writing or are not visible are spelled out. Attributes are written in double quotes.
 */
import { spelledOut } from '../api/text.ts';

/** Known only here, so that nothing from outside can pass for markup. */
const MARKUP = Symbol('markup');

export interface Html { readonly [MARKUP]: string }

/** What may stand in a page; nothing where it is `undefined`. */
export type Content = Html | string | number | undefined | readonly Content[];

export function html(literals: TemplateStringsArray, ...values: readonly Content[]): Html {
  let text = literals[0] ?? '';
  for (const [index, value] of values.entries()) text += markupOf(value) + (literals[index + 1] ?? '');
  return { [MARKUP]: text };
}

export function textOf(page: Html): string {
  return page[MARKUP];
}

function markupOf(value: Content): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  return isHtml(value) ? value[MARKUP] : value.map(markupOf).join('');
}

function isHtml(value: Html | readonly Content[]): value is Html {
  return MARKUP in value;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;'], ['"', '&quot;'], ["'", '&#39;']]);

function escaped(text: string): string {
  return spelledOut(text).replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? '');
}
