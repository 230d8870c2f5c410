/**
 * An audit as one file that needs nothing else: the overview, then a section for each namespace, worst first. The filter
 * is a matter of style, since a file has neither server nor script.
 */
import { html, type Content, type Html } from './html.ts';
import { pageText } from './layout.ts';
import { DIRECTIONS } from '../api/network-policy.ts';
import { GLANCES, type NamespaceDetail, type Overview, type PageHead } from './model.ts';
import { namespaceBody } from './namespace.ts';
import { kindOf, namespacesTable } from './namespaces.ts';
import { coverageCards, exemptionsSection, needingAttention } from './overview.ts';
import { counted, number } from './words.ts';

export interface Report {
  readonly head: PageHead;
  readonly overview: Overview;
  /** All of it in one line. */
  readonly summary: string;
  /** In their order; those that are shown. */
  readonly namespaces: readonly NamespaceDetail[];
  /** What is left out, in words; absent where everything is there. */
  readonly leftOut: string | undefined;
}

export function reportPage({ head, overview, summary, namespaces, leftOut }: Report): string {
  const places = new Map(namespaces.map(({ name }, index) => [name, `namespace-${index + 1}`]));
  const link = (name: string): string => `#${places.get(name) ?? 'main'}`;
  return pageText({
    head, title: 'Audit of network policies', heading: 'Audit of network policies',
    body: html`<p>${summary}</p>
${coverageCards(overview, {})}
<h2 id="namespaces">Namespaces</h2>
${filters(overview)}<p class="soft">${counted(namespaces.length, 'namespace')}, worst first.${leftOut === undefined ? undefined : ` ${leftOut}`}</p>
${namespacesTable(namespaces, { namespace: link })}${exemptionsSection(overview, head.atMs)}
${namespaces.map((namespace) => section(namespace, places.get(namespace.name) ?? '', head.atMs))}`,
  });
}

function section(namespace: NamespaceDetail, id: string, nowMs: number): Html {
  return html`<article class="${kindOf(namespace)}" id="${id}"><h2><span class="soft">Namespace</span> ${namespace.name}</h2>
${namespaceBody(namespace, nowMs, 'h3')}<p><a href="#namespaces">Back to the list</a></p></article>
`;
}

/** One button for each word that occurs; the style hides the rest. */
function filters({ namespaces, attention, directions }: Overview): Content {
  const inUse = GLANCES.filter((glance) => DIRECTIONS.some((direction) => directions[direction].glances.has(glance)));
  const button = (id: string, text: Content, isFirst = false): Html => html`<label><input type="radio" name="show" id="show-${id}"${isFirst ? html` checked` : undefined}> ${text}</label>
`;
  return html`<fieldset class="filters"><legend>Show namespaces</legend>
${button('everything', `all (${number(namespaces)})`, true)}${button('attention', `need attention (${number(needingAttention(attention))})`)}${inUse.map((glance) => button(glance, glance))}</fieldset>
`;
}
