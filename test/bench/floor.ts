/**
 * The floor: a client in a process of its own that does what the operator has to do and nothing else.
 *
 * It watches namespaces and sends the recorded requests for each new one: same library, same number of sockets and
 * requests in flight, same bodies and order. It looks at no answer but its status, keeps nothing, plans nothing.
 * Started with fork and one argument, a `FloorOrder` as JSON; ends when its parent goes.
 */
import { follow, NAMESPACES_PATH, POLICIES_PATH, rawApi, type RawApi, type WatchEvent } from './raw-api.ts';
import { template, type Filling, type RecordedPolicy } from './recorded-requests.ts';
import type { RawRequest } from './raw-api.ts';

export interface FloorOrder {
  readonly kubeconfig: string;
  /** In the order of writing. */
  readonly policies: readonly RecordedPolicy[];
  readonly connections: number;
  /** Namespaces that are written to at the same time. */
  readonly inFlight: number;
  /** Only namespaces whose name starts so. */
  readonly prefix: string;
  /** Before the first write into a namespace; none where the name holds `AT_ONCE`. */
  readonly firstWriteDelayMs: number;
}

export type FloorRequest = 'repair';
export type FloorMessage = { readonly kind: 'ready' | 'repairing' } | { readonly kind: 'failed'; readonly message: string };

/** Part of the name of a namespace that the floor writes to without waiting. */
export const AT_ONCE = '-now-';

if (process.send !== undefined) await main(JSON.parse(process.argv[2] ?? '') as FloorOrder);

async function main(order: FloorOrder): Promise<void> {
  const tell = (message: FloorMessage): void => { process.send?.(message); };
  const fail = (error: Error): void => { tell({ kind: 'failed', message: error.message }); };
  process.on('SIGINT', () => undefined); // the parent decides
  process.once('disconnect', () => { process.exit(0); });
  const api = rawApi(order.kubeconfig, order.connections);
  const write = async (request: RawRequest): Promise<void> => {
    const { code, text } = await api.send(request);
    if (code !== 200 && code !== 201) throw new Error(`${request.method} ${request.path}: ${code} ${text.slice(0, 300)}`);
  };
  await watchNamespaces(order, { api, write, fail });
  process.on('message', (request: FloorRequest) => {
    if (request === 'repair') void watchPolicies(order, { api, write, fail }).then(() => { tell({ kind: 'repairing' }); }, fail);
  });
  tell({ kind: 'ready' });
}

interface Hands {
  readonly api: RawApi;
  readonly write: (request: RawRequest) => Promise<void>;
  readonly fail: (error: Error) => void;
}

interface PolicyEvent extends WatchEvent {
  readonly object: {
    readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly resourceVersion: string };
    readonly spec?: { readonly ingress?: unknown };
  };
}

async function watchNamespaces(order: FloorOrder, { api, write, fail }: Hands): Promise<void> {
  const creates = order.policies.map(({ create }) => template(create));
  const waiting: string[] = [];
  let running = 0;

  function next(): void {
    const namespace = running < order.inFlight ? waiting.shift() : undefined;
    if (namespace === undefined) return;
    running += 1;
    void protect(namespace).catch(fail).finally(() => { running -= 1; next(); });
  }
  async function protect(namespace: string): Promise<void> {
    for (const create of creates) await write(create({ namespace }));
  }
  function enqueue(namespace: string): void {
    waiting.push(namespace);
    next();
  }

  await follow(api, NAMESPACES_PATH, ({ type, object: { metadata: { name } } }) => {
    if (type !== 'ADDED' || !name.startsWith(order.prefix)) return;
    if (order.firstWriteDelayMs === 0 || name.includes(AT_ONCE)) enqueue(name);
    else setTimeout(enqueue, order.firstWriteDelayMs, name);
  }, fail);
}

/** Deleted: POST. Edited, which in this bench means that rules were added to a policy without any: PUT. */
async function watchPolicies(order: FloorOrder, { api, write, fail }: Hands): Promise<void> {
  const repairs = new Map(order.policies.map(({ name, create, replace }) => [name, { create: template(create), replace: template(replace) }]));
  await follow<PolicyEvent>(api, POLICIES_PATH, ({ type, object: { metadata, spec } }) => {
    const repair = metadata.namespace.startsWith(order.prefix) ? repairs.get(metadata.name) : undefined;
    if (repair === undefined) return;
    const { namespace, uid, resourceVersion } = metadata;
    const filling: Filling = { namespace, uid, resourceVersion };
    if (type === 'DELETED') write(repair.create(filling)).catch(fail);
    else if (type === 'MODIFIED' && spec?.ingress !== undefined) write(repair.replace(filling)).catch(fail);
  }, fail);
}
