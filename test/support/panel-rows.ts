/** What panels must show of a cluster in which much is wrong (troubles.ts). */
import assert from 'node:assert/strict';
import type { Labels, Sample } from './monitoring.ts';

export const isSubset = (some: Labels, all: Labels): boolean => Object.entries(some).every(([name, value]) => all[name] === value);

/** Rows of a panel that must be there, by some of their labels. */
const rows = (...wanted: Labels[]) => (samples: Sample[]): void => {
  for (const labels of wanted) assert.ok(samples.some(({ metric }) => isSubset({ ...labels }, metric)), `no row ${JSON.stringify(labels)} in ${JSON.stringify(samples.map(({ metric }) => metric))}`);
};

/** Panel → what its first query must name. */
export const NAMED: Readonly<Record<string, (samples: Sample[]) => void>> = {
  'Without protection as planned': rows(
    { namespace: 'warned', reason: 'Modified', owner: 'team-warned' },
    { namespace: 'conflicted', reason: 'ForeignPolicy', owner: 'team-conflicted' },
    { namespace: 'refused', reason: 'QuotaExceeded', owner: 'team-refused' },
    { namespace: 'paused', reason: 'Paused', owner: 'team-paused' },
    { namespace: 'bare', reason: 'Unprotected' },
  ),
  'Overridden, by name': rows({ namespace: 'overridden', reason: 'Overridden', owner: 'team-overridden' }),
  'Policies left over, exemptions overridden': rows({ namespace: 'held-1', reason: 'Leftover' }, { namespace: 'held-2', reason: 'Leftover' }),
  'By owner': rows({ owner: 'team-warned' }, { owner: 'team-overridden' }),
  'Exemptions that end': rows({ baseline: 'exempt', exemption: 'exempt' }, { baseline: 'exempt', exemption: 'nobody' }),
  'Namespaces with drift or conflicts': rows({ namespace: 'warned', reason: 'Modified' }, { namespace: 'conflicted', reason: 'ForeignPolicy' }),
  'Not repaired, by baseline and template': rows({ baseline: 'warned', template: 'default-deny' }),
  'Held, left over and retained, by baseline': rows({ baseline: 'held' }),
  'Conditions of baselines': rows({ baseline: 'held', condition: 'Held' }, { baseline: 'stalled', condition: 'Stalled' }),
};

/** Panel and query → why it may have nothing. */
export const EMPTY: Readonly<Record<string, string>> = {
  'Requests sent again A': 'nothing has to be sent again while the API server is up and the token is good',
};
