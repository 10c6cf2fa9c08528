import type { ChaosResult } from './run.ts';
import type { Row } from './tally.ts';

const columns: readonly [heading: string, cell: (row: Row) => string][] = [
  ['fault', ({ fault }) => fault],
  ['seconds', ({ seconds }) => seconds.toFixed(0)],
  ['requests', ({ requests }) => String(requests)],
  ['acknowledged', ({ acknowledged }) => String(acknowledged)],
  ['refused', ({ refused }) => String(refused)],
  ['unknown', ({ unknown }) => String(unknown)],
  ['5xx', ({ failures }) => [...failures].map(([code, count]) => `${code}: ${count}`).join(', ') || '-'],
  ['back after', ({ firstSuccess }) => firstSuccess?.toFixed(1) ?? '-'],
  ['slowest', ({ slowest }) => slowest.toFixed(1)],
  ['left Available', ({ leftAvailable }) => String(leftAvailable)],
  ['false DELETED', ({ falseDeleted }) => String(falseDeleted)],
];
const widths = columns.map(([heading], at) => (at === 0 ? 78 : Math.max(heading.length, at === 6 ? 26 : 0)));

/** The first line of the table. */
export function header(): string {
  return line(columns.map(([heading]) => heading));
}

/** A row, and what was seen in it below. */
export function rowText(row: Row): string {
  return [line(columns.map(([, cell]) => cell(row))), ...row.notes.map((note) => `    ${note}`)].join('\n');
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at === 0 || at === 6 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
    .join('  ')
    .trimEnd();
}

export function isWell({ violations, failures, wrongViews }: ChaosResult): boolean {
  return violations.length + failures.length + wrongViews.length === 0;
}

/** What follows the table; the last line is the verdict. */
export function summary(result: ChaosResult): string {
  const { end, violations } = result;
  const count = (kind: string): number => violations.filter(({ fault }) => fault === kind).length;
  return [
    ...result.remarks,
    `${end.stored.length} claims on the control plane, ${end.shown.length} in the app cluster, ${end.composites.length} composite resources, ${end.instances.length} instances`,
    ...violations.map(({ fault, text }) => `${fault}: ${text}`),
    ...result.failures,
    ...result.wrongViews,
    `writes acknowledged ${result.acknowledgedWrites}, lost ${count('lost')}, duplicated ${count('duplicated')}, wrongly deleted ${count('wrongly deleted')}`,
  ].join('\n');
}
