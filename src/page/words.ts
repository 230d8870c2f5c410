/** What the words of the pages mean, how times and numbers are written, and the badge that a word comes with. */
import { html, type Html } from './html.ts';
import type { Glance, Tone } from './model.ts';

/** As a sentence, for who does not know the word yet. */
export const MEANINGS: Readonly<Record<Glance, string>> = {
  overridden: 'A default-deny is in place, and another policy opens what it denies.',
  open: 'Not isolated: some pod may be reached by, or may reach, more than it should.',
  unprotected: 'No default-deny is in place; whether other policies isolate it is not known.',
  unknown: 'It cannot be said: something has a say that is not evaluated or could not be read.',
  audited: 'A baseline only plans here and writes nothing: mode Audit.',
  protected: 'A default-deny is in place; whether another policy defeats it is not known.',
  isolated: 'All policies together keep something out for every pod.',
  exempt: 'Left out on purpose, with a reason.',
  excluded: 'A system namespace, or excluded by name.',
};

/** The word with its mark, whose shape says the same as its colour. */
export function badge(glance: Glance): Html {
  return html`<span class="badge ${glance}">${icon(glance)}${glance}</span>`;
}

const TONE_ICONS: Readonly<Record<Tone, Glance>> = { bad: 'overridden', warn: 'unknown', info: 'audited' };

export function toned(tone: Tone, text: string): Html {
  return html`<span class="badge says ${tone}">${icon(TONE_ICONS[tone])}${text}</span>`;
}

/** The mark alone, before a text that is long. */
export function marked(tone: Tone, text: string): Html {
  return html`<span class="${tone}">${icon(TONE_ICONS[tone])}</span>${text}`;
}

export function icon(glance: Glance): Html {
  return html`<svg class="icon" aria-hidden="true"><use href="#i-${glance}"/></svg>`;
}

/** The shapes, once for each page. */
export const SPRITE = html`<svg width="0" height="0" class="sprite" aria-hidden="true"><defs>
<symbol id="i-isolated" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M4.6 8.3l2.4 2.4 4.4-5" fill="none" class="cut" stroke-width="1.8"/></symbol>
<symbol id="i-protected" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M4.9 8.3l2.2 2.2 4-4.6" fill="none" stroke="currentColor" stroke-width="1.6"/></symbol>
<symbol id="i-overridden" viewBox="0 0 16 16"><path d="M8 1l7.4 13.5H.6z" fill="currentColor"/><path d="M8 5.6v4.4M8 11.4v1.6" class="cut" stroke-width="1.7"/></symbol>
<symbol id="i-open" viewBox="0 0 16 16"><path d="M3.2 3.2l9.6 9.6M12.8 3.2l-9.6 9.6" fill="none" stroke="currentColor" stroke-width="2.2"/></symbol>
<symbol id="i-unprotected" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" fill="none" stroke="currentColor" stroke-width="1.6"/></symbol>
<symbol id="i-unknown" viewBox="0 0 16 16"><path d="M8 .8L15.2 8 8 15.2.8 8z" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M6 6.6c0-2.6 4-2.5 4-.2 0 1.5-2 1.6-2 3.1M8 11v1.4" fill="none" stroke="currentColor" stroke-width="1.4"/></symbol>
<symbol id="i-audited" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.2" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.6 2.2"/></symbol>
<symbol id="i-exempt" viewBox="0 0 16 16"><rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M4.6 11.4l6.8-6.8" stroke="currentColor" stroke-width="1.6"/></symbol>
<symbol id="i-excluded" viewBox="0 0 16 16"><path d="M3 8h10" stroke="currentColor" stroke-width="2"/></symbol>
</defs></svg>`;

export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${number(count)} ${count === 1 ? singular : plural}`;
}

/** `10,000`; the same on every machine. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `2026-11-21 22:14 UTC`. */
export function time(atMs: number): Html {
  const text = new Date(atMs).toISOString();
  return html`<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 16)} UTC</time>`;
}

const DAY_MS = 86_400_000;
const UNITS = [['day', DAY_MS], ['hour', 3_600_000], ['minute', 60_000]] as const;

/** Beyond it nobody counts days. */
const LONG_MS = 730 * DAY_MS;

/** `in 12 days`, `2 hours ago`. */
export function distance(atMs: number, nowMs: number): string {
  if (Math.abs(atMs - nowMs) > LONG_MS) return atMs >= nowMs ? 'in years' : 'years ago';
  const [unit, ms] = UNITS.find(([, size]) => Math.abs(atMs - nowMs) >= size) ?? ['minute', 60_000];
  const text = counted(Math.floor(Math.abs(atMs - nowMs) / ms), unit);
  return atMs >= nowMs ? `in ${text}` : `${text} ago`;
}
