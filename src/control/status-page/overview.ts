/**
 * The overview of all namespaces, gathered when it is asked for, in short slices: a reconcile waits for one of these at most.
 */
import { DIRECTIONS } from '../../api/network-policy.ts';
import type { BaselineFacts, Overview, Remark, Tone } from '../../page/model.ts';
import type { Filter } from '../../page/query.ts';
import { createSelector } from '../../page/selection.ts';
import { PAGE_SIZE, type ListOfNamespaces } from '../../page/status-page.ts';
import type { CompiledBaseline } from '../../plan/compile.ts';
import type { Clock } from '../clock.ts';
import type { Isolation } from '../isolation/isolation.ts';
import type { LeaderState } from '../leadership.ts';
import { exemptionFacts } from './detail.ts';
import { factsOf } from './facts.ts';

export interface OverviewParts {
  readonly state: Pick<LeaderState, 'views' | 'memories'>;
  readonly isolation: Pick<Isolation, 'knowledge' | 'of'>;
  readonly clock: Pick<Clock, 'now' | 'wallMs' | 'sleep'>;
}

/** Longest stretch without a turn of the event loop, beside the last one, which sorts and writes. */
const SLICE_MS = 2;
const MOST_BASELINES = 50;
const MOST_EXEMPTIONS = 50;

export async function gatherOverview({ state: { views, memories }, isolation, clock }: OverviewParts, filter: Filter): Promise<ListOfNamespaces> {
  const selector = createSelector(filter, PAGE_SIZE);
  let sliceEndsMs = clock.now() + SLICE_MS;
  for (const name of Array.from(memories.all(), ([each]) => each)) { // as they are now: they change while this yields
    if (clock.now() >= sliceEndsMs) {
      await clock.sleep(0);
      sliceEndsMs = clock.now() + SLICE_MS;
    }
    const memory = memories.get(name);
    const facts = memory && factsOf(name, memory, isolation.of(name), clock.now());
    if (facts !== undefined) selector.add(facts);
  }
  const { baselines } = views.cluster();
  const exemptions = exemptionsOf(baselines, clock.wallMs());
  const overview: Overview = {
    ...selector.counts(), isolationKnown: isolation.knowledge().kind === 'Known', baselines: baselinesOf(baselines),
    exemptions: exemptions.slice(0, MOST_EXEMPTIONS), moreExemptions: Math.max(0, exemptions.length - MOST_EXEMPTIONS),
  };
  return { overview, selection: selector.selected(), filter };
}

/** Those that end next first, then those that never do, then those that have ended. */
function exemptionsOf(baselines: readonly CompiledBaseline[], nowMs: number): Overview['exemptions'] {
  const all = baselines.flatMap((baseline) => baseline.exemptions.map((exemption) => exemptionFacts(baseline, exemption)));
  const order = (atMs = Number.MAX_VALUE): number => (atMs <= nowMs ? Infinity : atMs);
  return all.sort((a, b) => compared(order(a.expiresAtMs), order(b.expiresAtMs)) || (a.target < b.target ? -1 : 1));
}

/** Two that have both ended are equal. */
function compared(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

/** Those with something to tell come first, where there are too many. */
function baselinesOf(baselines: readonly CompiledBaseline[]): BaselineFacts[] {
  const all = baselines.map(baselineFacts);
  return all.length <= MOST_BASELINES ? all : all.toSorted((a, b) => b.remarks.length - a.remarks.length).slice(0, MOST_BASELINES);
}

function baselineFacts({ name, modes, record, spec }: CompiledBaseline): BaselineFacts {
  const { conditions = [], protected: covered = '', isolated = '' } = record.status;
  const remarks = conditions.flatMap(({ type, status, reason, message }): Remark[] => {
    const tone = TONES.get(`${type} ${status}`);
    return tone === undefined ? [] : [{ tone, title: reason === type ? type : `${type}: ${reason}`, text: message }];
  });
  const once = [...new Map(remarks.map((remark) => [remark.text, remark])).values()];
  const leaving: Remark[] = record.deleting ? [{ tone: 'info', title: 'Deleting', text: `deletionPolicy: ${spec.deletionPolicy}` }] : [];
  return { name, modes: { Ingress: modes[DIRECTIONS[0]], Egress: modes[DIRECTIONS[1]] }, protected: covered, isolated, remarks: [...leaving, ...once] };
}

/** Conditions that say what somebody should know. */
const TONES: ReadonlyMap<string, Tone> = new Map([
  ['Stalled True', 'bad'], ['Held True', 'bad'], ['Ready False', 'warn'], ['TemplatesValid False', 'bad'], ['NamespacesUpToDate False', 'warn'], ['Drifted True', 'warn'],
  ['IsolationUnknown True', 'warn'], ['Reconciling True', 'info'], ['Paused True', 'info'],
]);
