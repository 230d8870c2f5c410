/**
 * What a command of the CLI is: a value that names itself, its options and what it does. program.ts turns it
 * into arguments and help; a command never sees the process.
 */

export interface CommandOption {
  /** Without dashes. */
  readonly flag: string;
  /** One letter, where it is used often. */
  readonly short?: string;
  /** What stands for the value in the help; absent: the option is a switch. */
  readonly value?: string;
  /** The value may be left out; this is meant then. */
  readonly bare?: string;
  readonly group?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What somebody reads who asks for help on this command. */
  readonly description: string;
  readonly options: readonly CommandOption[];
  /** Shown after the options; with examples as they are typed here. */
  readonly epilogue?: (calledAs: string) => string;
  /** Resolves with the exit code. What it throws is shown as a message; `UsageError` without more. */
  run(host: Host, flags: Flags): Promise<number>;
}

/** Values by flag, as typed; a switch is 'true'. */
export type Flags = Readonly<Record<string, string | undefined>>;

/** The process, as far as commands may touch it. */
export interface Host {
  /** How the program was called: `npb` or `kubectl policy-baseline`. */
  readonly calledAs: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data for whoever called. */
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Everything else. */
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Calls for each SIGTERM and SIGINT, instead of ending the process. Returns how to stop that. */
  onSignal(listener: (signal: 'SIGTERM' | 'SIGINT') => void): () => void;
  /** Calls for what nobody caught, instead of ending the process. Returns how to stop that. */
  onUncaught(listener: (error: unknown) => void): () => void;
  /** Ends the process now, whatever is under way. */
  exit(code: number): void;
}

export const EXIT = { ok: 0, findings: 1, failed: 1, usage: 2 } as const;

/** The caller asked for something that makes no sense; the message says what would. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
