/**
 * The figures as a table for people. Pure.
 */
import type { Figure } from './figures.ts';
import type { Disturbance, Machine } from './machine.ts';

const HEAD = ['', 'floor', 'operator', 'ratio', '95 %', 'goal', ''];

export function renderTable(figures: readonly Figure[]): string {
  const lines: string[][] = [HEAD];
  let section = '';
  for (const figure of figures) {
    if (figure.section !== section) lines.push([], [figure.section]);
    section = figure.section;
    lines.push(cellsOf(figure));
  }
  const rows = lines.filter((line) => line.length > 1);
  const widths = HEAD.map((_, column) => Math.max(...rows.map((line) => (line[column] ?? '').length)));
  const aligned = (cells: readonly string[]): string => cells
    .map((cell, column) => (column === 0 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
    .join('  ').trimEnd();
  return lines.map((line) => (line.length > 1 ? aligned(line) : line[0] ?? '')).join('\n');
}

function cellsOf({ name, unit, floor, operator, ratio, goal }: Figure): string[] {
  return [
    `  ${name}`,
    withUnit(floor, unit),
    withUnit(operator, unit),
    ratio === undefined || Number.isNaN(ratio.ratio) ? '' : `${ratio.ratio.toFixed(2)}x`,
    ratio === undefined || Number.isNaN(ratio.ratio) ? '' : `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`,
    goal?.text ?? '',
    goal?.verdict ?? '',
  ];
}

function withUnit(value: number | undefined, unit: string): string {
  if (value === undefined) return '';
  return Number.isNaN(value) ? 'n/a' : `${digits(value)}${unit === '' ? '' : ` ${unit}`}`;
}

/** Three that count, as more would be noise; whole numbers as they are. */
export function digits(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

export function renderMachine({ cores, processor, memoryBytes, system, loadBefore, versions }: Machine, loadAfter: number): string {
  const { node, undici, kubernetes, etcd } = versions;
  return [
    `${cores} cores of ${processor}, ${(memoryBytes / 1024 ** 3).toFixed(0)} GB, ${system}; load ${loadBefore.toFixed(2)} before, ${loadAfter.toFixed(2)} after`,
    `Kubernetes ${kubernetes}, etcd ${etcd}, Node ${node}, undici ${undici}; all on this machine, with TLS, RBAC and fsync`,
  ].join('\n');
}

/** From which share of all processors on the figures should not be quoted. */
const LOUD = 0.1;

/** One line, and a warning where others worked on the same processors. */
export function renderDisturbance(sessions: readonly (Disturbance | undefined)[]): string {
  const seen = sessions.filter((each) => each !== undefined);
  if (seen.length === 0) return 'how much else ran meanwhile is not known on this system';
  const percent = (shares: readonly number[]): string => `${(100 * shares.reduce((a, b) => a + b, 0) / shares.length).toFixed(0)} % (worst ${(100 * Math.max(...shares)).toFixed(0)} %)`;
  const others = seen.map((each) => each.others);
  const stolen = seen.map((each) => each.stolen);
  const line = `used by other processes meanwhile: ${percent(others)} of all processors; taken by the hypervisor: ${percent(stolen)}`;
  return Math.max(...others, ...stolen) < LOUD ? line : `${line}\nNOISY: these figures are not to be quoted; run it again when nothing else runs`;
}
