/** What settings default to on this machine. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import type { HostFacts } from '../config.ts';
import type { Host } from './command.ts';

export function hostFacts(host: Host): HostFacts {
  return {
    hostname: hostname(), uuid: randomUUID(), podNamespace: podNamespace(), terminal: host.stdout.isTTY === true,
    defaultKubeconfig: join(homeFolder(), '.kube', 'config'), pathDelimiter: delimiter,
  };
}

/** Throws for a user without an entry in passwd and without HOME, as containers have them. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

function podNamespace(): string | undefined {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
