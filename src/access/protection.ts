/** TLS and the guard in front of the endpoint, where the configuration asks for them. */
import type { GateClock } from '../kube/gate.ts';
import type { KubeClient } from '../kube/client.ts';
import type { HttpServerOptions, ServingCertificate } from '../observe/http-server.ts';
import type { Logger } from '../observe/logger.ts';
import { certificateFromFiles } from './certificate-files.ts';
import { createGuard, missingRights } from './guard.ts';
import { selfSigned } from './self-signed.ts';

export interface ProtectionSettings {
  readonly metricsSecure: boolean;
  /** Both or none. */
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
}

export interface ProtectionParts {
  readonly client: Pick<KubeClient, 'reviewToken' | 'reviewAccess'>;
  readonly clock: GateClock & { wallMs(): number };
  readonly log: Logger;
}

const CHECK_MS = 10_000;

/** Nothing where it is off. Rejects with a `CertificateError`. */
export async function protection(settings: ProtectionSettings, { client, clock, log }: ProtectionParts): Promise<HttpServerOptions['protection']> {
  const { metricsSecure, tlsCertFile, tlsPrivateKeyFile } = settings;
  if (!metricsSecure) return undefined;
  const certificate = tlsCertFile === undefined || tlsPrivateKeyFile === undefined
    ? unchanging(selfSigned(clock.wallMs()))
    : await certificateFromFiles({ certFile: tlsCertFile, keyFile: tlsPrivateKeyFile }, { clock, log });
  void tellMissingRights(client, log);
  return { certificate, guard: createGuard({ reviews: client, clock, log }) };
}

function unchanging(pair: ReturnType<ServingCertificate['current']>): ServingCertificate {
  return { current: () => pair, onChange: () => {}, close: () => {} };
}

/** At the start, so that nobody has to wait for the first scrape to learn of it. */
async function tellMissingRights(reviews: ProtectionParts['client'], log: Logger): Promise<void> {
  for (const error of await missingRights({ reviews, signal: AbortSignal.timeout(CHECK_MS) })) {
    log.error('metrics are refused to everybody: the operator may not ask who reads them, apply config/rbac/metrics-auth', { error });
  }
}
