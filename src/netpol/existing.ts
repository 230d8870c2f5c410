/** Pods that exist, as peers: what is looked at where all that could exist are too many. */
import { parseAddress } from './address.ts';
import type { PortSpan } from './cells.ts';
import type { Family, Namespace, Pod } from './model.ts';
import { ADDRESS_KEY, type Pieces } from './regions.ts';

/** Never hostNetwork, never terminal. */
export interface ExistingPeer { readonly namespace: Namespace; readonly pod: Pod }

/** Values by key as cubes of peers have them, for each port of the spans that the pod names, and for the rest. */
export function existingValues({ namespace, pod }: ExistingPeer, spans: readonly PortSpan[], { family, pieces }: { readonly family: Family; readonly pieces: Pieces }): ((key: string) => string | undefined)[] {
  const address = pod.ips.map(parseAddress).find((found) => found?.family === family);
  const piece = address === undefined ? undefined : pieces.pieceAt(address.bits);
  const declared = pod.ports.filter(({ name, protocol, containerPort }) => name !== undefined
    && spans.some((span) => span.protocol === protocol && span.first <= containerPort && containerPort <= span.last));
  return [undefined, ...declared.map(({ name }) => name)].map((portName) => (key: string) => {
    const label = key.slice(2);
    if (key.startsWith('n:')) return namespace.labels.get(label);
    if (key.startsWith('p:')) return pod.labels.get(label);
    if (key === ADDRESS_KEY) return piece;
    return key === `port:${portName}` ? 'yes' : 'no';
  });
}
