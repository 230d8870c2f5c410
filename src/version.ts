/** The version that runs, for logs, the user agent and `npb version`. Held equal to package.json by a test. */
export const VERSION = '0.1.0';

/** The commit of the sources, which a build of the image hands on in this variable of the environment. */
export function revisionIn(env: Readonly<Record<string, string | undefined>>): string {
  return env['NPB_REVISION'] || 'unknown';
}
