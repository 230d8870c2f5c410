/** The Lease of leader election through the client. */
import { isKubeError } from '../kube/errors.ts';
import type { KubeClient } from '../kube/client.ts';
import type { LeaseSpec, WireLease } from '../kube/lease.ts';
import { LEASES } from '../kube/resources.ts';

/** The one Lease that is fought for. Each call throws when it did not succeed. */
export interface LeaseClient {
  /** `undefined` when there is none. */
  get(signal: AbortSignal): Promise<WireLease | undefined>;
  create(spec: LeaseSpec, signal: AbortSignal): Promise<WireLease>;
  /** Conditional on the resourceVersion of `lease`. */
  replace(lease: WireLease, spec: LeaseSpec, signal: AbortSignal): Promise<WireLease>;
  /** Tells of the Lease as it is, where there is one, and of every change of it; resolves when the server ends that. */
  watch(onSeen: (lease: WireLease) => void, signal: AbortSignal): Promise<void>;
}

/** After which the server ends a watch. */
const WATCH_SECONDS = 3_000;

/** The Lease `namespace/name` through the client. */
export function leaseClient(kube: Pick<KubeClient, 'getLease' | 'createLease' | 'replaceLease' | 'watch'>, namespace: string, name: string): LeaseClient {
  const identity = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
  return {
    async get(signal) {
      try {
        return await kube.getLease(namespace, name, signal);
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return undefined;
        throw error;
      }
    },
    create: (spec, signal) => kube.createLease({ ...identity, metadata: { namespace, name }, spec }, signal),
    replace: (lease, spec, signal) => kube.replaceLease({ ...identity, ...lease, spec }, signal),
    watch: (onSeen, signal) => kube.watch(LEASES, { only: { namespace, name }, initialEvents: false, timeoutSeconds: WATCH_SECONDS }, {
      alive: () => {},
      frame(frame) {
        if (frame.kind === 'Applied' || frame.kind === 'Deleted') onSeen(frame.kind === 'Deleted' ? { metadata: frame.object.metadata } : frame.object);
      },
    }, signal),
  };
}
