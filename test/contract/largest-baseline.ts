/**
 * A baseline at the limits: each list is as long as it may be in at least one place, and the whole is about
 * 1.25 MB, close to what etcd stores of one object (1.5 MB).
 */
import type { z } from 'zod';
import type { baselineSpec } from '../../src/api/v1alpha1.ts';

const list = <T>(length: number, item: (index: number) => T): T[] => Array.from({ length }, (_, index) => item(index));

const SELECTOR = {
  matchLabels: Object.fromEntries(list(16, (index) => [`label-${index}`, 'v'.repeat(63)])),
  matchExpressions: list(4, (index) => ({ key: `key-${index}`, operator: 'In' as const, values: list(32, (value) => `value-${value}`) })),
};
const IP_BLOCK = { cidr: '10.0.0.0/8', except: list(64, (index) => `10.${index}.0.0/16`) };
const PORTS = list(32, (index) => ({ protocol: 'TCP' as const, port: 1000 + index, endPort: 2000 + index }));
/** The cheapest peers to write are the dearest to check, per byte. */
const PEERS = list(64, (index) => ({ ipBlock: { cidr: `10.${index}.0.0/16` } }));

export function largestBaseline(): z.input<typeof baselineSpec> {
  const rules = (count: number) => list(count, () => ({ from: PEERS, ports: [{ port: 80 }] }));
  const small = { podSelector: {}, policyTypes: ['Ingress' as const] };
  return {
    namespaceSelector: SELECTOR,
    excludedNamespaces: list(1000, (index) => `excluded-${index}`),
    dns: { peers: list(64, () => ({ ipBlock: IP_BLOCK })), ports: PORTS },
    policies: list(32, (index) => ({
      name: `${'p'.repeat(60)}-${index}`,
      description: 'd'.repeat(256),
      owner: 'o'.repeat(128),
      namespaceSelector: SELECTOR,
      networkPolicy: index < 13 ? { ...small, ingress: rules(32) } : index === 31 ? { ...small, ingress: [{ from: [{ ipBlock: IP_BLOCK }, { podSelector: SELECTOR, namespaceSelector: SELECTOR }], ports: PORTS }] } : small,
    })),
    exemptions: list(1000, (index) => ({ namespace: `exempt-${index}`, directions: ['Egress' as const, 'Ingress' as const], reason: 'r'.repeat(64), expiresAt: '2099-01-01T00:00:00Z' })),
  };
}
