/** `npb explain namespace X`: why a namespace has the policies that it has, and what would change. */
import { UsageError, type CommandOption, type Flags, type Host } from './command.ts';

/** Beside those of `npb explain`. */
export const EXPLAIN_NAMESPACE_OPTIONS: readonly CommandOption[] = [];

/** TODO: when analyze/explain/namespace.ts is there. */
export async function explainNamespace(_host: Host, _flags: Flags, _names: readonly string[]): Promise<number> {
  throw new UsageError('explain namespace is not there yet');
}
