/** A policy that an API server would refuse: what is wrong with it, and nothing about what it would do. */
import type { NetworkPolicyObject } from './classes.ts';
import type { Draft } from './finding.ts';
import { lintFields } from './lint-fields.ts';

/** The API server tells them all; the first ones are enough to begin with. */
const MOST_TOLD = 5;

export function lintRefused({ refusals = [], spec }: NetworkPolicyObject): Draft[] {
  const told = refusals.slice(0, MOST_TOLD).map(({ path, message }): Draft => ({
    id: 'refused', level: 'FAIL', path, message: `${message}: an API server refuses this policy, so it isolates nothing`, fix: 'correct this field, or remove the policy',
  }));
  return [...told, ...lintFields(spec)];
}
