/**
 * The kinds of objects that the program reads beside its own: where the API server serves each of them.
 *
 * A kind is known by name here and by group and kind in a manifest. Versions are tried in this order; one that no
 * version serves does not exist in the cluster.
 */
import type { Resource } from './resources.ts';

export interface KnownKind {
  readonly group: string;
  readonly versions: readonly string[];
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const list = (versions: string | readonly string[]): readonly string[] => (typeof versions === 'string' ? [versions] : versions);
const known = (group: string, versions: string | readonly string[], plural: string, kind: string): KnownKind =>
  ({ group, versions: list(versions), plural, kind, namespaced: true });
const clusterWide = (group: string, versions: string | readonly string[], plural: string, kind: string): KnownKind =>
  ({ group, versions: list(versions), plural, kind, namespaced: false });

const GATEWAY = 'gateway.networking.k8s.io';
const POLICY = 'policy.networking.k8s.io';
const WEBHOOKS = 'admissionregistration.k8s.io';

/** By the name that the program uses for it; the name is the kind, unless two groups share that. */
export const KINDS = {
  Namespace: clusterWide('', 'v1', 'namespaces', 'Namespace'),
  Pod: known('', 'v1', 'pods', 'Pod'),
  Node: clusterWide('', 'v1', 'nodes', 'Node'),
  Service: known('', 'v1', 'services', 'Service'),
  ServiceAccount: known('', 'v1', 'serviceaccounts', 'ServiceAccount'),
  EndpointSlice: known('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice'),
  Deployment: known('apps', 'v1', 'deployments', 'Deployment'),
  StatefulSet: known('apps', 'v1', 'statefulsets', 'StatefulSet'),
  DaemonSet: known('apps', 'v1', 'daemonsets', 'DaemonSet'),
  ReplicaSet: known('apps', 'v1', 'replicasets', 'ReplicaSet'),
  Job: known('batch', 'v1', 'jobs', 'Job'),
  CronJob: known('batch', 'v1', 'cronjobs', 'CronJob'),
  Ingress: known('networking.k8s.io', 'v1', 'ingresses', 'Ingress'),
  IngressClass: clusterWide('networking.k8s.io', 'v1', 'ingressclasses', 'IngressClass'),
  GatewayClass: clusterWide(GATEWAY, ['v1', 'v1beta1'], 'gatewayclasses', 'GatewayClass'),
  Gateway: known(GATEWAY, ['v1', 'v1beta1'], 'gateways', 'Gateway'),
  HTTPRoute: known(GATEWAY, ['v1', 'v1beta1'], 'httproutes', 'HTTPRoute'),
  GRPCRoute: known(GATEWAY, ['v1', 'v1alpha2'], 'grpcroutes', 'GRPCRoute'),
  TLSRoute: known(GATEWAY, ['v1', 'v1alpha3', 'v1alpha2'], 'tlsroutes', 'TLSRoute'),
  TCPRoute: known(GATEWAY, 'v1alpha2', 'tcproutes', 'TCPRoute'),
  ValidatingWebhookConfiguration: clusterWide(WEBHOOKS, 'v1', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration'),
  MutatingWebhookConfiguration: clusterWide(WEBHOOKS, 'v1', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'),
  CustomResourceDefinition: clusterWide('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition'),
  APIService: clusterWide('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService'),
  ServiceMonitor: known('monitoring.coreos.com', 'v1', 'servicemonitors', 'ServiceMonitor'),
  PodMonitor: known('monitoring.coreos.com', 'v1', 'podmonitors', 'PodMonitor'),
  Role: known('rbac.authorization.k8s.io', 'v1', 'roles', 'Role'),
  ClusterRole: clusterWide('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole'),
  RoleBinding: known('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding'),
  ClusterRoleBinding: clusterWide('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding'),
  NamespacePolicyBaseline: clusterWide('netbaseline.io', 'v1alpha1', 'namespacepolicybaselines', 'NamespacePolicyBaseline'),
  NetworkPolicy: known('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy'),
  AdminNetworkPolicy: clusterWide(POLICY, 'v1alpha1', 'adminnetworkpolicies', 'AdminNetworkPolicy'),
  BaselineAdminNetworkPolicy: clusterWide(POLICY, 'v1alpha1', 'baselineadminnetworkpolicies', 'BaselineAdminNetworkPolicy'),
  ClusterNetworkPolicy: clusterWide(POLICY, 'v1alpha2', 'clusternetworkpolicies', 'ClusterNetworkPolicy'),
  CiliumNetworkPolicy: known('cilium.io', 'v2', 'ciliumnetworkpolicies', 'CiliumNetworkPolicy'),
  CiliumClusterwideNetworkPolicy: clusterWide('cilium.io', 'v2', 'ciliumclusterwidenetworkpolicies', 'CiliumClusterwideNetworkPolicy'),
  CalicoNetworkPolicy: known('crd.projectcalico.org', 'v1', 'networkpolicies', 'NetworkPolicy'),
  CalicoGlobalNetworkPolicy: clusterWide('crd.projectcalico.org', 'v1', 'globalnetworkpolicies', 'GlobalNetworkPolicy'),
  CalicoNetworkPolicyV3: known('projectcalico.org', 'v3', 'networkpolicies', 'NetworkPolicy'),
  CalicoGlobalNetworkPolicyV3: clusterWide('projectcalico.org', 'v3', 'globalnetworkpolicies', 'GlobalNetworkPolicy'),
  AntreaNetworkPolicy: known('crd.antrea.io', 'v1beta1', 'networkpolicies', 'NetworkPolicy'),
  AntreaClusterNetworkPolicy: clusterWide('crd.antrea.io', 'v1beta1', 'clusternetworkpolicies', 'ClusterNetworkPolicy'),
  AwsClusterNetworkPolicy: clusterWide('networking.k8s.aws', 'v1alpha1', 'clusternetworkpolicies', 'ClusterNetworkPolicy'),
  AwsApplicationNetworkPolicy: known('networking.k8s.aws', 'v1alpha1', 'applicationnetworkpolicies', 'ApplicationNetworkPolicy'),
  OvnEgressFirewall: known('k8s.ovn.org', 'v1', 'egressfirewalls', 'EgressFirewall'),
} as const satisfies Readonly<Record<string, KnownKind>>;
export type KindName = keyof typeof KINDS;

/** Evaluated beside NetworkPolicy. */
export const CLUSTER_POLICY_KINDS = ['AdminNetworkPolicy', 'BaselineAdminNetworkPolicy', 'ClusterNetworkPolicy'] as const satisfies readonly KindName[];

/** Not evaluated: what such a policy may change is unknown. */
export const OPAQUE_POLICY_KINDS = [
  'CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy', 'CalicoNetworkPolicy', 'CalicoGlobalNetworkPolicy', 'CalicoNetworkPolicyV3',
  'CalicoGlobalNetworkPolicyV3', 'AntreaNetworkPolicy', 'AntreaClusterNetworkPolicy', 'AwsClusterNetworkPolicy',
  'AwsApplicationNetworkPolicy', 'OvnEgressFirewall',
] as const satisfies readonly KindName[];
export type OpaqueKindName = (typeof OPAQUE_POLICY_KINDS)[number];

/** As kubectl takes it, with the group where the kind alone is not the name: `NetworkPolicy.projectcalico.org`. */
export function peopleCall(name: KindName): string {
  const { kind, group } = KINDS[name];
  return kind === name ? kind : `${kind}.${group}`;
}

/** In the first of its versions, or in the one given. */
export function resourceOf({ group, versions, plural }: KnownKind, version: string = versions[0] ?? ''): Resource {
  return { group, version, plural };
}
