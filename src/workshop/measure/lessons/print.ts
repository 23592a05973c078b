/** The tables of the lessons' benchmark, for the terminal and for the site. */
import type { Spread } from '../figures.ts';
import type { DrawnTable } from '../report.ts';
import type { Numbers, PageName, Row } from './numbers.ts';

const titles: Record<PageName, string> = {
  count: 'The counter page: reads the session and writes it',
  read: 'The page that only reads',
};

const head = [
  '',
  'statements',
  'connections',
  'answers/s',
  'CPU µs',
  'server',
  'database',
  'p50 ms',
  'p99 ms',
  'wrong',
];

/** Draws a table for each page. */
export function drawNumbers(numbers: Numbers): DrawnTable[] {
  return (Object.keys(titles) as PageName[]).map((page) => drawPage(numbers, page));
}

/** Draws the table of one page. */
export function drawPage({ missing, rows }: Numbers, page: PageName): DrawnTable {
  const note = [
    'CPU µs: web server and database together, for one answer.',
    ...missing.map((name) => `${name}: not measured`),
  ].join('\n');
  return { title: titles[page], head, rows: rows.map((row) => cellsOf(row, page)), note };
}

function cellsOf({ label, pages }: Row, page: PageName): string[] {
  const { statements, connections, perSecond, cpu, server, database, p50, p99, failed } =
    pages[page];
  const show = (spread: Spread | null): string => spread?.median.toFixed(0) ?? 'not measured';
  return [
    label,
    String(statements),
    String(connections),
    show(perSecond),
    show(cpu),
    show(server),
    show(database),
    p50.toFixed(2),
    p99.toFixed(2),
    failed === 0 ? '' : `${(failed * 100).toFixed(1)} %`,
  ];
}
