/**
 * `npm run oracle -- FILE…`: compares the evaluator with truth tables of real clusters, files or folders of them.
 *
 * Prints cases, pairs and mismatches per file, the first mismatches with what decided, and ends with 1 on any.
 */
import { basename } from 'node:path';
import { checkCases, explained } from './oracle/check.ts';
import { filesOf, readCases } from './oracle/files.ts';

const SHOWN = 5;

function run(paths: readonly string[]): number {
  if (paths.length === 0) {
    console.error('usage: npm run oracle -- FILE…   (.json, .json.gz, or a folder of them)');
    return 2;
  }
  const counts = paths.flatMap(filesOf).map(check);
  if (counts.length === 0) console.error('no .json or .json.gz there');
  return counts.length > 0 && counts.every((mismatches) => mismatches === 0) ? 0 : 1;
}

function check(file: string): number {
  const { cases, pairs, masked, allowed, mismatches } = checkCases(readCases(file));
  const share = pairs === 0 ? 0 : (100 * (pairs - mismatches.length)) / pairs;
  console.log(`${basename(file)}: ${cases} cases, ${pairs} pairs (${allowed} allowed, ${masked} loopback not looked at), ${mismatches.length} mismatches, ${share.toFixed(2)} %`);
  for (const mismatch of mismatches.slice(0, SHOWN)) console.log(explained(mismatch));
  if (mismatches.length > SHOWN) console.log(`  and ${mismatches.length - SHOWN} more`);
  return pairs === 0 ? 1 : mismatches.length;
}

process.exitCode = run(process.argv.slice(2));
