/**
 * Where built programs live: a folder outside the checkout, shared by all checkouts of one user.
 * Nothing in it is precious: deleting it costs a rebuild and never a result.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** One line of progress for a person, without a line break. */
export type Log = (line: string) => void;

/** The variables that steer the tools of the tests; passed in, so that tests can take something away. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Progress goes to stderr, so that stdout stays free for results. */
export const logToStderr: Log = (line) => {
  process.stderr.write(`${line}\n`);
};

/**
 * The cache folder: `NPB_CACHE_DIR`, else below `XDG_CACHE_HOME`, else below `~/.cache`.
 * A relative `XDG_CACHE_HOME` is ignored, as the XDG specification asks.
 */
export function cacheRoot(env: Environment): string {
  const own = env['NPB_CACHE_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(env['HOME'] ?? homedir(), '.cache');
  return join(base, 'namespace-policy-baseline');
}
