/** Waiting for a CRD to be served. */
import { setTimeout as delay } from 'node:timers/promises';

const TRIES = 50;
const AGAIN_MS = 100;

/**
 * Resolves when the API server has accepted the CRD. `kubectl wait` (1.36.3) fails instead of waiting where the CRD is
 * so young that it has no conditions yet: that alone is tried again.
 */
export async function whenEstablished(kubectl: (args: string[]) => Promise<unknown>, crd: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await kubectl(['wait', '--for=condition=Established', `crd/${crd}`, '--timeout=30s']);
      return;
    } catch (error) {
      if (tries === TRIES || !String(error).includes('accessor error')) throw error;
      await delay(AGAIN_MS);
    }
  }
}
