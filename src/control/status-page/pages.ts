/**
 * The status page, as routes of the endpoint: read-only, computed when it is asked for, one overview after the other.
 *
 * A standby has planned nothing, so it says who leads and nothing else; so does a leader that has not seen everything yet.
 */
import type { Answer, Route } from '../../observe/http-server.ts';
import { CONTENT_SECURITY_POLICY } from '../../page/layout.ts';
import type { PageHead, Remark } from '../../page/model.ts';
import { parseQuery } from '../../page/query.ts';
import { emptyPage, HOME, namespacePage, NAMESPACES, overviewPage } from '../../page/status-page.ts';
import type { IsolationKnowledge } from '../../plan/effect.ts';
import type { Clock } from '../clock.ts';
import type { Control } from '../control.ts';
import type { Stores } from '../control-parts.ts';
import type { Leadership } from '../leadership.ts';
import { detailOf } from './detail.ts';
import { gatherOverview } from './overview.ts';

export interface StatusPageParts {
  readonly control: Pick<Control, 'leadership' | 'isolation'>;
  readonly stores: Pick<Stores, 'namespaces'>;
  /** Who leads, as far as it is known. */
  readonly leader: () => string | undefined;
  readonly identity: string;
  readonly version: string;
  readonly clock: Pick<Clock, 'now' | 'wallMs' | 'sleep'>;
}

/** Overviews that are asked for while one is made; whoever comes then has to come again. */
const MOST_WAITING = 8;
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export function statusPageRoutes(parts: StatusPageParts): readonly (readonly [string, Route])[] {
  const inTurn = createTurns(MOST_WAITING);
  return [
    [HOME, async ({ query }) => {
      const leadership = wholeLeadership(parts);
      if (leadership === undefined) return notHere(parts);
      const list = await inTurn(() => gatherOverview({ ...parts, state: leadership.state, isolation: parts.control.isolation }, parseQuery(query)));
      return list === undefined ? tooMany(parts) : page(overviewPage(headOf(parts), list));
    }],
    [NAMESPACES, ({ rest }) => {
      const leadership = wholeLeadership(parts);
      return leadership === undefined ? notHere(parts) : namespaceAnswer(rest, leadership, parts);
    }],
  ];
}

/** Before every namespace has been looked at, whatever is counted is too low. */
function wholeLeadership({ control }: StatusPageParts): Leadership | undefined {
  const leadership = control.leadership();
  return leadership?.isWhole() === true ? leadership : undefined;
}

function namespaceAnswer(name: string, { state: { views, memories } }: Leadership, parts: StatusPageParts): Answer {
  const [view, memory] = NAME.test(name) ? [views.namespace(name), memories.get(name)] : [];
  if (view === undefined || memory === undefined) return page(emptyPage(headOf(parts), 'No such namespace', NAME.test(name) ? `There is no namespace ${name}.` : 'That is no name of a namespace.', false), 404);
  const detail = detailOf({ view, memory, rollUp: parts.control.isolation.of(name), nowMs: parts.clock.now() });
  if (detail === undefined) return page(emptyPage(headOf(parts), `Namespace ${name}`, 'It is on its way out: nothing is written into it any more.', false));
  return page(namespacePage(headOf(parts), detail));
}

/** What there is to say of this replica; a page all the same, since a person reads it. */
function notHere(parts: StatusPageParts): Answer {
  const leader = parts.leader();
  if (parts.control.leadership() !== undefined) return page(emptyPage(headOf(parts), 'Starting', 'This replica leads, and has not looked at every namespace yet. Load this page again in a moment.', true), 503);
  const who = leader === undefined || leader === '' ? 'No replica leads yet, as far as this one knows.' : `The replica that leads is ${leader}: ask that one.`;
  return page(emptyPage(headOf(parts), 'Standby', `This replica is a standby: it has planned nothing, and knows no states. ${who}`, true), 503);
}

function tooMany(parts: StatusPageParts): Answer {
  return page(emptyPage(headOf(parts), 'Busy', 'Many ask for this page at once. Load it again in a moment.', true), 503);
}

function page(body: string, status = 200): Answer {
  return {
    status, body, contentType: 'text/html; charset=utf-8',
    headers: { 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'Referrer-Policy': 'no-referrer', 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin', ...(status === 503 && { 'Retry-After': '2' }) },
  };
}

function headOf({ control, stores, identity, version, clock }: StatusPageParts): PageHead {
  return {
    kind: 'operator', cluster: stores.namespaces.get('kube-system')?.uid, from: `replica ${identity}`, version, atMs: clock.wallMs(),
    notices: control.leadership() === undefined ? [] : isolationNotices(control.isolation.knowledge()),
  };
}

function isolationNotices(knowledge: IsolationKnowledge): Remark[] {
  switch (knowledge.kind) {
    case 'Known': return [];
    case 'Starting': return [{ tone: 'info', title: 'Not known yet', text: 'What is really isolated is being computed after a start; what is protected is known.' }];
    case 'Off': return [{ tone: 'info', title: 'Not evaluated', text: 'What is really isolated is not known: --evaluate-isolation is off. What is protected is known.' }];
    case 'Unknown': return [{ tone: 'warn', title: 'Isolation not known', text: knowledge.why }];
  }
}

/** One after the other; `undefined` where too many wait already. */
function createTurns(most: number) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    if (waiting >= most) return undefined;
    waiting += 1;
    const mine = last.then(work);
    last = mine.catch(() => undefined); // told to whoever asked
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  };
}
