/** All about one namespace: states with their reasons, directions, policies, exemptions, and what an audit found. */
import { DIRECTIONS, type Direction } from '../api/network-policy.ts';
import { html, type Html } from './html.ts';
import type { BaselineState, FindingFacts, NamespaceDetail, PolicyFacts } from './model.ts';
import { noticeHtml } from './layout.ts';
import { exemptionsTable } from './overview.ts';
import { table } from './table.ts';
import { badge, marked, MEANINGS, toned } from './words.ts';

/** The headings of what stands in a page of its own, or in a section of one. */
export type HeadingTag = 'h2' | 'h3';

export function namespaceBody(namespace: NamespaceDetail, nowMs: number, tag: HeadingTag): Html {
  const { attention, owner, figures, baselines, exemptions, policies, findings } = namespace;
  const facts = [...(owner === undefined ? [] : [['Owner', owner === '' ? 'nobody is named' : owner] as const]), ...figures];
  const notice = attention === undefined || findings !== undefined ? undefined : noticeHtml({ tone: attention.tone, title: attention.reason, text: attention.message });
  return html`${facts.length === 0 ? undefined : html`<p class="facts">${facts.map(([title, text]) => html`<span>${title} <b>${text}</b></span>`)}</p>
`}${notice}<div class="cards">
${DIRECTIONS.map((direction) => directionCard(direction, namespace, tag))}</div>
${findings === undefined ? undefined : findingsSection(findings, tag)}${baselines === undefined ? undefined : baselinesSection(baselines, tag)}<${tag}>Policies</${tag}>
${policiesTable(policies)}${exemptions.length === 0 ? undefined : html`<${tag}>Exemptions</${tag}>
${exemptionsTable(exemptions, nowMs)}`}`;
}

function directionCard(direction: Direction, { directions }: NamespaceDetail, tag: HeadingTag): Html {
  const { glance, denied, class: name, why } = directions[direction];
  return html`<div class="card one"><${tag}>${direction} ${badge(glance)}</${tag}>
<p>${why ?? MEANINGS[glance]}</p>
<p class="facts"><span>effective class <b>${name ?? 'not known'}</b></span><span>default-deny <b>${denied ? 'in place' : 'not in place'}</b></span></p></div>
`;
}

function baselinesSection(states: readonly BaselineState[], tag: HeadingTag): Html {
  if (states.length === 0) return html`<${tag}>Baselines</${tag}><p class="soft">There is no NamespacePolicyBaseline.</p>
`;
  const columns = [{ title: 'Baseline', heads: true as const }, { title: 'State' }, { title: 'Reason' }, { title: 'Enforces here' }];
  return html`<${tag}>Baselines</${tag}>
${table('Baselines', columns, states.map(({ baseline, state, reason, message, enforced }) => ({
  cells: [html`<span class="name">${baseline}</span>`, state, html`${reason}${message === '' ? undefined : html`<small>${message}</small>`}`, enforced.length === 0 ? html`<span class="soft">nothing</span>` : enforced.join(', ')],
})))}`;
}

function policiesTable(policies: readonly PolicyFacts[]): Html {
  if (policies.length === 0) return html`<p class="soft">There is no policy in this namespace.</p>
`;
  const columns = [{ title: 'Policy', heads: true as const }, { title: 'From' }, { title: 'Directions' }, { title: 'Remark' }];
  return table('Policies', columns, policies.map(({ kind, name, baseline, directions, note, tone }) => ({
    cells: [
      html`<span class="name">${name}</span><small>${kind}</small>`,
      baseline === undefined ? html`<span class="soft">no baseline</span>` : html`baseline <span class="name">${baseline}</span>`,
      directions === undefined ? html`<span class="soft">not known</span>` : directions.join(', '),
      tone === undefined ? html`<span class="soft">${note}</span>` : marked(tone, note),
    ],
  })));
}

function findingsSection(findings: readonly FindingFacts[], tag: HeadingTag): Html {
  if (findings.length === 0) return html`<${tag}>Findings</${tag}><p class="soft">None.</p>
`;
  const columns = [{ title: 'Finding', heads: true as const }, { title: 'What' }, { title: 'To do' }];
  return html`<${tag}>Findings</${tag}>
${table('Findings', columns, findings.map(({ level, tone, id, message, fix, where }) => ({
  cells: [html`${toned(tone, level)}<small class="name">${id}</small>`, html`${message}${where === '' ? undefined : html`<small>${where}</small>`}`, fix],
})))}`;
}
