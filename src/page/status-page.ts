/**
 * The pages of the operator: overview, one namespace, and what is said instead. Filters are in the query, so that they
 * work without script and can be sent to somebody.
 */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { html, type Content, type Html } from './html.ts';
import { pageText } from './layout.ts';
import { GLANCES, type Glance, type NamespaceDetail, type Overview, type PageHead } from './model.ts';
import { namespaceBody } from './namespace.ts';
import { namespacesTable } from './namespaces.ts';
import { baselinesSection, coverageCards, exemptionsSection } from './overview.ts';
import { EVERYTHING, queryText, type Filter } from './query.ts';
import type { Selection } from './selection.ts';
import { counted, number } from './words.ts';

/** Namespaces on one page. */
export const PAGE_SIZE = 100;

export const HOME = '/';
/** Followed by a name. */
export const NAMESPACES = '/namespaces/';

const linkTo = (filter: Partial<Filter>): string => `${HOME}${queryText({ ...EVERYTHING, ...filter })}`;
const namespaceLink = (name: string): string => `${NAMESPACES}${encodeURIComponent(name)}`;

export interface ListOfNamespaces {
  readonly overview: Overview;
  readonly selection: Selection;
  readonly filter: Filter;
}

export function overviewPage(head: PageHead, { overview, selection, filter }: ListOfNamespaces): string {
  const links = { glance: (direction: Direction, glance: Glance) => linkTo({ glances: { [direction]: glance } }), attention: linkTo({ attention: true }) };
  const list = selection.rows.length === 0
    ? html`<p class="empty">No namespace is like that.</p>
`
    : namespacesTable(selection.rows, { namespace: namespaceLink, owner: (owner) => linkTo({ owner }) });
  return pageText({
    head, title: 'Namespaces and their baselines', heading: 'Namespaces and their baselines',
    body: html`${coverageCards(overview, links)}
<h2 id="namespaces">Namespaces</h2>
${filterForm(filter)}<p class="soft">${matchedText(selection, overview, filter)}</p>
${list}${pagesHtml(selection, filter)}${baselinesSection(overview)}${exemptionsSection(overview, head.atMs)}`,
  });
}

export function namespacePage(head: PageHead, namespace: NamespaceDetail): string {
  return pageText({ head, title: `Namespace ${namespace.name}`, heading: html`<span class="soft">Namespace</span> ${namespace.name}`, body: html`${back}${namespaceBody(namespace, head.atMs, 'h2')}` });
}

/** In place of a page: this replica is a standby, or there is no such namespace. The notices of the head say why. */
export function emptyPage(head: PageHead, title: string, text: Content, isHome: boolean): string {
  return pageText({ head, title, heading: title, body: html`${isHome ? undefined : back}<p>${text}</p>
` });
}

const back = html`<p><a href="${HOME}">All namespaces</a></p>
`;

function filterForm({ attention, glances, name, owner }: Filter): Html {
  return html`<form action="${HOME}" method="get" role="search">
<label>Name <input type="search" name="namespace" value="${name}" maxlength="63" size="16"></label>
${DIRECTIONS.map((direction) => html`<label>${direction} <select name="${direction.toLowerCase()}"><option value="">any</option>${GLANCES.map((glance) => html`<option value="${glance}"${glances[direction] === glance ? html` selected` : undefined}>${glance}</option>`)}</select></label>
`)}<label><input type="checkbox" name="show" value="attention"${attention ? html` checked` : undefined}> needs attention</label>
${owner === undefined ? undefined : html`<label><input type="checkbox" name="owner" value="${owner}" checked> owner ${owner === '' ? 'nobody' : owner}</label>
`}<button>Show</button> <a href="${HOME}">Show everything</a>
</form>
`;
}

function matchedText({ matched, pages, page }: Selection, { namespaces }: Overview, filter: Filter): string {
  const which = queryText({ ...filter, page: 1 }) === '' ? counted(namespaces, 'namespace') : `${number(matched)} of ${counted(namespaces, 'namespace')}`;
  return `${which}, those that need attention first${pages === 1 ? '' : `; page ${number(page)} of ${number(pages)}`}.`;
}

function pagesHtml({ page, pages }: Selection, filter: Filter): Content {
  if (pages === 1) return undefined;
  const to = (title: string, number: number): Content => (number < 1 || number > pages || number === page ? undefined : html`<a href="${linkTo({ ...filter, page: number })}">${title}</a>`);
  return html`<nav class="pages" aria-label="Pages">${to('First', 1)}${to('Previous', page - 1)}<span>Page ${number(page)} of ${number(pages)}</span>${to('Next', page + 1)}${to('Last', pages)}</nav>
`;
}
