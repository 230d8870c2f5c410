/**
 * Texts that are held to files beside the tests. `NPB_UPDATE_GOLDENS=1` writes the files anew; read the difference before it is
 * committed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export function isGolden(file: string, text: string): void {
  if (process.env['NPB_UPDATE_GOLDENS'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is not there: run with NPB_UPDATE_GOLDENS=1`);
  assert.equal(text, readFileSync(file, 'utf8'), `differs from ${file}`);
}
