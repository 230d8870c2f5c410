/** The list of namespaces, one row each, those that need attention first. */
import { DIRECTIONS } from '../api/network-policy.ts';
import { html, type Content, type Html } from './html.ts';
import type { BaselineState, DirectionFacts, NamespaceFacts } from './model.ts';
import { table, type TableColumn } from './table.ts';
import { badge, toned } from './words.ts';

export interface ListLinks {
  readonly namespace: (name: string) => string;
  /** Absent where a page cannot ask for it. */
  readonly owner?: ((owner: string) => string) | undefined;
}

const UNCONCERNED: ReadonlySet<string> = new Set(['unselected', 'excluded']);
/** States of baselines in one cell. */
const MOST_STATES = 3;

export function namespacesTable(rows: readonly NamespaceFacts[], links: ListLinks): Html {
  const knows = { baselines: rows.some(({ baselines }) => baselines !== undefined), owner: rows.some(({ owner }) => owner !== undefined) };
  const columns: TableColumn[] = [
    { title: 'Namespace', heads: true }, ...DIRECTIONS.map((title) => ({ title })), { title: 'Needs attention' },
    ...(knows.baselines ? [{ title: 'Baselines' }] : []), ...(knows.owner ? [{ title: 'Owner' }] : []),
  ];
  return table('Namespaces', columns, rows.map((row) => ({
    kind: kindOf(row),
    cells: [
      html`<a class="name" href="${links.namespace(row.name)}">${row.name}</a>`, ...DIRECTIONS.map((direction) => directionCell(row.directions[direction])),
      attentionCell(row), ...(knows.baselines ? [statesCell(row.baselines)] : []), ...(knows.owner ? [ownerCell(row.owner, links)] : []),
    ],
  })));
}

/** Classes by which a style hides and marks the entries of a list. */
export function kindOf({ attention, directions }: NamespaceFacts): string {
  const look = attention === undefined ? [] : ['look', `look-${attention.tone}`, 'is-attention'];
  return ['entry', ...look, ...new Set(DIRECTIONS.map((direction) => `is-${directions[direction].glance}`))].join(' ');
}

function directionCell({ glance, class: name }: DirectionFacts): Html {
  const isTold = name !== undefined && name !== glance && glance !== 'excluded';
  return html`<span class="glance">${badge(glance)}${!isTold ? undefined : html` <small>${name}</small>`}</span>`;
}

function attentionCell({ attention }: NamespaceFacts): Content {
  return attention === undefined ? undefined : html`${toned(attention.tone, attention.reason)}<small>${attention.message}</small>`;
}

/** Of baselines that concern the namespace; its own page has all of them. */
function statesCell(baselines: readonly BaselineState[] = []): Content {
  const concerned = baselines.filter(({ state }) => !UNCONCERNED.has(state));
  const more = concerned.length - MOST_STATES;
  return html`${concerned.slice(0, MOST_STATES).map(({ baseline, state }) => html`<div class="state"><span class="name">${baseline}</span> ${state}</div>`)}${more > 0 ? html`<small>and ${more} more</small>` : undefined}`;
}

function ownerCell(owner: string | undefined, { owner: link }: ListLinks): Content {
  if (owner === undefined || owner === '') return undefined;
  return link === undefined ? owner : html`<a href="${link(owner)}">${owner}</a>`;
}

