/** What every page has around its content: head, notices, foot. Needs nothing from anywhere: no script, no font, no picture. */
import { html, textOf, type Content, type Html } from './html.ts';
import type { PageHead, Remark } from './model.ts';
import { STYLE, STYLE_SOURCE } from './style.ts';
import { SPRITE, time, toned } from './words.ts';

/** What a page may load: its own style, and an empty picture in place of the one that browsers ask for. */
const POLICY = ["default-src 'none'", `style-src ${STYLE_SOURCE}`, 'img-src data:', "base-uri 'none'"];
/** Sent with a page. */
export const CONTENT_SECURITY_POLICY = [...POLICY, "form-action 'self'", "frame-ancestors 'none'"].join('; ');
/** Written into a file, where nobody sends anything. */
const FILE_POLICY = [...POLICY, "form-action 'none'"].join('; ');

export interface PageParts {
  readonly head: PageHead;
  /** Of the window. */
  readonly title: string;
  readonly heading: Content;
  readonly body: Content;
}

export function pageText({ head, title, heading, body }: PageParts): string {
  const ownPolicy = head.kind === 'audit' ? html`<meta http-equiv="Content-Security-Policy" content="${FILE_POLICY}">
` : undefined;
  return textOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${ownPolicy}<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${SPRITE}
<header>
<h1>${heading}</h1>
<p class="facts">${factsOf(head).map((fact) => html`<span>${fact}</span>`)}</p>
</header>
<main id="main" tabindex="-1">
${head.notices.map(noticeHtml)}${body}</main>
<footer>
<p>Supporting evidence, not an attestation. Whether the network of the cluster enforces these policies is not verified here.</p>
<p>${head.kind === 'operator' ? 'Read-only; computed when it was asked for.' : 'Made by npb audit.'} namespace-policy-baseline ${head.version}</p>
</footer>
</body>
</html>
`);
}

function factsOf({ cluster, from, atMs }: PageHead): Content[] {
  return [
    from, ...(cluster === undefined ? [] : [html`cluster <span class="name">${cluster}</span>`]), time(atMs),
  ];
}

export function noticeHtml({ tone, title, text }: Remark): Html {
  return html`<div class="notice ${tone}"><strong>${toned(tone, title)}</strong> ${text}</div>
`;
}
