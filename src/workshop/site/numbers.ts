/** The figures of docs/numbers.json: tables, charts, comparisons, and checks of claims in texts. */
import type { Spread } from '../measure/figures.ts';
import type { Numbers, PageName, PageNumbers, Row } from '../measure/lessons/numbers.ts';
import { drawPage } from '../measure/lessons/print.ts';
import type { RunNumbers } from '../measure/report.ts';
import { readKept } from './kept.ts';
import { block, type Yield } from './page.ts';
import { table } from './table.ts';

const KEPT = 'docs/numbers.json';

/** The command that makes the file, at the end of every message about it. */
const REMEDY = `npm run bench -- lessons --save ${KEPT}`;

const FORMS = 'count, read, picture, run, price, or names such as lesson-05 lesson-06';

/** Reads the stored run; an error says how to make the file. */
export function readNumbers(path?: string): Numbers {
  const isWhole = ({ machine, run, versions, missing, date, rows }: Partial<Numbers>): unknown =>
    machine && run && versions && missing && date && rows?.every(hasBothPages);
  return readKept(KEPT, REMEDY, isWhole, path);
}

function hasBothPages({ pages }: Row): boolean {
  return Boolean(pages?.count && pages.read);
}

/**
 * Answers `<!-- numbers: … -->`.
 *
 * @param argument - `count` or `read` for a page's table, `picture` for its charts, `run` for how it was measured,
 *   or the names of two or more rows to compare.
 * @throws Error that lists what may be asked for.
 */
export function yieldNumbers(argument: string, numbers: Numbers): Yield {
  if (argument === 'picture') return block(charts(numbers.rows));
  if (argument === 'run') return block(describeRun(numbers));
  if (argument === 'count' || argument === 'read') return block(fullTable(numbers, argument));
  const names = argument.split(/\s+/);
  if (names.length < 2) throw new Error(`cannot show "${argument}"; there are ${FORMS}`);
  return block(comparison(names.map((name) => findRow(numbers, name))));
}

function findRow(numbers: Numbers, name: string): Row {
  const row = numbers.rows.find((each) => each.name === name);
  if (row) return row;
  const known = numbers.rows.map((each) => each.name).join(', ');
  throw new Error(`${KEPT} has no row "${name}"; it has ${known}`);
}

/** Returns how a run was measured, in one paragraph. */
export function describeRun(
  numbers: RunNumbers & { readonly missing?: readonly string[] },
): string {
  const { date, machine, versions, run, missing = [] } = numbers;
  const { system, cores, load } = machine;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${date}: ${cores} cores of ${system}, with a load of ${load} before the run began. `,
    `${run.rounds} rounds${run.seconds === undefined ? '' : `, in each of them ${run.seconds} s for each line of a table`}`,
    `${run.clients === undefined ? '' : `, ${run.clients} clients at once`}. ${programs.join(', ')}.`,
    ...(missing.length > 0 ? [` Not measured: ${missing.join(', ')}.`] : []),
  ].join('');
}

function fullTable(numbers: Numbers, page: PageName): string {
  const { head, rows } = drawPage(numbers, page);
  return table(['the class', ...head.slice(1)], rows, true);
}

/**
 * The counter page of some rows beside each other. If all of them are lessons it says what the
 * last changes of the first; other rows are not steps of one walk.
 */
function comparison(rows: readonly Row[]): string {
  const all = rows.map(({ pages }) => pages.count);
  const [first, last] = [all[0], all.at(-1)];
  if (!first || !last) throw new Error('a comparison needs two rows');
  const isWalk = rows.every(({ name }) => name.startsWith('lesson-'));
  const line = (name: string, cell: (numbers: PageNumbers) => string, change: string): string[] => [
    name,
    ...all.map(cell),
    ...(isWalk ? [change] : []),
  ];
  return table(
    ['the counter page', ...rows.map(({ label }) => label), ...(isWalk ? ['change'] : [])],
    [
      line('statements', (it) => String(it.statements), step(last.statements - first.statements)),
      ...(all.some(({ connections }) => connections > 0)
        ? [
            line(
              'connections',
              (it) => String(it.connections),
              step(last.connections - first.connections),
            ),
          ]
        : []),
      line('CPU µs an answer', (it) => middle(it.cpu), ratio(first.cpu, last.cpu)),
      line(
        'answers a second',
        (it) => middle(it.perSecond),
        ratio(first.perSecond, last.perSecond),
      ),
      ...(all.some(({ failed }) => failed > 0)
        ? [line('wrong answers', (it) => share(it.failed), '')]
        : []),
    ],
    true,
  );
}

/**
 * Answers `<!-- numbers: price -->`: one line on what a lesson's class costs, against the class
 * of the last lesson before it that was measured.
 *
 * @param number - The lesson's number.
 * @throws Error when the lesson was not measured.
 */
export function yieldPrice(number: number, numbers: Numbers): Yield {
  const own = findRow(numbers, `lesson-${String(number).padStart(2, '0')}`).pages.count;
  const older = numbers.rows.findLast(({ name }) => lessonNumber(name) < number);
  const before = older?.pages.count;
  const counted = (name: 'statements' | 'connections'): string => {
    const figure = own[name];
    const difference = before ? step(figure - before[name]) : 'none';
    const plural = figure === 1 ? name.slice(0, -1) : name;
    return `${figure} ${plural}${difference === 'none' ? '' : ` (${difference})`}`;
  };
  const change = ratio(before?.cpu ?? null, own.cpu);
  const parts = [
    counted('statements'),
    ...(own.connections > 0 || (before?.connections ?? 0) > 0 ? [counted('connections')] : []),
    `${middle(own.cpu)} µs of CPU time per answer${change && ` (${change})`}`,
  ];
  const than = older ? `, against lesson ${lessonNumber(older.name)}` : '';
  return block(
    `**The price**, on a page that counts: ${parts.join(', ')}${than}. [How it was measured](../../docs/the-numbers.md#how-it-was-measured)`,
  );
}

