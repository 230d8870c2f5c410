/**
 * An audit as a page: one file that needs nothing else, with what the status page of the operator shows, as far as an audit
 * knows it, and what was found. States of baselines are the operator's to say: they are left out, not guessed.
 */
import type { Audit, AuditedPolicy, DirectionAudit, NamespaceAudit } from '../../analyze/audit/result.ts';
import type { Finding } from '../../analyze/audit/finding.ts';
import type { DefeatedBy } from '../../analyze/audit/isolation.ts';
import { counted, listed, objectText, whereOf } from '../../analyze/audit/text.ts';
import type { Standing } from '../../analyze/audit/standing.ts';
import { DIRECTIONS, type Direction } from '../../api/network-policy.ts';
import type { AttentionFacts, DirectionFacts, ExemptionFacts, FindingFacts, Glance, NamespaceDetail, PageHead, PolicyFacts, Remark, Tone } from '../../page/model.ts';
import { EVERYTHING } from '../../page/query.ts';
import { reportPage } from '../../page/report.ts';
import { createSelector } from '../../page/selection.ts';
import { VERSION } from '../../version.ts';
import { summaryLines } from './text.ts';

export interface AuditPageOptions {
  /** At most so many namespaces; 0 is all of them. */
  readonly top: number;
  /** Absent where it is not known. */
  readonly cluster: string | undefined;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Beyond it a browser has to work hard; the formats for programs have all of them. */
export const PAGE_TOP = 1_000;
const EXEMPTIONS = 100;

const TONES: Readonly<Record<Finding['level'], Tone>> = { FAIL: 'bad', WARN: 'warn', INFO: 'info' };

export function auditPage(audit: Audit, { top, cluster, nowMs }: AuditPageOptions): string {
  const details = audit.namespaces.map(detailOf);
  const selector = createSelector(EVERYTHING, 1);
  for (const detail of details) selector.add(detail);
  const exemptions = details.flatMap((detail) => detail.exemptions).toSorted((a, b) => (a.expiresAtMs ?? Infinity) - (b.expiresAtMs ?? Infinity) || (a.target < b.target ? -1 : 1));
  const shown = top === 0 ? details : details.slice(0, top);
  const rest = details.length - shown.length;
  return reportPage({
    head: { kind: 'audit', cluster, from: `${audit.source} ${audit.from}`, version: VERSION, atMs: nowMs, notices: noticesOf(audit) },
    overview: {
      ...selector.counts(), isolationKnown: true, baselines: undefined,
      exemptions: exemptions.slice(0, EXEMPTIONS), moreExemptions: Math.max(0, exemptions.length - EXEMPTIONS),
    },
    summary: summaryLines(audit).at(-1) ?? '', namespaces: shown,
    leftOut: rest === 0 ? undefined : `${counted(rest, 'more namespace')} not shown: --top 0 shows all of them.`,
  });
}

function noticesOf({ unread, unusable, summary }: Audit): PageHead['notices'] {
  const left = summary.systemLeftOut;
  return [
    ...unread.map(({ kind, why }): Remark => ({ tone: 'warn', title: 'Not read', text: `${kind}. ${why}` })),
    ...unusable.map(({ name, why }): Remark => ({ tone: 'warn', title: 'Baseline not usable', text: `${name}: its exemptions do not count: ${why}` })),
    ...(left === 0 ? [] : [{ tone: 'info', title: 'Left out', text: `${counted(left, 'system namespace')}; --include-system tells about them.` } as const]),
  ];
}

function detailOf(namespace: NamespaceAudit): NamespaceDetail {
  const { name, standing, directions, findings, pods, dns } = namespace;
  return {
    name, owner: standing.owner, attention: attentionOf(namespace), baselines: undefined,
    directions: { Ingress: directionOf('Ingress', directions.Ingress, standing), Egress: directionOf('Egress', directions.Egress, standing) },
    exemptions: exemptionsOf(name, standing),
    policies: [...namespace.named.map((policy) => policyOf(policy, namespace)), ...fromElsewhere(namespace)],
    findings: findings.map(findingOf),
    figures: [['Pods', String(pods)], ['DNS', dns], ...(standing.isSystem ? [['Kind', 'system namespace'] as const] : [])],
  };
}

function attentionOf({ level, findings: [worst], findings }: NamespaceAudit): AttentionFacts | undefined {
  if (level === 'OK' || worst === undefined) return undefined;
  const more = findings.filter((finding) => finding.level !== 'INFO').length - 1;
  return { tone: TONES[level], reason: worst.id, message: `${worst.message}${more === 0 ? '' : `; and ${counted(more, 'more finding')}`}`, rank: level === 'FAIL' ? 0 : 1 };
}

function directionOf(direction: Direction, audit: DirectionAudit, { isSystem, exemptions }: Standing): DirectionFacts {
  const exempt = exemptions.find((each) => each.direction === direction);
  const glance = isSystem ? 'excluded' : exempt === undefined ? effective(audit) : 'exempt';
  return { glance, denied: audit.hasDefaultDeny, class: audit.class, why: exempt?.reason ?? (audit.defeatedBy.length === 0 ? undefined : `Through ${listed(audit.defeatedBy.map(openerText))}.`) };
}

function effective({ isolated, defeatedBy, hasDefaultDeny }: DirectionAudit): Glance {
  if (isolated === 'yes') return 'isolated';
  if (isolated === 'unknown') return 'unknown';
  return hasDefaultDeny && defeatedBy.length > 0 ? 'overridden' : 'open';
}

function openerText({ policy, rules }: DefeatedBy): string {
  return `${objectText(policy)} (${rules.length === 1 ? 'rule' : 'rules'} ${listed(rules.map(String))})`;
}

/** A baseline that exempts both directions for the same reason has one line. */
function exemptionsOf(target: string, { exemptions }: Standing): ExemptionFacts[] {
  const alike = Map.groupBy(exemptions, ({ baseline, reason, expiresAt = '' }) => JSON.stringify([baseline, reason, expiresAt]));
  return [...alike.values()].flatMap((found) => {
    const [first] = found;
    return first === undefined ? [] : [{
      target, baseline: first.baseline, reason: first.reason, directions: DIRECTIONS.filter((direction) => found.some((each) => each.direction === direction)),
      expiresAtMs: first.expiresAt === undefined ? undefined : Date.parse(first.expiresAt),
    }];
  });
}

function policyOf({ name, baseline, directions, refused }: AuditedPolicy, namespace: NamespaceAudit): PolicyFacts {
  const opens = openedBy(namespace, (policy) => policy.kind === 'NetworkPolicy' && policy.name === name);
  const note = refused ? 'an API server would refuse it: it isolates nothing' : opens.length > 0 ? `opens ${opens.join(' and ').toLowerCase()}` : denialOf(name, namespace);
  return { kind: 'NetworkPolicy', name, baseline, directions, note, tone: refused || opens.length > 0 ? 'bad' : undefined };
}

function openedBy({ directions }: NamespaceAudit, is: (policy: DefeatedBy['policy']) => boolean): Direction[] {
  return DIRECTIONS.filter((direction) => [...directions[direction].defeatedBy, ...directions[direction].alsoBy].some(({ policy }) => is(policy)));
}

function denialOf(name: string, { directions }: NamespaceAudit): string {
  return DIRECTIONS.some((direction) => directions[direction].defaultDeny.some((policy) => policy.name === name)) ? 'selects every pod' : '';
}

/** Policies of the cluster that open the namespace; others are in no list of a namespace. */
function fromElsewhere(namespace: NamespaceAudit): PolicyFacts[] {
  const all = DIRECTIONS.flatMap((direction) => namespace.directions[direction].defeatedBy).map(({ policy }) => policy).filter(({ kind }) => kind !== 'NetworkPolicy');
  return [...new Map(all.map((policy) => [objectText(policy), policy])).values()].map(({ kind, name }) => {
    const directions = openedBy(namespace, (policy) => policy.kind === kind && policy.name === name);
    return { kind, name, baseline: undefined, directions, note: `opens ${directions.join(' and ').toLowerCase()}`, tone: 'bad' };
  });
}

function findingOf(finding: Finding): FindingFacts {
  const { level, id, message, fix } = finding;
  return { level, tone: TONES[level], id, message, fix, where: whereOf(finding) };
}
