/** Findings as SARIF 2.1.0, which code hosts show beside the line that they are about. */

export type SarifLevel = 'error' | 'warning' | 'note';

export interface SarifRule {
  /** Stable, for example `NPB001`. */
  readonly id: string;
  readonly title: string;
  /** What to do about it. */
  readonly help: string;
  readonly level: SarifLevel;
}

export interface SarifResult {
  /** Id of one of the rules. */
  readonly rule: string;
  readonly level: SarifLevel;
  readonly message: string;
  /** Absent where the object comes from a cluster. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** `NetworkPolicy shop/allow-all`. */
  readonly object: string;
}

export interface SarifTool { readonly version: string; readonly rules: readonly SarifRule[] }


/** A complete log with one run; to be written by `toJson`. */
export function sarifLog({ version, rules }: SarifTool, results: readonly SarifResult[]): object {
  const indexes = new Map(rules.map(({ id }, index) => [id, index]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'npb', fullName: 'namespace-policy-baseline', version, semanticVersion: version, rules: rules.map(ruleOf) } },
      columnKind: 'utf16CodeUnits',
      results: results.map((result) => resultOf(result, indexes.get(result.rule))),
    }],
  };
}

function ruleOf({ id, title, help, level }: SarifRule): object {
  return { id, name: id, shortDescription: { text: title }, help: { text: help }, defaultConfiguration: { level } };
}

function resultOf({ rule, level, message, file, line, object }: SarifResult, ruleIndex: number | undefined): object {
  const region = line === undefined ? {} : { region: { startLine: line } };
  const physical = file === undefined ? {} : { physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...region } };
  return {
    ruleId: rule, ...(ruleIndex !== undefined && { ruleIndex }), level, message: { text: message },
    locations: [{ ...physical, logicalLocations: [{ fullyQualifiedName: object, kind: 'resource' }] }],
    partialFingerprints: { 'object/v1': `${rule}:${object}` },
  };
}

/** Relative to where the program was called, as code hosts want it, if it was named so. */
function uriOf(file: string): string {
  const path = file.replaceAll('\\', '/').replace(/^(\.\/)+/, '').split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}
