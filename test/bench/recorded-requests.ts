/**
 * The very requests that the operator sends for a new namespace, recorded once, so that the floor can send the same.
 *
 * The operator's own plan and client write to a server that only takes notes: what the floor sends is the operator's
 * by construction, to the byte and in its order, also when templates, labels or headers change.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { newBody, replacementBody } from '../../src/plan/body.ts';
import { systemClock } from '../../src/control/clock.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { parseBaseline, parseNamespace, type WireNetworkPolicy } from '../../src/kube/objects.ts';
import type { DesiredPolicy } from '../../src/plan/claims.ts';
import { compileBaseline } from '../../src/plan/compile.ts';
import { planNamespace } from '../../src/plan/plan.ts';
import type { RawRequest } from './raw-api.ts';

/** What stands for the parts of a request that differ from one namespace to the next. */
export const HOLES = { namespace: 'recorded-namespace', uid: 'recorded-uid', resourceVersion: 'recorded-version' } as const;
export type Filling = Partial<Record<keyof typeof HOLES, string>>;

/** Everything that is ever sent for one policy. */
export interface RecordedPolicy {
  readonly name: string;
  readonly create: RawRequest;
  readonly replace: RawRequest;
}

/** In the order in which the operator writes them. */
export async function recordRequests(baseline: { readonly name: string; readonly spec: object }): Promise<RecordedPolicy[]> {
  const recorder = await startRecorder();
  const client = await createKubeClient({
    connection: { source: 'recorder', server: recorder.url, proxyUrl: undefined, read: async () => ({ headers: {}, tls: {} }) },
    userAgent: 'npb-bench', clock: systemClock,
  });
  const { signal } = new AbortController();
  try {
    const recorded: RecordedPolicy[] = [];
    for (const desired of desiredPolicies(baseline)) {
      const { namespace, uid, resourceVersion } = HOLES;
      await client.createPolicy(newBody(namespace, desired), signal);
      await client.replacePolicy(replacementBody(namespace, desired, { labels: new Map(), annotations: new Map() }, { uid, resourceVersion }), signal);
      const [create, replace] = recorder.taken.splice(0);
      if (create === undefined || replace === undefined) throw new Error('the operator\'s client did not send what it was told to');
      recorded.push({ name: desired.name, create, replace });
    }
    return recorded;
  } finally {
    await client.close();
    recorder.close();
  }
}

/** What the operator plans for an ordinary namespace, in its order. */
function desiredPolicies({ name, spec }: { readonly name: string; readonly spec: object }): DesiredPolicy[] {
  const compiled = compileBaseline(parseBaseline({ metadata: { name, uid: 'u', generation: 1, resourceVersion: '1' }, spec }));
  const { writes } = planNamespace({
    namespace: parseNamespace({ metadata: { name: HOLES.namespace, uid: HOLES.uid, resourceVersion: '1' } }),
    policies: new Map(),
    cluster: { baselines: [compiled], byName: new Map([[name, compiled]]), systemNamespaces: new Set(), version: 1 },
    deleted: new Set(),
    nowMs: Date.now(),
  });
  const desired = writes.flatMap((write) => (write.kind === 'Create' ? [write.policy] : []));
  if (desired.length === 0) throw new Error(`the operator plans nothing for a new namespace: ${compiled.problem ?? 'the baseline is empty'}`);
  return desired;
}

async function startRecorder() {
  const taken: RawRequest[] = [];
  const server = createServer((request, response) => {
    void noteDown(request).then((noted) => {
      taken.push(noted);
      const back = JSON.parse(noted.body ?? '{}') as WireNetworkPolicy;
      response.writeHead(noted.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(back));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { taken, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => { server.close(); server.closeAllConnections(); } };
}

/** Headers that the connection sets by itself are left out. */
const OF_CONNECTION = new Set(['host', 'connection', 'content-length', 'accept']);

async function noteDown(request: IncomingMessage): Promise<RawRequest> {
  const headers = Object.entries(request.headers).filter(([key, value]) => typeof value === 'string' && !OF_CONNECTION.has(key)) as [string, string][];
  return { method: request.method as RawRequest['method'], path: request.url ?? '', headers: Object.fromEntries(headers), body: await text(request) };
}

/** A recorded request ready to be filled in many times. */
export function template({ method, path, body = '', headers }: RawRequest): (filling: Filling) => RawRequest {
  const cutPath = cut(path);
  const cutBody = cut(body);
  return (filling) => ({ method, path: fill(cutPath, filling), body: fill(cutBody, filling), ...(headers && { headers }) });
}

/** Text and names of holes in turn. */
type Cut = readonly string[];
const ANY_HOLE = new RegExp(`(${Object.values(HOLES).join('|')})`);
const HOLE_NAMES = new Map<string, keyof typeof HOLES>(Object.entries(HOLES).map(([name, hole]) => [hole, name as keyof typeof HOLES]));

const cut = (text: string): Cut => text.split(ANY_HOLE);

function fill(pieces: Cut, filling: Filling): string {
  let filled = '';
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at] ?? '';
    const hole = at % 2 === 1 ? HOLE_NAMES.get(piece) : undefined;
    filled += hole === undefined ? piece : filling[hole] ?? piece;
  }
  return filled;
}
