/** What the Service of the cluster's DNS is called, by distribution; the first that is there counts. */
export const DNS_SERVICES = [
  { namespace: 'kube-system', name: 'kube-dns' }, { namespace: 'kube-system', name: 'rke2-coredns-rke2-coredns' },
  { namespace: 'kube-system', name: 'coredns' }, { namespace: 'openshift-dns', name: 'dns-default' },
] as const;
