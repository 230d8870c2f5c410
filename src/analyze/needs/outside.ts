/**
 * Services that are published: from everywhere, or from the ranges that a load balancer lets through.
 *
 * What arrives may have the address of a node instead, where the Service does not keep the client's: then it is the
 * CNI that decides.
 */
import { backendsOf, isMissing } from './backends.ts';
import type { Catalog, Service } from './catalog.ts';
import { at, itemsOf, textOf } from './fields.ts';
import type { AddressParty, Because, Finding } from './need.ts';

/** Documentation addresses: nobody's, and outside of every cluster. */
const ANYONE: AddressParty = { kind: 'addresses', name: 'the outside', ips: ['198.51.100.1'], ranges: ['0.0.0.0/0'] };

export function outsideNeeds(catalog: Catalog): Finding[] {
  return catalog.services.filter(({ type }) => type === 'LoadBalancer' || type === 'NodePort').flatMap((service): Finding[] => {
    const because: Because = { kind: 'Service', namespace: service.namespace, name: service.name, where: `type ${service.type}` };
    const backends = backendsOf(catalog, service);
    if (isMissing(backends)) return [{ kind: 'outside', because, problem: backends.problem }];
    return backends.map(({ to, port, protocol }) => ({ kind: 'outside', from: sourceOf(service), to, port, protocol, because }));
  });
}

function sourceOf({ object }: Service): AddressParty {
  const ranges = itemsOf(at(object, 'spec', 'loadBalancerSourceRanges')).flatMap((range) => textOf(range)?.trim() ?? []);
  if (ranges.length === 0) return ANYONE;
  return { kind: 'addresses', name: ranges.join(', '), ips: ranges.map((range) => range.split('/')[0] ?? ''), ranges };
}
