/**
 * What a command of the CLI is: a value that names itself, its arguments, its options and what it does. program.ts
 * turns it into a parser and help; a command never sees the process.
 */

export interface CommandArgument {
  /** As the help shows it, for example `FROM`. */
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  /** Takes all that is left; the last one only. */
  readonly variadic?: true;
  readonly completes?: Completes;
}

/** What a value may be, for shell completion; not checked. `file` is a path. */
export type Completes = readonly string[] | 'file';

export interface CommandOption {
  /** Without dashes. One that begins with `no-` is a switch. */
  readonly flag: string;
  /** One letter, where it is used often. */
  readonly short?: string;
  /** What stands for the value in the help; absent: the option is a switch. */
  readonly value?: string;
  /** The value may be left out; this is meant then. */
  readonly bare?: string;
  /** May be given several times: `valuesOf` has them all. */
  readonly repeatable?: true;
  readonly completes?: Completes;
  readonly group?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What somebody reads who asks for help on this command. */
  readonly description: string;
  /** In their order; none when absent. */
  readonly arguments?: readonly CommandArgument[];
  readonly options: readonly CommandOption[];
  /** Shown after the options; with examples as they are typed here. */
  readonly epilogue?: (calledAs: string) => string;
  /**
   * `args` are the positional arguments as typed, without those that were left out. Resolves with the exit code. What
   * it throws is shown as a message; `UsageError` and `SourceError` without more.
   */
  run(host: Host, flags: Flags, args: readonly string[]): Promise<number>;
}

/** Values by flag, as typed; a switch is 'true'. Of a repeatable option ask `valuesOf`. */
export type Flags = Readonly<Record<string, string | undefined>>;

/** No argument of a process can hold this character. */
const BETWEEN_VALUES = '\0';

/** All values of a repeatable option, in the order in which they were typed; none when it was not given. */
export function valuesOf(flags: Flags, flag: string): readonly string[] {
  return flags[flag]?.split(BETWEEN_VALUES) ?? [];
}

/** The value of a repeatable option in `Flags`. */
export function joinValues(values: readonly string[]): string {
  return values.join(BETWEEN_VALUES);
}

/** The process, as far as commands may touch it. */
export interface Host {
  /** How the program was called: `npb` or `kubectl policy-baseline`. */
  readonly calledAs: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `-f -` reads. Not touched before somebody iterates over it. */
  readonly stdin: AsyncIterable<Buffer | string>;
  /** Data for whoever called. */
  readonly stdout: HostStream;
  /** Everything else. */
  readonly stderr: HostStream;
  /** Calls for each SIGTERM and SIGINT, instead of ending the process. Returns how to stop that. */
  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): () => void;
  /** Calls for what nobody caught, instead of ending the process. Returns how to stop that. */
  onUncaught(listener: (error: unknown) => void): () => void;
  /** Ends the process now, whatever is under way. */
  exit(code: number): void;
}

/** `isTTY` and `columns` are those of a terminal, absent elsewhere. */
export type HostStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** `error`: what was asked makes no sense, or cannot be read. `failed`: a mistake of this program, or of an operator that ended. */
export const EXIT = { ok: 0, findings: 1, failed: 1, usage: 2, error: 2 } as const;

/** The caller asked for something that makes no sense; the message says what would. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A cluster or a file cannot be read; the message names it, the cause and the next step. Exit code 2. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}
