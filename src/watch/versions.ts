/**
 * Order of resourceVersions: decimal numbers of any length (comparable since Kubernetes 1.35, KEP-5504; so in practice before).
 */

/** Negative when `a` is older than `b`, zero when equal. An absent or empty version is older than every other. */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  const left = a ?? '';
  const right = b ?? '';
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function isNewer(a: string | undefined, b: string | undefined): boolean {
  return compareVersions(a, b) > 0;
}
