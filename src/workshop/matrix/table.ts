/** The matrix as a table for a terminal: a sign and a number in each cell, never colour alone. */
import type { Lesson } from '../course/catalogue.ts';
import { type Broken, cellOf } from './observed.ts';
import type { Matrix } from './run.ts';

const heading = 'class ↓ tests →';

/** Draws the table, and a sentence for each rule that does not hold. */
export function drawMatrix(lessons: readonly Lesson[], matrix: Matrix): string {
  const columns = lessons.filter(({ files }) => files.test !== undefined);
  const rows = lessons
    .filter(({ label }) => matrix.observed.classes.some(({ lesson }) => lesson === label))
    .map((lesson) => [
      ` ${lesson.label}`,
      ...columns.map((column) => drawCell(lessons, matrix, lesson, column)),
      drawWrong(matrix, lesson),
      drawAttack(matrix, lesson),
      drawUndone(matrix, lesson),
    ]);
  const top = [
    heading,
    ...columns.map(({ label }) => label),
    'wrong fixes',
    'attack on N−1 / N',
    'taken back',
  ];
  const all = [top, ...rows];
  const widths = top.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + (column > columns.length ? 2 : 0)))
      .join(' ')
      .trimEnd(),
  );
  return [...lines, '', ...conclusion(matrix)].join('\n');
}

/** `✔` all pass, `✘3` three fail, `!` the cell breaks a rule. */
function drawCell(
  lessons: readonly Lesson[],
  { observed, broken }: Matrix,
  row: Lesson,
  column: Lesson,
): string {
  const cell = cellOf(lessons, observed, row, column);
  if (!cell) return '';
  const { results, retired } = cell;
  const tests = new Set(results.map(({ name }) => name));
  const red = results.filter(({ passed }) => !passed).length;
  const expected = column.number <= row.number && red === retired.length && red > 0;
  const sign = red === 0 ? '✔' : expected ? `✔−${red}` : `✘${red}`;
  const isBroken = (each: Broken) =>
    each.condition === row.condition && each.test !== undefined && tests.has(each.test);
  return broken.some(isBroken) ? `${sign}!` : sign;
}

function drawWrong({ observed, broken }: Matrix, { label }: Lesson): string {
  const all = observed.wrong.filter(({ lesson }) => lesson === label);
  if (all.length === 0) return '–';
  const caught = all.filter(
    ({ condition }) => !broken.some((each) => each.rule === 4 && each.condition === condition),
  );
  return `${caught.length} of ${all.length} caught${caught.length < all.length ? '!' : ''}`;
}

function drawAttack({ observed, broken }: Matrix, { label, condition }: Lesson): string {
  const all = observed.attacks.filter(({ lesson }) => lesson === label);
  if (all.length === 0) return '–';
  const own = all.findIndex((each) => each.condition === condition);
  const before = new Set(all.slice(0, Math.max(own, 0)).map(({ verdict }) => verdict));
  const after = new Set(all.slice(Math.max(own, 0)).map(({ verdict }) => verdict));
  const wrong = broken.some((each) => each.rule === 5 && each.lesson === label) ? '!' : '';
  return `${[...before].join(', ') || '–'} / ${[...after].join(', ')}${wrong}`;
}

/** `✘2 of 3`: the number of the lesson's tests that fail without its change. */
function drawUndone({ observed, broken }: Matrix, { label, proves }: Lesson): string {
  const seen = observed.undone.find(({ lesson }) => lesson === label);
  if (!seen) return '–';
  const red = seen.results.filter(({ name, passed }) => !passed && proves.includes(name)).length;
  const wrong = broken.some((each) => each.rule === 6 && each.lesson === label) ? '!' : '';
  return `✘${red} of ${proves.length} on ${seen.base}${wrong}`;
}

function conclusion({ broken, doubtful, observed, milliseconds }: Matrix): string[] {
  const seconds = (milliseconds / 1000).toFixed(1);
  const seen = [...observed.classes, ...observed.wrong, ...observed.undone];
  const runs = seen.reduce((sum, { results }) => sum + results.length, 0);
  const looked = `${runs} tests and ${observed.attacks.length} attacks in ${seconds} s`;
  const second = doubtful.map(
    ({ rule, sentence }) => `! rule ${rule}  held only when its class ran alone: ${sentence}`,
  );
  if (broken.length === 0) return [...second, `✔ every cell as promised: ${looked}`];
  return [
    ...second,
    ...broken.map(({ rule, sentence }) => `✘ rule ${rule}  ${sentence}`),
    '',
    `✘ ${broken.length} ${broken.length === 1 ? 'promise is' : 'promises are'} broken: ${looked}`,
  ];
}
