/** Services of a snapshot as far as finding DNS needs them. Fields are read with care. */
import { objectsOf, type KubeObject, type Snapshot } from '../snapshot.ts';
import type { DnsService } from './dns.ts';

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>> | null;
  readonly clusterIP?: string | null;
  readonly clusterIPs?: readonly string[] | null;
  readonly ports?: readonly ({ readonly port?: number; readonly protocol?: string | null; readonly targetPort?: number | string | null } | null)[] | null;
}

export function servicesOf(snapshot: Snapshot): DnsService[] {
  return objectsOf(snapshot, 'Service').map(({ object }) => serviceOf(object));
}

function serviceOf({ metadata, spec }: KubeObject): DnsService {
  const { selector, clusterIP, clusterIPs, ports } = (spec ?? {}) as ServiceSpec;
  return {
    namespace: metadata.namespace ?? '', name: metadata.name,
    labels: new Map(Object.entries(metadata.labels ?? {})),
    selector: selector ?? {},
    ips: clusterIPs ?? (clusterIP ? [clusterIP] : []),
    ports: (ports ?? []).map((port) => ({ port: port?.port ?? 0, protocol: port?.protocol ?? 'TCP', targetPort: port?.targetPort ?? undefined })),
  };
}
