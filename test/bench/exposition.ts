/**
 * Reads Prometheus text, as far as the bench asks: counters of the API server and of the operator. Pure.
 */

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Samples of one metric; other lines are not even parsed, since the API server has ten thousand of them. */
export function samplesOf(text: string, name: string): Sample[] {
  return text.split('\n')
    .filter((line) => line.startsWith(name) && (line[name.length] === '{' || line[name.length] === ' '))
    .map(parseLine)
    .filter((sample) => sample !== undefined);
}

function parseLine(line: string): Sample | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, name = '', labels = '', value = ''] = match;
  return { name, labels: new Map([...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text])), value: Number(value) };
}

/** Sum over the series that carry all these labels. */
export function sumOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels);
  return samplesOf(text, name)
    .filter((sample) => wanted.every(([key, value]) => sample.labels.get(key) === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Finished requests by `VERB resource`, resource with `/subresource`; a path without resource by its name. */
export type RequestCounts = ReadonlyMap<string, number>;

/** From `apiserver_request_total`. A watch counts when it has ended. */
export function requestCounts(text: string): RequestCounts {
  const counts = new Map<string, number>();
  for (const { labels, value } of samplesOf(text, 'apiserver_request_total')) {
    const [verb, resource, subresource] = ['verb', 'resource', 'subresource'].map((key) => labels.get(key) ?? '');
    const what = subresource === '' ? resource : resource === '' ? subresource : `${resource}/${subresource}`;
    const key = `${verb} ${what}`;
    counts.set(key, (counts.get(key) ?? 0) + value);
  }
  return counts;
}

/** What was added since; nothing that stayed the same. Sorted. */
export function requestsSince(before: RequestCounts, after: RequestCounts): RequestCounts {
  return new Map([...after]
    .map(([key, count]): [string, number] => [key, count - (before.get(key) ?? 0)])
    .filter(([, count]) => count !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1)));
}

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION']);

export const isWrite = (key: string): boolean => WRITES.has(verbOf(key));
const verbOf = (key: string): string => key.slice(0, key.indexOf(' '));

export function countOf(counts: RequestCounts, matches: (key: string) => boolean): number {
  return [...counts].reduce((sum, [key, count]) => (matches(key) ? sum + count : sum), 0);
}
