/**
 * Free loopback ports outside the range that the system gives to outgoing connections, so that a port stays
 * free while a server on it is down. They can still be taken by another before they are used: the caller tries again.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOWEST = 20_000;
/** Linux hands out 32768 and up, macOS 49152 and up. */
const BELOW = 32_000;
const ATTEMPTS = 200;

/** That many different ports on which nothing listens now. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && found.size < count; attempt += 1) {
    const port = randomInt(LOWEST, BELOW);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  if (found.size < count) throw new Error(`no ${count} free ports on 127.0.0.1 between ${LOWEST} and ${BELOW}`);
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
