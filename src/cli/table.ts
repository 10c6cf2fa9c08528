/** As kubectl prints a table: three spaces between the widest cells, and none at the end of a line. */
export function columns(rows: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(...rows.map((row) => visibleLength(row[at] ?? ''))),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - visibleLength(cell) + 3))
      .join('')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** Colours take no room. */
function visibleLength(cell: string): number {
  // oxlint-disable-next-line no-control-regex
  return cell.replaceAll(/\u001B\[\d+m/g, '').length;
}
