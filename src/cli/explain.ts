/**
 * `npb explain`: is a connection allowed, and why; or, with `namespace` as first word, why a namespace has the policies
 * that it has.
 *
 * Must not: decide anything. It reads a question, asks `analyze/explain`, and shows the answer.
 */
import { explanationDocument, type QuestionText } from '../analyze/explain/document.ts';
import { parseEnd } from '../analyze/explain/end.ts';
import { explainConnection } from '../analyze/explain/explanation.ts';
import { explanationLines } from '../analyze/explain/lines.ts';
import { parseDestination } from '../analyze/explain/port.ts';
import { EXIT, UsageError, type Command, type CommandOption, type Flags, type Host } from './command.ts';
import { fixText } from './explain-fix.ts';
import { EXPLAIN_NAMESPACE_OPTIONS, explainNamespace } from './explain-namespace.ts';
import { IP_BLOCK_OPTION } from './ip-block.ts';
import { loadCluster } from './load-cluster.ts';
import { toJson } from './output/json.ts';
import { linesText } from './output/lines.ts';
import { outputOf, outputOptions } from './output/output.ts';
import { toYaml } from './output/yaml.ts';
import { NAMES_OPTION, SOURCE_OPTIONS } from './sources/source.ts';

const FORMATS = ['table', 'json', 'yaml'] as const;

const OWN_OPTIONS: readonly CommandOption[] = [
  { flag: 'fix', help: 'Print the smallest change that would allow the connection, as YAML, instead of the explanation.' },
  { flag: 'exit-zero', help: 'Exit with 0 whatever the answer is.' },
];

export const explainCommand: Command = {
  name: 'explain',
  summary: 'Explain whether a connection is allowed, or the policies of a namespace',
  description: 'Says whether SOURCE may connect to DESTINATION under all policies together, and walks through both sides: which policies isolate, which rule decides, '
    + 'what came nearest, and the smallest change that would allow it. `namespace NAME` instead explains the policies of a namespace.',
  arguments: [{ name: 'question', help: 'SOURCE DESTINATION:PORT[/PROTOCOL], or: namespace NAME', variadic: true }],
  options: [...OWN_OPTIONS, ...SOURCE_OPTIONS, NAMES_OPTION, IP_BLOCK_OPTION, ...EXPLAIN_NAMESPACE_OPTIONS, ...outputOptions(FORMATS).filter(({ flag }) => flag !== 'no-headers')],
  epilogue: (calledAs) => [
    'SOURCE and DESTINATION are one of',
    '  shop/web                the pod of that name, else the pods of the workload of that name',
    '  deploy/shop/web         the pods of that workload; also pod, sts, ds, rs, job, cronjob, and kinds such as rollout',
    '  svc/shop/web            the pods behind a Service (DESTINATION only), also as web.shop.svc',
    "  'shop/{app=web}'        a pod that need not exist, by its labels",
    '  10.0.0.1, 10.0.0.0/8    an address, or all of a range; IPv6 with a port in brackets: [fd00::1]:443',
    '  internet                every public address',
    '  metadata                the address that clouds serve credentials at, port 80',
    'PORT is a number or the name of a port, PROTOCOL tcp (the default), udp or sctp; or the port is icmp. It may be left',
    'out where the destination has one port only.',
    '',
    'Examples:',
    `  ${calledAs} explain shop/web orders/api:8080`,
    `  ${calledAs} explain 'shop/web -> svc/orders/api:http'`,
    `  ${calledAs} explain shop/web internet:443 -f manifests/`,
    `  ${calledAs} explain shop/web orders/api:8080 --fix | kubectl apply -f -`,
    `  ${calledAs} explain namespace shop`,
    '',
    'Exit code: 0 allowed; 1 denied, unknown, or some pods allowed and others denied; 2 the question or the cluster cannot be read.',
  ].join('\n'),
  run: (host, flags, args) => (args[0] === 'namespace' || args[0] === 'ns' ? explainNamespace(host, flags, args.slice(1)) : explain(host, flags, args)),
};

async function explain(host: Host, flags: Flags, args: readonly string[]): Promise<number> {
  const output = outputOf(host, flags, FORMATS);
  const question = questionIn(args, host.calledAs);
  const from = parseEnd(question.from, flags['namespace']);
  if ('problem' in from) throw new UsageError(from.problem);
  const to = parseDestination(question.to, flags['namespace']);
  if ('problem' in to) throw new UsageError(to.problem);
  const cluster = await loadCluster(host, flags);
  const explanation = explainConnection(cluster, from, to);
  if ('problem' in explanation) throw new UsageError(explanation.problem);
  if (flags['fix'] !== undefined) await output.write(fixText(explanation));
  else if (output.format === 'table') await output.write(linesText(explanationLines(cluster, explanation), output.style));
  else await output.write((output.format === 'json' ? toJson : toYaml)(explanationDocument(cluster, question, explanation)));
  return explanation.verdict === 'allowed' || flags['exit-zero'] !== undefined ? EXIT.ok : EXIT.findings;
}

const ARROW = /\s*(?:->|→)\s*/;

/** With an arrow, in one argument or more, or without. */
function questionIn(args: readonly string[], calledAs: string): QuestionText {
  if (args.length === 2 && args[1] === '-') throw new UsageError("the shell took > for a file to write to: leave the arrow out, or quote it as in 'shop/web -> orders/api:8080'");
  const parts = args.flatMap((arg) => arg.split(ARROW)).map((part) => part.trim()).filter((part) => part !== '');
  const [from, to, ...more] = parts;
  if (from === undefined || to === undefined || more.length > 0) {
    throw new UsageError(`expected a source and a destination, for example: ${calledAs} explain shop/web orders/api:8080`);
  }
  return { from, to };
}
