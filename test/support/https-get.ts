/** One request over TLS, on a connection of its own. */
import { request, type RequestOptions } from 'node:https';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Fingerprint of the certificate of the server. */
  readonly certificate: string;
}

/** Rejects when there is no answer. `ca` is what it trusts; `rejectUnauthorized: false` trusts anybody, as a kubelet does. */
export async function httpsGet(url: string, options: RequestOptions = {}): Promise<HttpsAnswer> {
  const sending = request(url, { agent: false, ...options });
  sending.end();
  const [response] = await once(sending, 'response') as [IncomingMessage];
  const certificate = (response.socket as TLSSocket).getPeerCertificate().fingerprint256;
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response), certificate };
}
