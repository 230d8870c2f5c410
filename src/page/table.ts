/**
 * A table that becomes a list of cards where there is no room. Its roles are written out, since browsers forget them when
 * a table is shown as something else.
 */
import { html, type Content, type Html } from './html.ts';

export interface TableColumn {
  readonly title: string;
  /** Its cells head their rows. */
  readonly heads?: true;
}

export interface TableRow {
  /** Classes of the row. */
  readonly kind?: string;
  readonly cells: readonly Content[];
}

export function table(caption: string, columns: readonly TableColumn[], rows: readonly TableRow[]): Html {
  return html`<table role="table" aria-label="${caption}">
<thead role="rowgroup"><tr role="row">${columns.map(({ title }) => html`<th role="columnheader" scope="col">${title}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => rowHtml(columns, row))}</tbody></table>
`;
}

function rowHtml(columns: readonly TableColumn[], { kind = '', cells }: TableRow): Html {
  return html`<tr role="row" class="${kind}">${columns.map(({ title, heads }, index) => (heads
    ? html`<th role="rowheader" scope="row">${cells[index]}</th>`
    : html`<td role="cell" data-title="${title}">${cells[index]}</td>`))}</tr>
`;
}
