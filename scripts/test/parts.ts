/** The parts that the tests are run in, and the files of each. Every test file belongs to exactly one. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const PARTS = ['unit', 'contract', 'scenario'] as const;
export type Part = (typeof PARTS)[number];

export const ROOT = join(import.meta.dirname, '..', '..');

export const isPart = (text: string): text is Part => PARTS.some((part) => part === text);

/** Unit tests need no API server, though some of them look at the programs of one. */
export const needsControlPlane = (part: Part): boolean => part !== 'unit';

/** Below the root, sorted. What lies in no folder of another part is a unit test. */
export function filesOf(part: Part): string[] {
  return testFiles().filter((file) => partOf(file) === part);
}

function testFiles(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .toSorted();
}

function partOf(file: string): Part {
  const [, folder = ''] = file.split(/[\\/]/);
  return isPart(folder) ? folder : 'unit';
}
