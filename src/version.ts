/** The version that runs, for logs, the user agent and `npb version`. Held equal to package.json by a test. */
export const VERSION = '0.1.0';
