/**
 * Kubeconfig files of one cluster and one user, with everything inside the file: no path in it can go stale.
 * Written as JSON, which every reader of kubeconfig files takes as YAML.
 */
import { writeFile } from 'node:fs/promises';
import type { KeyPairPem } from './certificates.ts';

export interface KubeconfigParts {
  readonly url: string;
  readonly caPem: string;
  readonly user: string;
  /** A client certificate, or a bearer token. */
  readonly identity: KeyPairPem | { readonly token: string };
  readonly namespace?: string;
}

/** Text of a kubeconfig file. */
export function renderKubeconfig({ url, caPem, user, identity, namespace = 'default' }: KubeconfigParts): string {
  const cluster = 'control-plane';
  const credentials =
    'token' in identity
      ? { token: identity.token }
      : { 'client-certificate-data': base64(identity.certPem), 'client-key-data': base64(identity.keyPem) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server: url, 'certificate-authority-data': base64(caPem) } }],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: cluster, context: { cluster, user, namespace } }],
    'current-context': cluster,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Writes it readable by its owner only. */
export async function writeKubeconfig(path: string, parts: KubeconfigParts): Promise<void> {
  await writeFile(path, renderKubeconfig(parts), { mode: 0o600 });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
