/**
 * The entry of everything: looks whether this Node.js is new enough, then loads the program.
 *
 * Must not: import anything statically. A module that an old Node.js cannot load would fail before the check,
 * with a message that helps nobody.
 */

/** `engines` in package.json says the same; a test holds them equal. */
const OLDEST_NODE = [22, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(`npb needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).\n`);
  process.exitCode = 2;
} else {
  const { processHost } = await import('./cli/host.ts');
  const { runProgram } = await import('./cli/program.ts');
  process.exitCode = await runProgram(process.argv.slice(2), processHost());
}

export {};
