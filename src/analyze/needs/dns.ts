/**
 * Every pod looks names up: at the pods of the cluster's DNS, and at the cache on its own node where there is one.
 *
 * Not the pods of the network of their node, which policies do not govern, and not those that name other servers.
 */
import type { Protocol } from '../../netpol/model.ts';
import { DNS_PLACES, dnsServicesAmong } from '../dns-services.ts';
import { backendsOf, isMissing, type Backend, type NoBackend } from './backends.ts';
import type { Catalog, Workload } from './catalog.ts';
import { at, itemsOf, textOf, textsOf } from './fields.ts';
import type { Because, Finding } from './need.ts';

const DNS_PORT = 53;
const DNS_PROTOCOLS: readonly Protocol[] = ['UDP', 'TCP'];

export function dnsNeeds(catalog: Catalog): Finding[] {
  const servers = dnsServersOf(catalog);
  const cache = nodeCacheOf(catalog);
  const all = [...(isMissing(servers) ? [] : servers), ...cache];
  return catalog.workloads.filter(looksUp).flatMap((workload): Finding[] => {
    const because = becauseOf(workload);
    if (isMissing(servers) && all.length === 0) return [{ kind: 'DNS', because, problem: servers.problem }];
    return all.map(({ to, port, protocol }) => ({ kind: 'DNS', from: workload.party, to, port, protocol, because }));
  });
}

function looksUp({ spec }: Workload): boolean {
  const policy = textOf(at(spec, 'dnsPolicy')) ?? 'ClusterFirst';
  return at(spec, 'hostNetwork') !== true && (policy === 'ClusterFirst' || policy === 'ClusterFirstWithHostNet');
}

function becauseOf({ kind, namespace, name }: Workload): Because {
  return { kind, namespace, name, where: '' };
}

/** Ports of the pods, on the protocols of DNS; metrics are not asked for. */
function dnsServersOf(catalog: Catalog): readonly Backend[] | NoBackend {
  const services = dnsServicesAmong(catalog.services.map(({ namespace, name, object: { metadata } }) => ({ namespace, name, labels: textsOf(metadata.labels) })));
  const found = services.map(({ namespace, name }) => backendsOf(catalog, { namespace, name, port: DNS_PORT }));
  const [first] = found;
  const servers = found.find((each): each is readonly Backend[] => !isMissing(each)) ?? wellKnown(catalog);
  if (servers !== undefined) return servers;
  if (first !== undefined && isMissing(first)) return { problem: `the cluster's DNS: ${first.problem}` };
  return { problem: "the cluster's DNS was not found: no Service kube-dns and no pod with k8s-app=kube-dns in kube-system" };
}

/** `undefined` where nothing is at any place. */
function wellKnown(catalog: Catalog): readonly Backend[] | undefined {
  for (const { namespace, key, value, port } of DNS_PLACES) {
    const selector = { matchLabels: { [key]: value } };
    const pods = catalog.podsSelected(namespace, selector);
    if (pods.length > 0) return DNS_PROTOCOLS.map((protocol) => ({ to: { kind: 'pods', name: 'DNS', namespace, selector, pods }, port, protocol }));
  }
  return undefined;
}

/** NodeLocal DNSCache: hostNetwork pods that answer at addresses of their own, which their arguments name. */
function nodeCacheOf(catalog: Catalog): Backend[] {
  const cache = catalog.workloads.find(({ kind, spec }) => kind === 'DaemonSet' && at(spec, 'hostNetwork') === true && argumentsOf(spec).includes('-localip'));
  if (cache === undefined) return [];
  const words = argumentsOf(cache.spec);
  const ips = (words[words.indexOf('-localip') + 1] ?? '').split(',').map((ip) => ip.trim()).filter((ip) => ip.startsWith('169.254.') || ip.startsWith('fe80:'));
  if (ips.length === 0) return [];
  const to = { kind: 'addresses', name: `${cache.party.name} on the pod's own node`, ips } as const;
  return DNS_PROTOCOLS.map((protocol) => ({ to, port: DNS_PORT, protocol }));
}

function argumentsOf(spec: Workload['spec']): string[] {
  return itemsOf(at(spec, 'containers')).flatMap((container) => [...itemsOf(at(container, 'command')), ...itemsOf(at(container, 'args'))])
    .flatMap((word) => textOf(word)?.split('=') ?? []);
}
