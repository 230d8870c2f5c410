/**
 * Objects of no known kind that were meant as policies: misspelt, or of a group that API servers do not serve policies in.
 * To leave one out in silence would be to judge a namespace without it.
 */
import { edits } from '../../analyze/audit/label-index.ts';
import { POLICY_KINDS } from '../../analyze/world.ts';
import { KINDS } from '../../kube/kinds.ts';

export interface Meant { readonly field: 'apiVersion' | 'kind'; readonly message: string }

/** Groups of Kubernetes itself, such as extensions, which had NetworkPolicy up to 1.15; all others may have any kind. */
const OF_KUBERNETES = /^[a-z]*$|\.k8s\.io$/;
const MOST_EDITS = 2;

/** `undefined` for what is something else. */
export function meantPolicy({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Meant | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const known = POLICY_KINDS.map((name) => KINDS[name]);
  const near = known.find((each) => each.group === group && edits(each.kind.toLowerCase(), kind.toLowerCase()) <= MOST_EDITS);
  if (near !== undefined) return { field: 'kind', message: `there is no kind ${kind} in ${group}; write ${near.kind}` };
  const same = known.find((each) => OF_KUBERNETES.test(each.group) && each.kind === kind);
  if (same === undefined || !OF_KUBERNETES.test(group)) return undefined;
  return { field: 'apiVersion', message: `no API server has this kind in ${apiVersion}; write apiVersion: ${same.group}/${same.versions[0]}` };
}
