/** One line on a terminal that says how far something is, if it takes longer than a second. It goes when it is done. */
import type { Clock } from '../../control/clock.ts';
import { safe } from '../output/cell.ts';
import type { Host } from '../command.ts';

export interface Progress {
  /** Replaces the line. */
  tell(text: string): void;
  end(): void;
}

const QUIET_MS = 1000;
const PACE_MS = 100;
const CLEAR_LINE = '\r\u001b[K';

/** Writes nothing where stderr is no terminal. */
export function startProgress({ stderr, env }: Pick<Host, 'stderr' | 'env'>, clock: Pick<Clock, 'now' | 'setTimer'>): Progress {
  if (stderr.isTTY !== true || env['TERM'] === 'dumb') return { tell: () => undefined, end: () => undefined };
  let latest = '';
  let isShown = false;
  let cancel = clock.setTimer(QUIET_MS, show);
  function show(): void {
    cancel = clock.setTimer(PACE_MS, show);
    if (latest === '') return;
    stderr.write(CLEAR_LINE + safe(latest).slice(0, (stderr.columns ?? 80) - 1));
    isShown = true;
    latest = '';
  }
  return {
    tell: (text) => { latest = text; },
    end() {
      cancel();
      if (isShown) stderr.write(CLEAR_LINE);
      isShown = false;
    },
  };
}
