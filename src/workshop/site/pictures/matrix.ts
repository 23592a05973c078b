/** The matrix as a table for the page: the same results as in the terminal. */
import type { Lesson } from '../../course/catalogue.ts';
import { cellOf } from '../../matrix/observed.ts';
import type { Matrix } from '../../matrix/run.ts';
import { block, type Yield } from '../page.ts';
import { table } from '../table.ts';

/** Draws the matrix; fails when it breaks a rule. */
export function drawMatrix(lessons: readonly Lesson[], matrix: Matrix): Yield {
  const [broken] = matrix.broken;
  if (broken) throw new Error(`the matrix breaks rule ${broken.rule}: ${broken.sentence}`);
  const columns = lessons.filter(({ files }) => files.test !== undefined);
  const head = [
    'the class of',
    ...columns.map(({ label }) => label),
    'wrong fixes',
    'its attack',
    'taken back',
  ];
  const rows = lessons.map((lesson) => [
    `${lesson.label} ${lesson.title}`,
    ...columns.map((column) => drawCell(lessons, matrix, lesson, column)),
    drawWrong(matrix, lesson),
    drawAttack(matrix, lesson),
    drawUndone(matrix, lesson),
  ]);
  return block(table(head, rows));
}

/** `✔ 3` all three pass; `✘ 3` three fail; a test retired on purpose is counted apart. */
function drawCell(
  lessons: readonly Lesson[],
  { observed }: Matrix,
  row: Lesson,
  column: Lesson,
): string {
  const cell = cellOf(lessons, observed, row, column);
  if (!cell) return '';
  const { results } = cell;
  const retired = cell.retired.length;
  // Of the next lesson's tests only those count that prove it: a race may pass or fail without it.
  const counts = (name: string): boolean =>
    row.number >= column.number || column.proves.includes(name);
  const red = results.filter(({ name, passed }) => !passed && counts(name));
  const failed = red.length - retired;
  if (failed > 0) return `✘ ${failed}`;
  return retired > 0 ? `✔ ${results.length - retired}, ${retired} retired` : `✔ ${results.length}`;
}

function drawWrong({ observed }: Matrix, { label }: Lesson): string {
  const all = observed.wrong.filter(({ lesson }) => lesson === label).length;
  return all === 0 ? '' : `✔ ${all} caught`;
}

function drawAttack({ observed }: Matrix, { label }: Lesson): string {
  const seen = observed.attacks.filter(({ lesson }) => lesson === label);
  const breached = seen.filter(({ verdict }) => verdict === 'breached').length;
  const held = seen.filter(({ verdict }) => verdict === 'held').length;
  if (seen.length === 0) return '';
  return `breaches ${breached}, held by ${held}`;
}

/** `✘ 2 of 3`: how many of the lesson's tests are red on the last class without its change. */
function drawUndone({ observed }: Matrix, { label, proves }: Lesson): string {
  const seen = observed.undone.find(({ lesson }) => lesson === label);
  if (!seen) return '';
  const red = seen.results.filter(({ name, passed }) => !passed && proves.includes(name)).length;
  return `✘ ${red} of ${proves.length}, in ${seen.base}`;
}
