/** Names like the one that was typed, for errors that help. */

const MOST = 3;

/** The nearest first; none that has little to do with it: one letter in three may be wrong. */
export function nearNames(typed: string, names: Iterable<string>): string[] {
  const limit = Math.floor((typed.length + 1) / 3);
  return [...new Set(names)]
    .map((name) => ({ name, distance: contains(typed, name) ? 1 : distance(typed, name, limit) }))
    .filter((found) => found.distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
    .map(({ name }) => name);
}

function contains(typed: string, name: string): boolean {
  return typed.length >= 3 && (name.includes(typed) || (name.length >= 3 && typed.includes(name)));
}

/** Of single edits, two letters that changed places among them; what is above `limit` may be any number above it. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? limit + 1;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : limit + 1;
      rows[i]!.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
  }
  return at(a.length, b.length);
}

/** `. Did you mean a, b or c?`, or nothing. */
export function didYouMean(suggestions: readonly string[]): string {
  if (suggestions.length === 0) return '';
  const [last] = suggestions.slice(-1);
  const others = suggestions.slice(0, -1);
  return `. Did you mean ${others.length === 0 ? last : `${others.join(', ')} or ${last}`}?`;
}
