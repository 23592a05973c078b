/** The tables of the page that compares PHP with the library, from the results of the tests. */
import { ASPECTS, type Comparisons, type SequenceRow, type Tally } from '../comparisons.ts';
import { block, type Page, type Yield } from '../page.ts';
import { table } from '../table.ts';

/** The subjects of the serializer's rows. */
const TYPES: Record<string, string> = {
  N: 'values with a null',
  b: 'values with a boolean',
  i: 'values with an integer',
  d: 'values with a float',
  s: 'values with a string',
  a: 'values with an array',
  O: 'values with an object',
  E: 'values with an enum’s case',
  r: 'values with one object in two places',
  R: 'values with a reference',
  spoiled: 'spoiled bytes: verdict, offset, messages',
  sessions: 'sessions in three formats, whole and spoiled',
};

/** Draws the table of one group: functions, save handlers, callbacks' return values, settings. */
export function drawSequences({ sequences }: Comparisons, title: string): Yield {
  const group = sequences.groups.find((each) => each.title === title);
  if (!group) {
    const known = sequences.groups.map((each) => each.title).join(', ');
    throw new Error(`no sequences are about "${title}"; there are ${known}`);
  }
  const head = [title, `as in PHP ${sequences.totals[0]?.php}`, ...ASPECTS];
  return block(
    table(
      head,
      group.rows.map((row) => [code(row.subject), ...cells(row)]),
    ),
  );
}

/**
 * Says how many sequences there were, and how many were equal.
 *
 * @param page - Its rows are kept for versions of PHP that are not available here.
 */
export function drawTotals({ sequences }: Comparisons, page: Page): Yield {
  const sources = ['written by hand', 'made from a seed'] as const;
  const versions = [...new Set(sequences.totals.map(({ php }) => php))];
  const run = versions.map((php) => [
    `PHP ${php}`,
    ...sources.map((source) => {
      const total = sequences.totals.find((each) => each.php === php && each.source === source);
      return total ? draw(total.tally) : '';
    }),
  ]);
  const kept = [...page.text.matchAll(/^\| (PHP (\d+\.\d+)\.\d+) \| (.*) \| (.*) \|$/gm)]
    .filter(([, , release]) => !versions.some((php) => php.startsWith(`${release}.`)))
    .map(([, name = '', , first = '', second = '']) => [name, first.trim(), second.trim()]);
  const rows = [...run, ...kept].sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
  return block(table(['as in', ...sources], rows));
}

/** Draws the serializer's comparisons. */
export function drawValues({ values }: Comparisons): Yield {
  return block(
    table(
      ['the serializer', `as in PHP ${values.php}`],
      values.rows.map(({ subject, tally }) => [TYPES[subject] ?? subject, draw(tally)]),
    ),
  );
}

/** Draws the known differences. */
export function drawDifferences({ differences }: Comparisons): Yield {
  return block(
    table(
      ['difference', 'PHP', 'here', 'the nearest thing'],
      differences.map(({ name, php, ours, instead }) => [`**${name}**`, php, ours, instead]),
    ),
  );
}

function cells({ whole, aspects }: SequenceRow): string[] {
  return [draw(whole), ...ASPECTS.map((aspect) => draw(aspects[aspect]))];
}

/** `✔ 12` all twelve are equal; an empty cell where there was nothing to compare. */
function draw({ compared, equal }: Tally): string {
  const number = (count: number): string => count.toLocaleString('en');
  if (compared === 0) return '';
  if (compared === equal) return `✔ ${number(equal)}`;
  return `✘ ${number(compared - equal)} of ${number(compared)} differ`;
}

/** PHP's names are written as code. */
function code(subject: string): string {
  return /^\$?[A-Za-z_.]+(?:\(\))?$/.test(subject) ? `\`${subject}\`` : subject;
}
