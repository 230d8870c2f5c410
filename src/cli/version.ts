/** `npb version`: what runs. Asks no cluster. */
import { revisionIn, VERSION } from '../version.ts';
import { EXIT, UsageError, type Command } from './command.ts';

export const versionCommand: Command = {
  name: 'version',
  summary: 'Show the version of this program',
  description: 'Shows the version of this program, of the sources it was built from, and of Node.js. Asks no cluster.',
  options: [{ flag: 'output', short: 'o', value: 'FORMAT', completes: ['text', 'json'], help: 'text or json (default: text)' }],
  async run(host, { output = 'text' }) {
    const facts = { version: VERSION, revision: revisionIn(host.env), node: process.version };
    if (output !== 'text' && output !== 'json') throw new UsageError(`--output is ${JSON.stringify(output)}: expected text or json`);
    host.stdout.write(output === 'json'
      ? `${JSON.stringify(facts, undefined, 2)}\n`
      : `namespace-policy-baseline ${facts.version} (revision ${facts.revision}, Node.js ${facts.node})\n`);
    return EXIT.ok;
  },
};
