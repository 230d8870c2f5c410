/**
 * The Lease of leader election in its wire shape (`coordination.k8s.io/v1`), and its times.
 */
import type { WireObject } from './objects.ts';

export interface LeaseSpec {
  /** Empty or absent: nobody holds it. */
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  /** `metav1.MicroTime`: six fractional digits, see `microTime`. */
  acquireTime?: string;
  renewTime?: string;
  /** How often the holder changed. */
  leaseTransitions?: number;
}

export interface WireLease extends WireObject { spec?: LeaseSpec }

/** A time of the wall clock (milliseconds since the epoch) as the API server writes a `MicroTime`. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}
