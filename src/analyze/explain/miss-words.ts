/** What a rule missed, in words: the rule wants one thing, the connection is another. */
import type { Direction } from '../../api/network-policy.ts';
import { wantedText, type Miss, type NearMiss } from '../../netpol/near.ts';
import { refText, spotText } from './words.ts';

/** For example `the source pod has app=web, and app=shop is wanted`. */
export function missText(miss: Miss, direction: Direction): string {
  const side = direction === 'Ingress' ? 'source' : 'destination';
  if (isPlain(miss)) return PLAIN[miss.kind](side);
  switch (miss.kind) {
    case 'namespace label': return `the ${side}'s namespace has ${labelText(miss)}, and ${wantedText(miss.key, miss.wanted)} is wanted`;
    case 'namespace label not known': return `whether the ${side}'s namespace has ${wantedText(miss.key, miss.wanted)} is not known`;
    case 'pod label': return `the ${side} pod has ${labelText(miss)}, and ${wantedText(miss.key, miss.wanted)} is wanted`;
    case 'other namespace': return `a podSelector alone means pods of namespace ${miss.wanted}, and the ${side} is in ${miss.found}`;
    case 'port': return `port ${miss.wanted} is wanted, and this is port ${miss.found}`;
    case 'protocol': return `${miss.wanted} is wanted, and this is ${miss.found}`;
    case 'port name': return miss.numbers.length === 0 ? `the destination has no port named ${miss.name}` : `the port named ${miss.name} is ${miss.numbers.join(' or ')} at the destination`;
  }
}

type PlainMiss = Exclude<Miss['kind'], 'namespace label' | 'namespace label not known' | 'pod label' | 'other namespace' | 'port' | 'protocol' | 'port name'>;

/** Of those that say nothing but themselves. */
const PLAIN: Readonly<Record<PlainMiss, (side: string) => string>> = {
  'no pod': (side) => `selectors select pods that policies govern, and the ${side} is none`,
  address: (side) => `the address of the ${side} is not in the range`,
  except: (side) => `the address of the ${side} is in the range, but in its except list`,
  family: (side) => `the range and the address of the ${side} are of different families`,
  'no address': (side) => `the ${side} has no address yet, and a range is wanted`,
  'service address': () => 'whether policies see the address of a Service is undefined',
  'block and pod': (side) => `the address of the ${side} is in the range, but ranges do not match pods here, or may not`,
  'block and node': (side) => `the address of the ${side} is in the range, but it is a node's, and the network plugin decides`,
  'matches nothing': () => 'the entry can match nothing',
};

function isPlain(miss: Miss): miss is Extract<Miss, { readonly kind: PlainMiss }> {
  return Object.hasOwn(PLAIN, miss.kind);
}

function labelText({ key, found }: { readonly key: string; readonly found: string | undefined }): string {
  return found === undefined ? `no label ${key}` : `${key}=${found}`;
}

/** Where the rule is, and its entries that came nearest. */
export function nearSpotText({ policy, rule, peer, port }: NearMiss, direction: Direction): string {
  return `${refText(policy)}, ${spotText({ kind: policy.kind, rule, peer, port }, direction)}`;
}
