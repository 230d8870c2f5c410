/**
 * The one style of the pages, light and dark. Colours are never alone: each comes with a word and a shape, and their
 * contrast is at least 4.5 to 1.
 */
import { sha256Base64 } from '../api/hash.ts';
import { html, textOf } from './html.ts';

export const STYLE = html`
:root { color-scheme: light dark; --back: #ffffff; --panel: #f6f7f9; --line: #dde1e7; --text: #1b2330; --soft: #566071; --link: #0a58a8; --cut: #ffffff;
  --isolated: #0a6aa8; --protected: #2a6f97; --overridden: #b3370b; --open: #a0195c; --unknown: #785a00; --audited: #5b6577; --exempt: #76449c; --excluded: #646e7e; --rest: #e6e9ee; --mark: #fdf1ec; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --panel: #1a2029; --line: #2d3643; --text: #e3e8ef; --soft: #a3aebd; --link: #7cb8f2; --cut: #12161c;
  --isolated: #5fb3ea; --protected: #8cc3e3; --overridden: #ff9a6b; --open: #f48fb8; --unknown: #e0bd55; --audited: #a7b2c2; --exempt: #c9a0ea; --excluded: #97a2b2; --rest: #262e39; --mark: #2a1e19; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 78rem; padding: 1.1rem 1.4rem 2rem; background: var(--back); color: var(--text); font: 0.875rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.4rem 0.8rem; background: var(--back); z-index: 1; }
.sprite { position: absolute; }
h1 { font-size: 1.3rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 1.7rem 0 0.5rem; }
h3 { font-size: 0.95rem; margin: 1.1rem 0 0.35rem; overflow-wrap: anywhere; }
p { margin: 0.35rem 0; overflow-wrap: anywhere; }
code, .name { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.93em; overflow-wrap: anywhere; }
.soft, footer, .facts { color: var(--soft); }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.2rem 1.2rem; padding-bottom: 0.8rem; border-bottom: 1px solid var(--line); }
.facts { margin: 0; display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; }
.facts span { overflow-wrap: anywhere; min-width: 0; }
.notice { margin: 0.8rem 0 0; padding: 0.5rem 0.8rem; border: 1px solid var(--line); border-left: 4px solid var(--audited); background: var(--panel); border-radius: 4px; overflow-wrap: anywhere; }
.notice.bad { border-left-color: var(--overridden); } .notice.warn { border-left-color: var(--unknown); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0.9rem; margin-top: 1rem; }
.card { padding: 0.75rem 0.95rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); min-width: 0; }
.card h2 { margin: 0; color: var(--soft); font-weight: 600; font-size: 0.85rem; }
.card .figure { font-size: 1.45rem; font-weight: 650; margin: 0.05rem 0 0; font-variant-numeric: tabular-nums; }
.card .figure small { font-size: 0.85rem; font-weight: 400; color: var(--soft); }
.bar { display: block; width: 100%; height: 0.7rem; margin: 0.55rem 0; border-radius: 3px; background: var(--rest); }
.legend { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.15rem 1rem; }
.legend a { color: inherit; text-decoration-color: var(--line); }
.legend b { font-variant-numeric: tabular-nums; }
.icon { width: 0.92em; height: 0.92em; vertical-align: -0.09em; margin-right: 0.38em; flex: none; }
.cut { stroke: var(--cut); }
.badge { white-space: nowrap; font-weight: 600; } .says { white-space: normal; overflow-wrap: anywhere; }
.isolated { color: var(--isolated); fill: var(--isolated); } .protected { color: var(--protected); fill: var(--protected); }
.overridden, .bad { color: var(--overridden); fill: var(--overridden); } .open, .unprotected { color: var(--open); fill: var(--open); }
.unknown, .warn { color: var(--unknown); fill: var(--unknown); } .audited, .info { color: var(--audited); fill: var(--audited); }
.exempt { color: var(--exempt); fill: var(--exempt); } .excluded { color: var(--excluded); fill: var(--excluded); }
.notice.bad, .notice.warn, .notice.info { color: inherit; }
.bar rect { stroke: var(--panel); stroke-width: 1; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.34rem 0.9rem 0.34rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; font-weight: 400; }
th:first-child { padding-left: 0.5rem; } td:first-child { padding-left: 0.5rem; }
thead th { color: var(--soft); font-size: 0.8rem; font-weight: 600; position: sticky; top: 0; background: var(--back); }
tbody tr:hover { background: var(--panel); }
tr.look { box-shadow: inset 3px 0 0 var(--overridden); background: var(--mark); } tr.look.look-warn { box-shadow: inset 3px 0 0 var(--unknown); background: none; }
th, td { min-width: 6.3rem; } tbody th { min-width: 10rem; }
td small, th small { display: block; color: var(--soft); font-size: 0.8rem; }
td .badge { font-weight: 500; }
.glance { white-space: nowrap; } .glance small { display: inline-block; margin-left: 0.25rem; max-width: 10rem; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
.state { min-width: 8.5rem; }
form, .filters { display: flex; flex-wrap: wrap; gap: 0.5rem 0.9rem; align-items: center; margin: 0.4rem 0 0.7rem; padding: 0; border: 0; }
.filters legend { float: left; margin-right: 0.9rem; padding: 0; color: var(--soft); }
label { color: var(--soft); display: inline-flex; gap: 0.35rem; align-items: center; min-width: 0; overflow-wrap: anywhere; }
input, select, button { font: inherit; color: var(--text); background: var(--back); border: 1px solid var(--audited); border-radius: 4px; padding: 0.18rem 0.45rem; max-width: 100%; }
button { cursor: pointer; }
input[type=radio], input[type=checkbox] { accent-color: var(--link); margin: 0; }
.pages { display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; margin: 0.7rem 0; }
.empty { padding: 1.2rem; text-align: center; color: var(--soft); border: 1px dashed var(--line); border-radius: 6px; }
.facts b { color: var(--text); font-weight: 600; }
.card.one > :first-child { margin: 0 0 0.2rem; display: flex; flex-wrap: wrap; gap: 0.1rem 0.8rem; color: var(--text); font-size: 1rem; }
article { margin-top: 1.6rem; padding-top: 0.9rem; border-top: 2px solid var(--line); }
article > h2 { margin: 0; font-size: 1.1rem; overflow-wrap: anywhere; }
footer { margin-top: 2.2rem; padding-top: 0.7rem; border-top: 1px solid var(--line); font-size: 0.82rem; }
@media (max-width: 78rem) { .glance { white-space: normal; } }
@media (max-width: 52rem) {
  body { padding: 0.8rem 0.8rem 1.5rem; }
  table, thead, tbody, tr, th, td { display: block; }
  thead { position: absolute; left: -99rem; }
  tbody tr { padding: 0.5rem 0.6rem; border: 1px solid var(--line); border-radius: 6px; margin-bottom: 0.6rem; }
  tbody th, tbody td { border: 0; padding: 0.1rem 0; } tbody td:first-child, tbody th:first-child { padding-left: 0; }
  tbody td:not(:empty)::before { content: attr(data-title); display: block; color: var(--soft); font-size: 0.75rem; margin-top: 0.2rem; }
  tbody td:empty { display: none; }
  thead th, tbody th, tbody td { min-width: 0; }
}
@media print { .filters, form, .skip { display: none; } body { max-width: none; font-size: 9pt; } thead th { position: static; } tr, .card { break-inside: avoid; } }
${(['attention', 'overridden', 'open', 'unprotected', 'unknown', 'audited', 'protected', 'isolated', 'exempt', 'excluded'] as const).map((kind) => html`body:has(#show-${kind}:checked) .entry:not(.is-${kind}) { display: none; }
`)}`;

/** For a Content-Security-Policy that allows this style and nothing else. */
export const STYLE_SOURCE = `'sha256-${sha256Base64(textOf(STYLE))}'`;
