/**
 * Writes the files that are made from the code: `npm run generate`. What is right already is not touched.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GENERATED, ROOT, checkedIn } from './generated-files.ts';

for (const file of GENERATED) {
  const wanted = file.content();
  const upToDate = (await checkedIn(file)) === wanted;
  if (!upToDate) {
    await mkdir(dirname(join(ROOT, file.path)), { recursive: true });
    await writeFile(join(ROOT, file.path), wanted);
  }
  console.log(`${file.path} ${upToDate ? 'is up to date' : 'written'}`);
}
