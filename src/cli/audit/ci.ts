/** An audit for CI systems: JUnit, where a namespace is a suite and a finding a failed case, and SARIF, beside the lines. */
import { CATALOG } from '../../analyze/audit/catalog.ts';
import { FINDING_IDS, FINDING_LEVELS, type Finding, type FindingLevel } from '../../analyze/audit/finding.ts';
import type { Audit, NamespaceAudit } from '../../analyze/audit/result.ts';
import { objectText, placeText, whereOf } from '../../analyze/audit/text.ts';
import { VERSION } from '../../version.ts';
import { junitXml, type JunitCase } from '../output/junit.ts';
import { sarifLog, type SarifLevel } from '../output/sarif.ts';

/** From which level on there is something to fail for. */
export type FailOn = 'fail' | 'warn' | 'none';

export function isFailure(level: FindingLevel, failOn: FailOn): boolean {
  return level === 'FAIL' ? failOn !== 'none' : level === 'WARN' && failOn === 'warn';
}

/** A finding that is no reason to fail is a skipped case; a namespace without findings has one case that passes. */
export function auditJunit({ namespaces }: Audit, failOn: FailOn): string {
  return junitXml('npb audit', namespaces.map((namespace) => ({ name: namespace.name, cases: casesOf(namespace, failOn) })));
}

function casesOf({ findings }: NamespaceAudit, failOn: FailOn): JunitCase[] {
  if (findings.length === 0) return [{ name: 'isolation' }];
  return findings.map((finding) => {
    const { id, level, object, message } = finding;
    const name = `${id}: ${objectText(object)}${placeSuffix(finding)}`;
    return isFailure(level, failOn) ? { name, failure: { message: `${level}: ${message}`, details: detailsOf(finding) } } : { name, skipped: `${level}: ${message}` };
  });
}

function placeSuffix({ path }: Finding): string {
  return path.length === 0 ? '' : ` ${placeText(path)}`;
}

function detailsOf(finding: Finding): string {
  const place = whereOf(finding);
  return [`${finding.message}.`, ...(place === '' ? [] : [place]), `To do: ${finding.fix}.`].join('\n');
}

const SARIF_LEVELS: Readonly<Record<FindingLevel, SarifLevel>> = { FAIL: 'error', WARN: 'warning', INFO: 'note' };

export function auditSarif({ namespaces }: Audit): object {
  const rules = FINDING_IDS.map((id) => ({ id, title: CATALOG[id].title, help: CATALOG[id].help, level: SARIF_LEVELS[CATALOG[id].level] }));
  const findings = namespaces.flatMap((namespace) => namespace.findings).toSorted((a, b) => FINDING_LEVELS.indexOf(a.level) - FINDING_LEVELS.indexOf(b.level));
  return sarifLog({ version: VERSION, rules }, findings.map((finding) => {
    const { id, level, object, direction, message, fix, file, line } = finding;
    return {
      rule: id, level: SARIF_LEVELS[level], message: `${id === 'defeated' ? '' : `${objectText(object)}: `}${message}. To do: ${fix}.`,
      // With its place, since two findings of one rule in one object are two results.
      object: `${objectText(object)}${placeSuffix(finding)}${finding.path.length === 0 && direction !== undefined ? ` ${direction}` : ''}`,
      ...(file !== undefined && { file }), ...(line !== undefined && { line }),
    };
  }));
}
