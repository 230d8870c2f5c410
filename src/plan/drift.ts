/**
 * How a live policy differs from the planned one, field by field, and what the difference means.
 *
 * Drift: it is no longer what we wrote. Outdated: it is what we wrote, but the plan has moved on.
 * Foreign labels and annotations are no difference.
 */
import { stableJson } from '../api/hash.ts';
import {
  BASELINE_LABEL, DESCRIPTION_ANNOTATION, ISOLATED_FOR_ANNOTATION, MANAGED_BY_LABEL, PART_OF_LABEL, PRODUCT,
  TEMPLATE_HASH_ANNOTATION, TEMPLATE_LABEL,
} from '../api/names.ts';
import type { NetworkPolicySpec } from '../api/network-policy.ts';
import { clip } from '../api/text.ts';
import type { PolicyRecord } from '../kube/objects.ts';
import type { DesiredPolicy } from './claims.ts';

export interface FieldDifference {
  /** Path in the object, as `kubectl explain` spells it: `spec.egress`, `metadata.labels[app.kubernetes.io/part-of]`. */
  readonly field: string;
  readonly want: string;
  readonly have: string;
}

export type Comparison =
  | { readonly kind: 'Equal' }
  | { readonly kind: 'Outdated'; readonly differences: readonly FieldDifference[] }
  | { readonly kind: 'Modified'; readonly differences: readonly FieldDifference[] };

const EQUAL: Comparison = { kind: 'Equal' };

/** Compares a policy that is ours. */
export function compare(want: DesiredPolicy, have: PolicyRecord): Comparison {
  const tampered = [...specTampered(want, have), ...metadataTampered(want, have)];
  if (tampered.length > 0) return { kind: 'Modified', differences: tampered };
  const outdated = [...specDifferences(want.spec.spec, have, want.spec.hash), ...bookkeeping(want, have)];
  return outdated.length > 0 ? { kind: 'Outdated', differences: outdated } : EQUAL;
}

/** Differences of the spec, if it is also not what we wrote. */
function specTampered(want: DesiredPolicy, have: PolicyRecord): FieldDifference[] {
  if (have.specHash === want.spec.hash || have.specHash === have.templateHash) return [];
  return specDifferences(want.spec.spec, have, want.spec.hash);
}

function metadataTampered(want: DesiredPolicy, have: PolicyRecord): FieldDifference[] {
  const found: FieldDifference[] = [];
  differ(found, label(MANAGED_BY_LABEL), PRODUCT, have.own.managedBy);
  differ(found, label(PART_OF_LABEL), PRODUCT, have.own.partOf);
  differ(found, label(TEMPLATE_LABEL), want.name, have.own.template);
  if (have.own.baseline === undefined) differ(found, label(BASELINE_LABEL), want.baseline, undefined);
  if (have.ownerReferences > 0) found.push({ field: 'metadata.ownerReferences', want: NONE, have: `${have.ownerReferences} of another controller` });
  if (have.finalizers.length > 0) found.push({ field: 'metadata.finalizers', want: NONE, have: have.finalizers.join(', ') });
  return found;
}

/** What we wrote ourselves and would write differently now. */
function bookkeeping(want: DesiredPolicy, have: PolicyRecord): FieldDifference[] {
  const found: FieldDifference[] = [];
  differ(found, label(BASELINE_LABEL), want.baseline, have.own.baseline);
  differ(found, annotation(TEMPLATE_HASH_ANNOTATION), want.spec.hash, have.templateHash);
  differ(found, annotation(DESCRIPTION_ANNOTATION), want.description, have.description);
  differ(found, annotation(ISOLATED_FOR_ANNOTATION), want.isolatedFor, have.isolatedFor);
  return found;
}

const SPEC_FIELDS = ['podSelector', 'policyTypes', 'ingress', 'egress'] as const;
const NONE = '(none)';
const TEXT_LIMIT = 300;

function specDifferences(want: NetworkPolicySpec, have: PolicyRecord, wantHash: string): FieldDifference[] {
  if (have.specHash === wantHash) return [];
  const { spec } = have;
  if (spec === undefined) return [{ field: 'spec', want: wantHash, have: have.specHash }];
  const found = SPEC_FIELDS
    .map((field) => ({ field: `spec.${field}`, want: stableJson(want[field]), have: stableJson(spec[field] ?? null) }))
    .filter((difference) => difference.want !== difference.have)
    .map((difference) => ({ field: difference.field, want: short(difference.want), have: short(difference.have) }));
  return found.length > 0 ? found : [{ field: 'spec', want: short(stableJson(want)), have: short(stableJson(spec)) }]; // a field that we do not know
}

function differ(found: FieldDifference[], field: string, want: string | undefined, have: string | undefined): void {
  if (want !== have) found.push({ field, want: want ?? NONE, have: short(have ?? NONE) });
}

const label = (key: string): string => `metadata.labels[${key}]`;
const annotation = (key: string): string => `metadata.annotations[${key}]`;
const short = (text: string): string => clip(text, TEXT_LIMIT);

/** One line for a log, an event or a condition. */
export function describeDifferences(differences: readonly FieldDifference[]): string {
  return differences.map(({ field, want, have }) => `${field} is ${have}, should be ${want}`).join('; ');
}
