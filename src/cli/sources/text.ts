/** Bytes of files and pipes as text: UTF-8, or what a byte order mark says. */

/** Throws for bytes that are not text. */
export function decoded(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes); // as PowerShell redirects
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) throw new Error('it is not text in UTF-8', { cause });
    throw cause;
  }
}

/** All of it; a pipe that holds more than a string can ends with an error. */
export async function textOfStdin(stdin: AsyncIterable<Buffer | string>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stdin) parts.push(typeof part === 'string' ? Buffer.from(part) : part);
  return decoded(Buffer.concat(parts));
}
