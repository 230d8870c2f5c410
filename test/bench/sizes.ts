/**
 * How much is measured: one table for the flags, their help and their defaults. Pure.
 */
import { parseArgs } from 'node:util';

interface SizeFlag {
  readonly flag: string;
  readonly usual: number;
  /** With `--quick`: shows that everything works, says nothing about speed. */
  readonly quick: number;
  readonly least: number;
  readonly help: string;
}

export const SIZE_FLAGS = {
  pairs: { flag: 'pairs', usual: 5, quick: 1, least: 1, help: 'Sessions of the operator, each beside one of the floor.' },
  namespaces: { flag: 'namespaces', usual: 500, quick: 100, least: 16, help: 'Namespaces of one burst, made by 16 creators.' },
  samples: { flag: 'samples', usual: 150, quick: 25, least: 1, help: 'Namespaces of one session that are made one at a time.' },
  repairs: { flag: 'repairs', usual: 50, quick: 10, least: 1, help: 'Policies of one session that are deleted, and as many that are edited; at most --samples.' },
  warmUp: { flag: 'warm-up', usual: 100, quick: 50, least: 0, help: 'Namespaces at the beginning of a session that do not count.' },
  cold: { flag: 'cold', usual: 10_000, quick: 500, least: 0, help: 'Namespaces that are already protected when the operator starts; 0 leaves this out.' },
  coldStarts: { flag: 'cold-starts', usual: 3, quick: 1, least: 1, help: 'Starts of the operator with them.' },
  idleSeconds: { flag: 'idle-seconds', usual: 60, quick: 5, least: 0, help: 'How long requests are counted while nothing happens; 0 leaves this out.' },
  classNamespaces: { flag: 'class-namespaces', usual: 10_000, quick: 1000, least: 0, help: 'Namespaces of the cluster that is classified, with 5 pods and 4 policies each; 0 leaves this out.' },
} as const satisfies Record<string, SizeFlag>;

export type Sizes = { readonly [Name in keyof typeof SIZE_FLAGS]: number };

export interface Order {
  readonly sizes: Sizes;
  readonly quick: boolean;
  /** Where the figures are written as JSON. */
  readonly jsonPath: string | undefined;
  /** Folder. Instead of the bench: processor profiles of the operator are written there. */
  readonly profilePath: string | undefined;
  /** Exit with 1 when a goal is missed. */
  readonly check: boolean;
  readonly help: boolean;
}

/** What was typed cannot be used; the message lists everything. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const ENTRIES = Object.entries(SIZE_FLAGS) as [keyof Sizes, SizeFlag][];

export function parseOrder(args: readonly string[]): Order {
  const { values } = parse(args);
  const quick = values['quick'] === true;
  const problems: string[] = [];
  const sizes = Object.fromEntries(ENTRIES.map(([name, { flag, usual, quick: small, least }]) => {
    const typed = values[flag];
    const size = typeof typed === 'string' ? Number(typed.replaceAll('_', '')) : quick ? small : usual;
    if (!Number.isInteger(size) || size < least || typed === '') problems.push(`--${flag} is ${JSON.stringify(typed)}: expected a whole number, at least ${least}`);
    return [name, size];
  })) as Sizes;
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  const path = (flag: string): string | undefined => values[flag] as string | undefined;
  return {
    sizes: { ...sizes, repairs: Math.min(sizes.repairs, sizes.samples) },
    quick, jsonPath: path('json'), profilePath: path('cpu-prof'), check: values['check'] === true, help: values['help'] === true,
  };
}

function parse(args: readonly string[]): { readonly values: Readonly<Record<string, string | boolean | undefined>> } {
  const text = { type: 'string' } as const;
  const yes = { type: 'boolean' } as const;
  const sizes = Object.fromEntries(ENTRIES.map(([, { flag }]) => [flag, text]));
  try {
    return parseArgs({ args: [...args], options: { ...sizes, json: text, 'cpu-prof': text, quick: yes, check: yes, help: { ...yes, short: 'h' } } });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

export function helpText(): string {
  const row = (flag: string, help: string): string => `  ${flag.padEnd(23)}${help}`;
  return [
    'usage: npm run bench -- [options]',
    '',
    'Measures the operator beside a client that sends the same requests without thinking, on a real control plane.',
    'The table goes to stdout, progress to stderr. Linux only for processor time and memory.',
    '',
    ...ENTRIES.map(([, { flag, usual, quick, help }]) => row(`--${flag} N`, `${help} (${usual}; quick: ${quick})`)),
    row('--quick', 'Small sizes: shows that everything works, within a minute.'),
    row('--json FILE', 'Writes all figures there.'),
    row('--check', 'Ends with 1 when a goal is missed and noise cannot explain it.'),
    row('--cpu-prof FOLDER', 'Instead: V8 processor profiles of a burst and of a cold start, and where the time went.'),
    '',
  ].join('\n');
}
