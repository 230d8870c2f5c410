/** The overview: coverage of each direction at a glance, the baselines, and the exemptions. */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { html, type Content, type Html } from './html.ts';
import { GLANCES, type BaselineFacts, type ExemptionFacts, type Glance, type Overview } from './model.ts';
import { counts } from './selection.ts';
import { table } from './table.ts';
import { counted, distance, icon, MEANINGS, number, time, toned } from './words.ts';

/** How a figure leads to what it counts; absent where a page cannot ask for it. */
export interface FigureLinks {
  readonly glance?: ((direction: Direction, glance: Glance) => string) | undefined;
  readonly attention?: string | undefined;
}

export function coverageCards(overview: Overview, links: FigureLinks): Html {
  return html`<section class="cards" aria-label="Coverage">
${DIRECTIONS.map((direction) => directionCard(direction, overview, links))}${attentionCard(overview, links)}</section>
`;
}

/** What is judged first, from good to bad. */
const BEST_FIRST: readonly Glance[] = [...GLANCES.filter(counts).toReversed(), ...GLANCES.filter((glance) => !counts(glance))];

function directionCard(direction: Direction, { directions, namespaces, isolationKnown }: Overview, links: FigureLinks): Html {
  const { glances, denied } = directions[direction];
  const present = BEST_FIRST.flatMap((glance) => (glances.has(glance) ? [[glance, glances.get(glance) ?? 0] as const] : []));
  const judged = present.reduce((sum, [glance, count]) => sum + (counts(glance) ? count : 0), 0);
  const isolated = glances.get('isolated') ?? 0;
  const deny = html`default-deny in ${number(denied)} of ${number(judged)}`;
  const figure = isolationKnown
    ? html`<p class="figure">${number(isolated)} <small>of ${number(judged)} isolated</small></p><p class="soft">${deny}</p>`
    : html`<p class="figure">${number(denied)} <small>of ${number(judged)} with default-deny</small></p><p class="soft">what is really isolated is not known</p>`;
  return html`<div class="card"><h2>${direction}</h2>${figure}
${bar(present, namespaces, direction)}<ul class="legend">${present.map(([glance, count]) => {
  const text = html`<b>${number(count)}</b> ${glance}`;
  const href = links.glance?.(direction, glance);
  return html`<li title="${MEANINGS[glance]}"><span class="${glance}">${icon(glance)}</span>${href === undefined ? text : html`<a href="${href}">${text}</a>`}</li>`;
})}</ul></div>
`;
}

/** Told in words beside it. */
function bar(present: readonly (readonly [Glance, number])[], all: number, direction: Direction): Html {
  const parts: Html[] = [];
  let before = 0;
  for (const [glance, count] of present) {
    parts.push(html`<rect class="${glance}" x="${percent(before, all)}" width="${percent(count, all)}" height="100%"/>`);
    before += count;
  }
  return html`<svg class="bar" role="img" aria-label="${direction}: ${present.map(([glance, count]) => `${number(count)} ${glance}`).join(', ')}">${parts}</svg>
`;
}

export function needingAttention(reasons: Overview['attention']): number {
  return [...reasons.values()].reduce((sum, count) => sum + count, 0);
}

/** In one card. */
const MOST_REASONS = 5;

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((part * 100_000) / whole) / 1000}%`;
}

function attentionCard({ attention: reasons, namespaces }: Overview, links: FigureLinks): Html {
  const attention = needingAttention(reasons);
  const text = `${counted(attention, 'namespace')}`;
  const most = [...reasons].toSorted(([a, few], [b, many]) => many - few || (a < b ? -1 : 1));
  const what = attention === 0 ? 'Nothing needs attention.' : html`<ul class="legend">${most.slice(0, MOST_REASONS).map(([reason, count]) => html`<li><b>${number(count)}</b> ${reason}</li>`)}${most.length > MOST_REASONS ? html`<li>and ${counted(most.length - MOST_REASONS, 'more reason')}</li>` : undefined}</ul>`;
  return html`<div class="card"><h2>Needs attention</h2>
<p class="figure ${attention === 0 ? 'isolated' : 'overridden'}">${icon(attention === 0 ? 'isolated' : 'overridden')}${links.attention === undefined || attention === 0 ? text : html`<a href="${links.attention}">${text}</a>`} <small>of ${number(namespaces)}</small></p><div class="soft">${what}</div></div>
`;
}

export function baselinesSection({ baselines }: Overview): Content {
  if (baselines === undefined) return undefined;
  if (baselines.length === 0) return html`<h2>Baselines</h2><p class="empty">There is no NamespacePolicyBaseline, so nothing is written.</p>
`;
  const columns = [{ title: 'Baseline', heads: true as const }, { title: 'Ingress' }, { title: 'Egress' }, { title: 'Protected' }, { title: 'Isolated' }, { title: 'Conditions' }];
  return html`<h2>Baselines</h2>
${table('Baselines', columns, baselines.map(baselineRow))}`;
}

function baselineRow({ name, modes, protected: covered, isolated, remarks }: BaselineFacts) {
  const told = remarks.length === 0 ? html`<span class="soft">as it should be</span>` : remarks.map(({ tone, title, text }) => html`<div>${toned(tone, title)} ${text}</div>`);
  return { cells: [html`<span class="name">${name}</span>`, modes.Ingress, modes.Egress, covered, isolated, told] };
}

export function exemptionsSection({ exemptions, moreExemptions }: Pick<Overview, 'exemptions' | 'moreExemptions'>, nowMs: number): Content {
  if (exemptions.length === 0) return undefined;
  const more = moreExemptions === 0 ? undefined : html`<p class="soft">${counted(moreExemptions, 'more exemption')} not shown.</p>
`;
  return html`<h2>Exemptions</h2>
${exemptionsTable(exemptions, nowMs)}${more}`;
}

export function exemptionsTable(exemptions: readonly ExemptionFacts[], nowMs: number): Html {
  const columns = [{ title: 'Namespace or selector', heads: true as const }, { title: 'Directions' }, { title: 'Reason' }, { title: 'Ends' }, { title: 'Baseline' }];
  return table('Exemptions', columns, exemptions.map(({ target, directions, reason, expiresAtMs, baseline }) => ({
    cells: [html`<span class="name">${target}</span>`, directions.join(', '), reason, expiryHtml(expiresAtMs, nowMs), html`<span class="name">${baseline}</span>`],
  })));
}

function expiryHtml(expiresAtMs: number | undefined, nowMs: number): Content {
  if (expiresAtMs === undefined) return html`<span class="soft">never</span>`;
  const when = html`${time(expiresAtMs)} <small>${distance(expiresAtMs, nowMs)}</small>`;
  return expiresAtMs <= nowMs ? html`${toned('warn', 'expired')} ${when}` : when;
}
