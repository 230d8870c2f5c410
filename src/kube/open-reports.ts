/**
 * `Report` of openreports.io/v1alpha1, which tools for policies share: its wire shape as far as it is written, and what is
 * kept of one.
 */
import { MANAGED_BY_LABEL, PART_OF_LABEL, PRODUCT } from '../api/names.ts';
import { shortHash, stableJson } from '../api/hash.ts';
import { identity, type ObjectRecord, type WireObject } from './objects.ts';

export const REPORT_RESULTS = ['fail', 'error', 'warn', 'skip', 'pass'] as const;
export type ReportResult = (typeof REPORT_RESULTS)[number];

/** One row. No timestamp: it would be another one at each look. */
export interface ReportRow {
  readonly policy: string;
  readonly rule: string;
  readonly category: string;
  readonly severity: 'high' | 'medium';
  readonly result: ReportResult;
  readonly message: string;
  readonly scored: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

/** All that a report says. */
export interface ReportContent {
  readonly source: string;
  readonly scope: { readonly apiVersion: 'v1'; readonly kind: 'Namespace'; readonly name: string; readonly uid: string };
  readonly configuration: { readonly limits: { readonly maxResults: number } };
  readonly summary: Readonly<Record<ReportResult, number>>;
  readonly results: readonly ReportRow[];
}

export interface WireReport extends WireObject {
  source?: unknown;
  scope?: unknown;
  scopeSelector?: unknown;
  configuration?: unknown;
  summary?: unknown;
  results?: unknown;
}

export interface ReportRecord extends ObjectRecord {
  readonly namespace: string;
  readonly contentHash: string;
}

/** One in each namespace. */
export const REPORT_NAME = PRODUCT;
const LABELS = { [MANAGED_BY_LABEL]: PRODUCT, [PART_OF_LABEL]: PRODUCT };
/** Fields of an object reference that a merge patch would leave there. */
const NO_OTHER_SCOPE = { namespace: null, resourceVersion: null, fieldPath: null };

export function reportManifest(namespace: string, content: ReportContent): WireReport {
  return { apiVersion: 'openreports.io/v1alpha1', kind: 'Report', metadata: { name: REPORT_NAME, namespace, labels: { ...LABELS } }, ...content };
}

/** Whatever was made of a report, it says this afterwards; labels and annotations that are not ours stay. */
export function reportPatch({ scope, configuration, ...content }: ReportContent): object {
  return { metadata: { labels: LABELS }, scopeSelector: null, scope: { ...scope, ...NO_OTHER_SCOPE }, configuration: { limits: { ...configuration.limits, statusFilter: null } }, ...content };
}

export function parseReport(report: WireReport): ReportRecord {
  const { metadata: { labels = {} }, source, scope, scopeSelector, configuration, summary, results } = report;
  const own = Object.fromEntries(Object.keys(LABELS).map((label) => [label, labels[label]]));
  return { ...identity(report.metadata), namespace: report.metadata.namespace ?? '', contentHash: hashOf(own, { source, scope, scopeSelector, configuration, summary, results }) };
}

/** The `contentHash` of a report that says just this. */
export function contentHash(content: ReportContent): string {
  return hashOf(LABELS, { ...content });
}

function hashOf(labels: object, content: object): string {
  return shortHash(stableJson([labels, content]));
}
