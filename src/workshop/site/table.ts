/** Markdown tables. */

/**
 * Writes a table.
 *
 * @param rows - The other lines; a bar in a cell is escaped.
 * @param right - True to align all columns but the first to the right, as numbers want it.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: boolean = false,
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, column) => (right && column > 0 ? '---:' : '---'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
