/** Where the DNS of a cluster is, by distribution: its Services, and its pods where no Service is known. */

/** Its namespace and labels, and the port of the pods. */
export interface DnsPlace { readonly namespace: string; readonly key: string; readonly value: string; readonly port: number }

/** The first with pods counts. */
export const DNS_PLACES: readonly [DnsPlace, ...DnsPlace[]] = [
  { namespace: 'kube-system', key: 'k8s-app', value: 'kube-dns', port: 53 },
  { namespace: 'kube-system', key: 'k8s-app', value: 'coredns', port: 53 },
  { namespace: 'openshift-dns', key: 'dns.operator.openshift.io/daemonset-dns', value: 'default', port: 5353 },
];

const NAMES: readonly string[] = ['kube-system/kube-dns', 'kube-system/rke2-coredns-rke2-coredns', 'kube-system/coredns', 'openshift-dns/dns-default'];

interface NamedService { readonly namespace: string; readonly name: string; readonly labels: ReadonlyMap<string, string> }

/** The likeliest first; the first with pods behind it counts. */
export function dnsServicesAmong<T extends NamedService>(services: readonly T[]): T[] {
  const named = services.filter((service) => rankOf(service) < NAMES.length).sort((a, b) => rankOf(a) - rankOf(b));
  return [...named, ...services.filter((service) => rankOf(service) === NAMES.length && service.namespace === 'kube-system' && service.labels.get('k8s-app') === 'kube-dns')];
}

function rankOf({ namespace, name }: NamedService): number {
  const index = NAMES.indexOf(`${namespace}/${name}`);
  return index === -1 ? NAMES.length : index;
}
