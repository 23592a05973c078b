/**
 * Regions of source files: the lines between `// #region read` and `// #endregion read`.
 *
 * The comments can be those of any language in the lessons. Regions can nest, and their comments
 * are never printed. An end names its region, so that a missing end is reported.
 */

const START = /^\s*(?:\/\/|--|\/\*|<!--|#)\s*#region\s+([\w-]+)\s*(?:\*\/|-->)?\s*$/;
const END = /^\s*(?:\/\/|--|\/\*|<!--|#)\s*#endregion\b\s*([\w-]*)\s*(?:\*\/|-->)?\s*$/;

/** The whole text without its region comments. */
export function withoutRegions(source: string): string {
  const lines = toLines(source).filter((line) => !START.test(line) && !END.test(line));
  return tidy(lines);
}

/**
 * One region of a text, moved to the left margin; undefined where there is none. A region without
 * an end, and a name of two regions, is an error.
 */
export function readRegion(source: string, name: string): string | undefined {
  const lines = toLines(source);
  const starts = lines.flatMap((line, index) => (START.exec(line)?.[1] === name ? [index] : []));
  const start = starts[0];
  if (start === undefined) return undefined;
  if (starts.length > 1) throw new Error(`region "${name}" begins ${starts.length} times`);
  const length = lines.slice(start).findIndex((line) => END.exec(line)?.[1] === name);
  if (length < 0) throw new Error(`region "${name}" has no "#endregion ${name}"`);
  return withoutRegions(dedent(lines.slice(start + 1, start + length)).join('\n'));
}

/** The names of a text's regions, in their order. */
export function regionNames(source: string): string[] {
  return toLines(source).flatMap((line) => START.exec(line)?.[1] ?? []);
}

function toLines(source: string): string[] {
  return source.split(/\r?\n/);
}

function dedent(lines: string[]): string[] {
  const margins = lines.filter((line) => line.trim()).map((line) => /^\s*/.exec(line)?.[0] ?? '');
  const margin = margins.reduce(
    (least, each) => (each.length < least.length ? each : least),
    margins[0] ?? '',
  );
  return lines.map((line) =>
    line.startsWith(margin) ? line.slice(margin.length) : line.trimStart(),
  );
}

/** Without blank lines at either end and without the double ones a removed comment leaves. */
function tidy(lines: string[]): string {
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}
