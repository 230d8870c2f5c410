/** Whether two pods are equal in all that policies look at. */
import type { Pod } from './model.ts';

export function isEqualPod(a: Pod, b: Pod): boolean {
  return a.hostNetwork === b.hostNetwork && a.terminal === b.terminal && a.ips.join() === b.ips.join()
    && (a.labels === b.labels || equalMaps(a.labels, b.labels)) && (a.ports === b.ports || JSON.stringify(a.ports) === JSON.stringify(b.ports));
}

function equalMaps(a: Pod['labels'], b: Pod['labels']): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}