/** The number of `lesson-05`; NaN for another row. */
const lessonNumber = (name: string): number => Number(/^lesson-(\d+)$/.exec(name)?.[1]);

/** Columns of the longest bar. */
const LONGEST_BAR = 50;

/** The counter page's CPU time as bars, and below it the answers a second. */
function charts(rows: readonly Row[]): string {
  if (rows.some(({ pages }) => pages.count.cpu === null)) {
    throw new Error(`${KEPT} has no CPU time; measure on a system that reports it`);
  }
  const cpu = chart(
    'CPU µs an answer of the counter page: █ web server ░ database',
    rows,
    (page) => page.cpu,
    (page) => (page.server && page.database ? [page.server, page.database] : [page.cpu]),
  );
  const rate = chart('Answers a second of the counter page', rows, (page) => page.perSecond);
  return `${cpu}\n\n${rate}`;
}

/** A bar for each row; its parts, if it has two, in two shades. */
function chart(
  title: string,
  rows: readonly Row[],
  whole: (page: PageNumbers) => Spread | null,
  partsOf: (page: PageNumbers) => (Spread | null)[] = (page) => [whole(page)],
): string {
  const most = Math.max(...rows.map(({ pages }) => whole(pages.count)?.median ?? 0));
  const names = Math.max(...rows.map(({ label }) => label.length));
  const bar = (part: Spread | null, index: number): string =>
    '█░'.charAt(index).repeat(Math.round(((part?.median ?? 0) / most) * LONGEST_BAR));
  const lines = rows.map(({ label, pages: { count: page } }) => {
    const figure = middle(whole(page)).padStart(5);
    return `${label.padEnd(names)} ${figure} ${partsOf(page).map(bar).join('')}`;
  });
  return ['```text', title, '', ...lines, '```'].join('\n');
}

const middle = (spread: Spread | null): string => (spread ? count(spread.median) : 'not measured');

const count = (figure: number): string => figure.toFixed(0);

const share = (part: number): string => (part === 0 ? '' : `${(part * 100).toFixed(1)} %`);

function step(difference: number): string {
  const text = Number(difference.toFixed(1));
  return text === 0 ? 'none' : `${text > 0 ? '+' : '−'}${Math.abs(text)}`;
}

/** If the middle halves of the rounds overlap, the difference is not significant. */
function ratio(first: Spread | null, last: Spread | null): string {
  if (!first || !last) return '';
  const overlap = first.low <= last.high && last.low <= first.high;
  const times = `× ${(last.median / first.median).toFixed(2)}`;
  return overlap ? `${times}, not significant` : times;
}

const FIGURES: Record<string, (numbers: PageNumbers) => number | undefined> = {
  statements: ({ statements }) => statements,
  connections: ({ connections }) => connections,
  cpu: ({ cpu }) => cpu?.median,
  server: ({ server }) => server?.median,
  database: ({ database }) => database?.median,
  rate: ({ perSecond }) => perSecond.median,
  p99: ({ p99 }) => p99,
  wrong: ({ failed }) => failed,
};

/**
 * Checks a claim of a page's text against the run, so that a new run cannot falsify it unnoticed.
 *
 * @param claim - `lesson-10 cpu < lesson-09 cpu`, `lesson-05 wrong > 0`, `a cpu > 1.5 b cpu`; a figure
 *   is of the counter page unless it begins with `read.`.
 * @throws Error with both figures when the claim is false, and with the form when it is misspelt.
 */
export function holdClaim(claim: string, numbers: Numbers): void {
  const [left, operator, right] = readClaim(claim);
  const [one, other] = [left, right].map((side) => evaluate(side, numbers));
  if (one === undefined || other === undefined) throw misspeltClaim(claim);
  const holds = operator === '<' ? one < other : operator === '>' ? one > other : one === other;
  if (holds) return;
  throw new Error(
    `${KEPT} says otherwise than the words below: ${claim}, and it is ${round(one)} and ${round(other)}. Change the words`,
  );
}

function readClaim(claim: string): [left: string, operator: string, right: string] {
  const parts = /^(.+?) ([<>=]) (.+)$/.exec(claim);
  if (!parts?.[1] || !parts[2] || !parts[3]) throw misspeltClaim(claim);
  return [parts[1], parts[2], parts[3]];
}

/** `lesson-09 cpu`, `1.5 lesson-09 read.cpu`, `0`. */
function evaluate(side: string, numbers: Numbers): number | undefined {
  if (/^[\d.]+$/.test(side)) return Number(side);
  const parts = /^(?:([\d.]+) )?([\w-]+) (?:(read)\.)?(\w+)$/.exec(side);
  const figure = FIGURES[parts?.[4] ?? ''];
  if (!parts?.[2] || !figure) return undefined;
  const value = figure(findRow(numbers, parts[2]).pages[parts[3] === 'read' ? 'read' : 'count']);
  return value === undefined ? Number.NaN : value * Number(parts[1] ?? 1);
}

function misspeltClaim(claim: string): Error {
  const figures = Object.keys(FIGURES).join(', ');
  return new Error(
    `cannot understand "${claim}"; the form is lesson-10 cpu < 0.9 lesson-09 cpu, with ${figures}`,
  );
}

const round = (figure: number): number => Number(figure.toPrecision(4));
