/** The table of the lessons' benchmark for a terminal. */
import type { Spread } from '../figures.ts';
import { layOut } from '../table.ts';
import type { Numbers, PageName, Row } from './numbers.ts';

const titles: Record<PageName, string> = {
  count: 'The counter page: reads the session and writes it',
  read: 'The page that only reads',
};

const head = [
  '',
  'statements',
  'connects',
  'responses/s',
  'CPU µs',
  'server',
  'database',
  'p50 ms',
  'p99 ms',
  'wrong',
];

/**
 * Formats a run.
 *
 * @returns Text that ends with a newline.
 */
export function printNumbers(numbers: Numbers): string {
  const { machine, versions, run, missing, rows } = numbers;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    ...(Object.keys(titles) as PageName[]).flatMap((page) => [
      titles[page],
      ...layOut([head, ...rows.map((row) => cellsOf(row, page))]),
      '',
    ]),
    ...missing.map((name) => `${name}: not measured`),
    `${run.rounds} rounds of ${run.seconds} s, ${run.clients} clients; medians.`,
    'CPU µs: web server and database together, for one response.',
    `${machine.system}, ${machine.cores} cores, load ${machine.load} before the run.`,
    `${names.join(', ')}.`,
    '',
  ].join('\n');
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
