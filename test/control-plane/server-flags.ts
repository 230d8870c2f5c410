/**
 * Command lines of the three servers and the files that they read, as pure functions of one layout.
 * Everything listens on 127.0.0.1 only; what is left out here is left at its default, as in a real cluster.
 */
import { join } from 'node:path';

/** Ports and files of one control plane. */
export interface Layout {
  readonly dataDir: string;
  readonly ports: { readonly apiserver: number; readonly controllerManager: number };
  readonly auditLog: boolean;
  readonly extraApiServerFlags: readonly string[];
}

const LOOPBACK = '127.0.0.1';
const SERVICE_RANGE = '10.96.0.0/16';
/** First address of the range: what `kubernetes.default.svc` resolves to in a cluster. */
const SERVICE_ADDRESS = '10.96.0.1';
/** Room for tests with tens of thousands of namespaces. */
const ETCD_QUOTA_BYTES = 4 * 1024 ** 3;
/** Far above any test's log: at the default of 100 MB the log is rotated and counts come out too low. */
const AUDIT_LOG_MAX_MEGABYTES = 8192;

/** What namespaces, garbage collection, ServiceAccounts and admission policies need; nothing about nodes or workloads. */
const CONTROLLERS = [
  'namespace-controller',
  'garbage-collector-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'clusterrole-aggregation-controller',
  'validatingadmissionpolicy-status-controller',
] as const;

/** Names under which the API server may be called. */
export const SERVER_NAMES = {
  dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
  ipAddresses: [LOOPBACK, SERVICE_ADDRESS],
} as const;

/** Paths inside the data folder. */
export function filesIn(dataDir: string) {
  const file = (name: string): string => join(dataDir, name);
  return {
    ca: file('ca.crt'),
    serverCert: file('server.crt'),
    serverKey: file('server.key'),
    serviceAccountKey: file('service-account.key'),
    serviceAccountPublicKey: file('service-account.pub'),
    adminKubeconfig: file('admin.kubeconfig'),
    controllerManagerKubeconfig: file('controller-manager.kubeconfig'),
    auditPolicy: file('audit-policy.json'),
    auditLog: file('audit.log'),
    etcdData: file('etcd'),
    etcdSocket: file('etcd.sock'),
    etcdPeerSocket: file('etcd-peer.sock'),
    kubectlCache: file('kubectl-cache'),
    log: (name: string): string => file(`${name}.log`),
  };
}

export function apiServerUrl({ ports }: Layout): string {
  return `https://${LOOPBACK}:${ports.apiserver}`;
}

export function controllerManagerUrl({ ports }: Layout): string {
  return `https://${LOOPBACK}:${ports.controllerManager}`;
}

/**
 * fsync stays on: what the API server answered must survive its SIGKILL. It listens on sockets in the data folder,
 * so nobody else on the machine gets to it and no port can be mixed up with that of another control plane; what it
 * advertises is never used by a cluster of one, but has to look like host and port.
 */
export function etcdFlags({ dataDir }: Layout): string[] {
  const files = filesIn(dataDir);
  const advertised = `http://${LOOPBACK}:1`;
  return [
    '--name=test',
    `--data-dir=${files.etcdData}`,
    `--listen-client-urls=${socketUrl(files.etcdSocket)}`,
    `--advertise-client-urls=${advertised}`,
    `--listen-peer-urls=${socketUrl(files.etcdPeerSocket)}`,
    `--initial-advertise-peer-urls=${advertised}`,
    `--initial-cluster=test=${advertised}`,
    `--quota-backend-bytes=${ETCD_QUOTA_BYTES}`,
    '--log-level=error',
  ];
}

function socketUrl(path: string): string {
  return `unix://${path}`;
}

export function apiServerFlags(layout: Layout): string[] {
  const files = filesIn(layout.dataDir);
  const audit = [
    `--audit-policy-file=${files.auditPolicy}`,
    `--audit-log-path=${files.auditLog}`,
    '--audit-log-format=json',
    `--audit-log-maxsize=${AUDIT_LOG_MAX_MEGABYTES}`,
  ];
  return [
    `--etcd-servers=${socketUrl(files.etcdSocket)}`,
    `--bind-address=${LOOPBACK}`,
    `--advertise-address=${LOOPBACK}`,
    `--secure-port=${layout.ports.apiserver}`,
    '--endpoint-reconciler-type=none',
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    `--tls-cert-file=${files.serverCert}`,
    `--tls-private-key-file=${files.serverKey}`,
    `--client-ca-file=${files.ca}`,
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    ...(layout.auditLog ? audit : []),
    ...layout.extraApiServerFlags,
  ];
}

export function controllerManagerFlags(layout: Layout): string[] {
  const files = filesIn(layout.dataDir);
  return [
    `--kubeconfig=${files.controllerManagerKubeconfig}`,
    `--authentication-kubeconfig=${files.controllerManagerKubeconfig}`,
    `--authorization-kubeconfig=${files.controllerManagerKubeconfig}`,
    `--bind-address=${LOOPBACK}`,
    `--secure-port=${layout.ports.controllerManager}`,
    `--tls-cert-file=${files.serverCert}`,
    `--tls-private-key-file=${files.serverKey}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.ca}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    // Its own limit is 20 requests a second: a suite that leaves some hundred namespaces behind would make the next
    // one wait minutes until its own are gone.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--concurrent-namespace-syncs=20',
  ];
}

/** Metadata of every request; the stage before the answer is left out. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
} as const;
