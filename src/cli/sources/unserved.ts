/**
 * Objects of a known kind in a version that is not read: API servers do not serve it any more, or not yet.
 *
 * To read them would be to judge what no cluster takes; to pass them over in silence, to judge without them.
 */
import { POLICY_KINDS } from '../../analyze/world.ts';
import { KINDS, OPAQUE_POLICY_KINDS, type KindName, type KnownKind } from '../../kube/kinds.ts';

export interface Unserved {
  readonly message: string;
  /** Without this object everything that is said could be wrong. */
  readonly isFatal: boolean;
}

/** What such a policy means is not evaluated in any version. */
const ANY_VERSION: ReadonlySet<KindName> = new Set(OPAQUE_POLICY_KINDS);
const FATAL: ReadonlySet<KindName> = new Set([...POLICY_KINDS, 'NamespacePolicyBaseline']);
/** Of kinds that come with Kubernetes, whose versions are known. The others come with a CRD, and may be newer. */
const BUILT_IN = /^(?:|apps|batch|(?:networking|discovery|rbac\.authorization|admissionregistration|apiextensions|apiregistration)\.k8s\.io)$/;
/** Had workloads, NetworkPolicy and Ingress up to Kubernetes 1.15 and 1.21. */
const FORMER_GROUP = 'extensions';

/** Of which version of which kind an object is, where that is not read. */
export function unserved(name: KindName, apiVersion: string): Unserved | undefined {
  const kind: KnownKind = KINDS[name];
  if (ANY_VERSION.has(name) || kind.versions.includes(apiVersion.slice(apiVersion.indexOf('/') + 1))) return undefined;
  const known = kind.versions.map((version) => (kind.group === '' ? version : `${kind.group}/${version}`));
  const message = BUILT_IN.test(kind.group)
    ? `API servers do not serve ${apiVersion} any more, so it is not read; write apiVersion: ${known[0]}`
    : `it is not read in ${apiVersion}, only in ${known.join(' and ')}`;
  return { message, isFatal: FATAL.has(name) };
}

/** The kind that an object of a group is meant as which had it once; `undefined` for what is something else. */
export function formerKind({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): KindName | undefined {
  if (!apiVersion.startsWith(`${FORMER_GROUP}/`)) return undefined;
  return (Object.keys(KINDS) as KindName[]).find((name) => KINDS[name].kind === kind && BUILT_IN.test(KINDS[name].group));
}
