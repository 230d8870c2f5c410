/**
 * Time to protect as an objective with an error budget: alerts by how fast the budget burns, over two windows each,
 * so that they begin soon and end soon. A handful of slow namespaces is no trend, however few were created.
 */
import { OBJECTIVE } from '../names.ts';
import type { Alert } from './alerts.ts';
import { slowCount, slowRatio, type Window } from './recording.ts';

/** Fewer slow namespaces than this in the long window never alert. */
const AT_LEAST = 5;
const BUDGET = 1 - OBJECTIVE.protectedInTime;

interface Burn { readonly times: number; readonly long: Window; readonly short: Window }

const FAST: readonly Burn[] = [{ times: 14.4, long: '1h', short: '5m' }, { times: 6, long: '6h', short: '30m' }];
const SLOW: readonly Burn[] = [{ times: 3, long: '1d', short: '2h' }, { times: 1, long: '3d', short: '6h' }];

const burning = ({ times, long, short }: Burn): string => {
  const bound = Number((times * BUDGET).toFixed(4));
  return `(${slowRatio(long)} > ${bound} and ${slowRatio(short)} > ${bound} and ${slowCount(long)} >= ${AT_LEAST})`;
};

const NAME = 'NetpolBaselineTimeToProtectSLOBurn';
const summary = `{{ $value | humanizePercentage }} of the new namespaces waited longer than ${OBJECTIVE.protectWithinSeconds} s for their policies.`;
const description = `The objective is that ${OBJECTIVE.protectedInTime * 100} of 100 are protected within ${OBJECTIVE.protectWithinSeconds} s; the error budget is being used up`;

export const BURN_ALERTS: readonly Alert[] = [
  { name: NAME, severity: 'critical', for: '2m', expr: FAST.map(burning).join(' or '), summary, description: `${description} within days.` },
  { name: NAME, severity: 'warning', for: '15m', expr: SLOW.map(burning).join(' or '), summary, description: `${description} before the month ends.` },
];
