/**
 * How a command gives its result: -o, --color and --no-headers, and where it is written.
 *
 * Promises: colours and cutting only on a terminal, or where they are asked for; NO_COLOR counts; a reader that goes
 * away, such as `head`, is no error.
 */
import { UsageError, type CommandOption, type Flags, type Host } from '../command.ts';
import type { TableStyle } from './table.ts';

export const FORMATS = ['table', 'wide', 'json', 'yaml', 'markdown', 'html', 'junit', 'sarif'] as const;
export type Format = (typeof FORMATS)[number];

export interface Output<F extends Format = Format> {
  readonly format: F;
  /** For `renderTable`, with format table or wide; `color` also for other text. */
  readonly style: TableStyle;
  /** Resolves when it is written, or when nobody reads any more. */
  write(text: string): Promise<void>;
}

const GROUP = 'Output';

/** The first format is the default. */
export function outputOptions(formats: readonly Format[]): readonly CommandOption[] {
  return [
    { flag: 'output', short: 'o', value: 'FORMAT', completes: formats, group: GROUP, help: `${listed(formats)} (default: ${formats[0] ?? 'table'}).` },
    { flag: 'color', value: 'WHEN', completes: ['auto', 'always', 'never'], group: GROUP, help: 'auto: on a terminal, unless NO_COLOR is set; always; never (default: auto).' },
    ...(formats.includes('table') ? [{ flag: 'no-headers', group: GROUP, help: 'Leave the header of the table out.' }] : []),
  ];
}

/** `formats` are those of `outputOptions`. Throws a `UsageError` for a format or a colour that there is not. */
export function outputOf<F extends Format>(host: Host, flags: Flags, formats: readonly F[]): Output<F> {
  const typed = flags['output'] ?? formats[0];
  const format = formats.find((each) => each === typed);
  if (format === undefined) throw new UsageError(`--output is ${JSON.stringify(typed)}: expected ${listed(formats)}`);
  const { isTTY = false, columns } = host.stdout;
  return {
    format,
    style: {
      color: isColored(host, flags), wide: format === 'wide', headers: flags['no-headers'] === undefined,
      ...(isTTY && columns !== undefined && columns > 0 && format !== 'wide' && { width: columns }),
    },
    write: (text) => written(host.stdout, text),
  };
}

const listed = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`);

/** https://no-color.org: set and not empty. A terminal that cannot do anything is called `dumb`. */
function isColored({ env, stdout }: Host, { color = 'auto' }: Flags): boolean {
  switch (color) {
    case 'always': return true;
    case 'never': return false;
    case 'auto': return stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
    default: throw new UsageError(`--color is ${JSON.stringify(color)}: expected auto, always or never`);
  }
}

function written(stream: Host['stdout'], text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error & { readonly code?: string }): void => (error.code === 'EPIPE' ? resolve() : reject(error));
    stream.once('error', failed);
    stream.write(text, (error) => {
      if (error !== null && error !== undefined) return; // told by the event too, which must not go unheard
      stream.off('error', failed);
      resolve();
    });
  });
}
