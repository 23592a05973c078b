/** The picture of what each lesson costs: bars of CPU time and of answers a second. */
import { dirname, join, relative, sep } from 'node:path';
import { root } from '../../course/catalogue.ts';
import type { Spread } from '../../measure/figures.ts';
import type { Numbers, Row } from '../../measure/lessons/numbers.ts';
import type { Page, Yield } from '../weave.ts';

const LINE = 26;
const HEAD = 56;
const FOOT = 30;
const NAMES = 196;
const WIDTH = 300;
const GAP = 76;
/** Between the lessons and those they are compared with. */
const APART = 14;
const BAR = 18;
const SAMPLE = 11;

const TEXT = 'var(--color-text, #555)';
const DARK = 'var(--color-link, #3246a8)';
const LIGHT = 'var(--row-key, #dbe4ff)';

/** Where a bar stands. */
interface Place {
  left: number;
  top: number;
  /** Pixels of one unit. */
  scale: number;
}

/**
 * Draws the counter page's figures.
 *
 * @param numbers What the benchmark has kept.
 * @param page The page that shows the picture.
 * @throws Error when the run could not tell CPU time: there would be nothing to draw.
 */
export function drawNumbers(numbers: Numbers, page: Page): Yield {
  const path = join(root, 'docs/pictures/numbers.svg');
  const { rows } = numbers;
  if (rows.some(({ pages }) => pages.count.cpu === null)) {
    throw new Error('docs/numbers.json holds no CPU time; measure on a system that tells it');
  }
  const link = relative(dirname(page.path), path).replaceAll(sep, '/');
  return {
    kind: 'block',
    text: `![What an answer of the counter page costs, in microseconds of CPU time. ${tell(rows)}.](${link})`,
    drawn: { path, text: svg(rows) },
  };
}

function tell(rows: readonly Row[]): string {
  return rows.map(({ label, pages }) => `${label}: ${told(pages.count.cpu)}`).join('. ');
}

const told = (spread: Spread | null): string => (spread?.median ?? 0).toFixed(0);

function svg(rows: readonly Row[]): string {
  const width = NAMES + 2 * (WIDTH + GAP);
  const height = HEAD + rows.length * LINE + APART + FOOT;
  const cpu = { left: NAMES, scale: WIDTH / highest(rows, ({ cpu }) => cpu) };
  const rate = {
    left: NAMES + WIDTH + GAP,
    scale: WIDTH / highest(rows, ({ perSecond }) => perSecond),
  };
  const firstPeer = rows.findIndex(({ name }) => !name.startsWith('lesson-'));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-sans-serif, system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans Condensed', sans-serif" font-size="12">`,
    '<title>What each lesson costs</title>',
    `<desc>The counter page, for each class. CPU microseconds an answer: ${escapeXml(tell(rows))}.</desc>`,
    words(cpu.left, 20, 'CPU time an answer, µs', 'start', 'font-weight="600"'),
    ...legend(cpu.left, 38),
    words(rate.left, 20, 'answers a second', 'start', 'font-weight="600"'),
    ...rows.flatMap((row, index) => {
      const top = HEAD + index * LINE + (firstPeer >= 0 && index >= firstPeer ? APART : 0);
      return drawRow(row, { ...cpu, top }, { ...rate, top });
    }),
    words(
      NAMES,
      height - 10,
      'A line through a bar’s end is where half of the rounds lie.',
      'start',
    ),
    '</svg>',
    '',
  ].join('\n');
}

function highest(
  rows: readonly Row[],
  figure: (numbers: Row['pages']['count']) => Spread | null,
): number {
  return Math.max(...rows.map(({ pages }) => figure(pages.count)?.high ?? 0));
}

function legend(left: number, top: number): string[] {
  return [
    bar(left, top - 10, SAMPLE, DARK, SAMPLE),
    words(left + 17, top, 'web server', 'start'),
    bar(left + 96, top - 10, SAMPLE, LIGHT, SAMPLE),
    words(left + 113, top, 'database', 'start'),
  ];
}

function drawRow({ label, pages }: Row, cpu: Place, rate: Place): string[] {
  const { server, database, cpu: both, perSecond } = pages.count;
  const ofServer = (server?.median ?? 0) * cpu.scale;
  const ofDatabase = (database?.median ?? 0) * cpu.scale;
  return [
    words(NAMES - 10, cpu.top + 13, label, 'end'),
    bar(cpu.left, cpu.top, ofServer, DARK),
    ...(ofDatabase >= 1 ? [bar(cpu.left + ofServer, cpu.top, ofDatabase, LIGHT)] : []),
    ...(both ? ending(both, cpu) : []),
    bar(rate.left, rate.top, perSecond.median * rate.scale, DARK),
    ...ending(perSecond, rate),
  ];
}

/** The half of the rounds, and the median as a number. */
function ending({ low, median, high }: Spread, { left, top, scale }: Place): string[] {
  const [from, to] = [left + low * scale, left + high * scale].map(tenth);
  return [
    `<path d="M${from} ${top + BAR / 2}H${to}" style="stroke:var(--color-background, #fff);stroke-width:3.5"/>`,
    `<path d="M${from} ${top + BAR / 2}H${to}" style="stroke:${TEXT};stroke-width:1.5"/>`,
    words(left + Math.max(high, median) * scale + 7, top + 13, median.toFixed(0), 'start'),
  ];
}

function bar(left: number, top: number, wide: number, fill: string, high = BAR): string {
  return `<rect x="${tenth(left)}" y="${top}" width="${tenth(wide)}" height="${high}" style="fill:${fill};stroke:${DARK}"/>`;
}

function words(x: number, y: number, text: string, anchor: string, more = ''): string {
  return `<text x="${tenth(x)}" y="${y}" text-anchor="${anchor}"${more && ` ${more}`} style="fill:${TEXT}">${escapeXml(text)}</text>`;
}

const tenth = (pixels: number): number => Number(pixels.toFixed(1));

function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (each) => `&#${each.charCodeAt(0)};`);
}
