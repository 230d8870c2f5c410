/** Results as JUnit XML, as CI systems read it. No times: the same input gives the same text. */

export interface JunitCase {
  readonly name: string;
  readonly failure?: { readonly message: string; readonly details: string };
  /** Why it was not looked at. */
  readonly skipped?: string;
}
export interface JunitSuite { readonly name: string; readonly cases: readonly JunitCase[] }

/** `name` is that of the whole run. */
export function junitXml(name: string, suites: readonly JunitSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name, ...counts(all) })}>`,
    ...suites.flatMap(suiteLines),
    '</testsuites>', '',
  ].join('\n');
}

function suiteLines({ name, cases }: JunitSuite): string[] {
  return [
    `  <testsuite ${attributes({ name, ...counts(cases) })}>`,
    ...cases.flatMap((each) => caseLines(name, each)),
    '  </testsuite>',
  ];
}

function caseLines(suite: string, { name, failure, skipped }: JunitCase): string[] {
  const begin = `    <testcase ${attributes({ name, classname: suite })}`;
  if (failure !== undefined) return [`${begin}>`, `      <failure ${attributes({ message: failure.message })}>${escapeXml(failure.details)}</failure>`, '    </testcase>'];
  if (skipped !== undefined) return [`${begin}>`, `      <skipped ${attributes({ message: skipped })}/>`, '    </testcase>'];
  return [`${begin}/>`];
}

function counts(cases: readonly JunitCase[]): Record<string, string> {
  const count = (matches: (one: JunitCase) => boolean): string => String(cases.filter(matches).length);
  return { tests: String(cases.length), failures: count(({ failure }) => failure !== undefined), errors: '0', skipped: count(({ failure, skipped }) => failure === undefined && skipped !== undefined) };
}

const attributes = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values).map(([key, value]) => `${key}="${escapeXml(value).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`).join(' ');

/** What XML 1.0 does not allow at all is left as a question mark. */
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function escapeXml(text: string): string {
  return text.replace(NOT_XML, '?').replaceAll('\r', '&#13;').replaceAll('&', '&amp;').replaceAll('&amp;#13;', '&#13;')
    .replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
