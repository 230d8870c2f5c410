/**
 * An existing cluster that somebody named for the tests which allow one. Nothing is taken from `KUBECONFIG` or
 * `~/.kube/config`: tests write, so the cluster has to be named for exactly this purpose.
 */
import { existsSync } from 'node:fs';
import type { Environment } from '../tools/cache.ts';

/** Path of the kubeconfig in `NPB_TEST_KUBECONFIG`, `undefined` when none is named. Throws when the file is not there. */
export function existingClusterKubeconfig(env: Environment = process.env): string | undefined {
  const path = env['NPB_TEST_KUBECONFIG'];
  if (path === undefined || path === '') return undefined;
  if (!existsSync(path)) throw new Error(`NPB_TEST_KUBECONFIG=${path}: there is no such file`);
  return path;
}
