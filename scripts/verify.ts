/**
 * Fails when a checked-in file is not what the code generates: `npm run verify`. Writes nothing.
 */
import { GENERATED, checkedIn, staleness } from './generated-files.ts';

const stale: string[] = [];
for (const file of GENERATED) {
  const why = staleness(file.path, await checkedIn(file), file.content());
  if (why !== undefined) stale.push(why);
}
if (stale.length > 0) {
  console.error([...stale, 'Run `npm run generate`, look at the difference, and commit it.'].join('\n'));
  process.exitCode = 1;
} else {
  console.log(`${GENERATED.length} generated ${GENERATED.length === 1 ? 'file is' : 'files are'} what the code generates`);
}
