#!/usr/bin/env node
/**
 * Launcher, also as `kubectl-policy_baseline`: runs the sources in a checkout, else what was built from them.
 * Plain JavaScript that any Node.js with modules can read, so that an old one gets a message and not a stack.
 */
import { existsSync } from 'node:fs';

/** `engines` in package.json says the same; a test holds them equal. */
const OLDEST_NODE = [22, 19];

const version = process.versions.node.split('.').map(Number);
if (version[0] < OLDEST_NODE[0] || (version[0] === OLDEST_NODE[0] && version[1] < OLDEST_NODE[1])) {
  process.stderr.write(
    'npb needs Node.js ' + OLDEST_NODE.join('.') + ' or newer; this is ' + process.versions.node + ' (' + process.execPath + ').\n'
    + 'In a checkout, "npm install" brings one along that "npx npb" then uses; elsewhere, install one from your system or nodejs.org.\n');
  process.exitCode = 2;
} else {
  const source = new URL('../src/main.ts', import.meta.url);
  const built = new URL('../dist/main.js', import.meta.url);
  const main = existsSync(source) ? source : built;
  if (existsSync(main)) {
    await import(main.href);
  } else {
    process.stderr.write('npb is not complete: neither src/main.ts nor dist/main.js is there. "npm run build" makes the latter.\n');
    process.exitCode = 2;
  }
}
