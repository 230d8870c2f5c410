/** One truth table against the evaluator: how many pairs, and where it says otherwise. */
import type { Answer, DirectionAnswer } from '../../src/netpol/answer.ts';
import { evaluate } from '../../src/netpol/evaluate.ts';
import { PROTOCOLS, type Connection, type Endpoint, type Namespace, type Node, type Pod, type Policy, type Protocol } from '../../src/netpol/model.ts';
import { buildWorld, type World } from '../../src/netpol/world.ts';
import type { AnyCase, ClusterAssert, ClusterCase, Expected, Labels, OracleCase, OraclePod, OraclePolicy, OracleStep } from './files.ts';

export interface Mismatch { readonly where: string; readonly pair: string; readonly expected: string; readonly answer: Answer }
export interface Tally { cases: number; pairs: number; masked: number; allowed: number; readonly mismatches: Mismatch[] }

export function checkCases(cases: readonly AnyCase[]): Tally {
  const tally: Tally = { cases: cases.length, pairs: 0, masked: 0, allowed: 0, mismatches: [] };
  for (const found of cases) {
    if ('steps' in found) checkSteps(found, tally);
    else checkAsserts(found, tally);
  }
  return tally;
}

function checkSteps({ id, description, steps }: OracleCase, tally: Tally): void {
  for (const [index, step] of steps.entries()) {
    const world = worldOf(step);
    const pods = new Map(world.pods.map((pod) => [`${pod.namespace}/${pod.name}`, { pod }]));
    const where = `${id === undefined ? '' : `${id}: `}${description}, step ${index + 1}`;
    for (const expected of step.expected) checkPair({ where, world, pods }, expected, tally);
  }
}

interface Place { readonly where: string; readonly world: World; readonly pods: ReadonlyMap<string, Endpoint> }

function checkPair({ where, world, pods }: Place, expected: Expected, tally: Tally): void {
  if (expected.loopback) { tally.masked += 1; return; }
  const connection = { from: endpoint(pods, expected.from), to: endpoint(pods, expected.to), protocol: protocolOf(expected.protocol), port: expected.port };
  const answer = evaluate(world, connection);
  const wanted = { verdict: expected.allowed, ingress: expected.ingress, egress: expected.egress };
  count({ where, pair: `${expected.from} -> ${expected.to}:${expected.port}/${expected.protocol}` }, wanted, answer, tally);
}

function worldOf({ namespaces, pods, policies }: OracleStep): World {
  return buildWorld({
    namespaces: Object.entries(namespaces).map(([name, labels]) => namespaceOf(name, labels)),
    pods: pods.map(podOf), policies: policies.map(policyOf), options: { ipBlockMatchesPods: 'yes' },
  });
}

function checkAsserts({ name, pods, nodes, asserts }: ClusterCase, tally: Tally): void {
  for (const [index, assertion] of asserts.entries()) {
    const world = clusterWorld(assertion, pods.map(podOf), nodes.map(({ ip, labels, ...node }) => ({ name: node.name, ips: [ip], labels: mapOf(labels) })));
    const from = endpoint(new Map(world.pods.map((pod) => [`${pod.namespace}/${pod.name}`, { pod }])), assertion.from);
    const connection: Connection = { from, to: { ip: assertion.toIP }, protocol: protocolOf(assertion.protocol), port: assertion.port };
    const pair = `${assertion.from} -> ${assertion.toIP}:${assertion.port}/${assertion.protocol}`;
    count({ where: `${name}, assertion ${index + 1} of ${assertion.test}`, pair }, { verdict: assertion.allowed }, evaluate(world, connection), tally);
  }
}

function clusterWorld({ state }: ClusterAssert, pods: readonly Pod[], nodes: readonly Node[]): World {
  const clusterPolicies = Object.values(state.cnp).map(({ metadata, spec }): Policy => ({ kind: 'ClusterNetworkPolicy', name: metadata.name, spec }));
  return buildWorld({
    namespaces: Object.values(state.ns).map(({ metadata }) => namespaceOf(metadata.name, metadata.labels ?? {})),
    pods, nodes, policies: [...clusterPolicies, ...Object.values(state.np).map(policyOf)], options: { ipBlockMatchesPods: 'yes' },
  });
}

interface Wanted { readonly verdict: boolean; readonly ingress?: boolean | undefined; readonly egress?: boolean | undefined }

// Each pair counts once, whichever of its answers is wrong.
function count({ where, pair }: { readonly where: string; readonly pair: string }, wanted: Wanted, answer: Answer, tally: Tally): void {
  tally.pairs += 1;
  if (wanted.verdict) tally.allowed += 1;
  const agrees = is(answer, wanted.verdict) && is(answer.ingress, wanted.ingress) && is(answer.egress, wanted.egress);
  if (!agrees) tally.mismatches.push({ where, pair, expected: JSON.stringify(wanted), answer });
}

function is({ verdict }: Pick<Answer, 'verdict'>, allowed: boolean | undefined): boolean {
  return allowed === undefined || verdict === (allowed ? 'allowed' : 'denied');
}

export function explained({ where, pair, expected, answer }: Mismatch): string {
  return [`  ${where}`, `    ${pair}: expected ${expected}, got ${answer.verdict}`, `    egress: ${line(answer.egress)}`, `    ingress: ${line(answer.ingress)}`].join('\n');
}

function line({ verdict, outcomes, isolating, codes }: DirectionAnswer): string {
  const isolated = isolating.map(({ namespace = '', name }) => `${namespace}/${name}`).join(', ');
  return `${verdict} by ${outcomes.map(({ reason }) => JSON.stringify(reason)).join(' or ')}; isolated by [${isolated}]; codes [${codes.join(', ')}]`;
}

function podOf({ namespace, name, labels, ip, ports, hostNetwork = false }: OraclePod): Pod {
  const declared = ports.map((port) => ({ name: port.name, containerPort: port.containerPort, protocol: protocolOf(port.protocol) }));
  return { namespace, name, labels: mapOf(labels), ips: [ip], ports: declared, hostNetwork, terminal: false };
}

function policyOf({ metadata, spec }: OraclePolicy): Policy {
  return { kind: 'NetworkPolicy', namespace: metadata.namespace, name: metadata.name, spec };
}

function namespaceOf(name: string, labels: Labels): Namespace {
  return { name, labels: mapOf(labels) };
}

function mapOf(labels: Labels): ReadonlyMap<string, string> {
  return new Map(Object.entries(labels));
}

function protocolOf(text: string): Protocol {
  const found = PROTOCOLS.find((protocol) => protocol === text.toUpperCase());
  if (found === undefined) throw new Error(`protocol ${text} is none of ${PROTOCOLS.join(', ')}`);
  return found;
}

function endpoint(pods: ReadonlyMap<string, Endpoint>, name: string): Endpoint {
  const found = pods.get(name);
  if (found === undefined) throw new Error(`pod ${name} is not in the snapshot`);
  return found;
}
