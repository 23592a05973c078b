/** The figures of the lessons' benchmark, in the form that `--save` writes and the site reads. */
import { quantile, type Round, round, type Spread, spread } from '../figures.ts';
import type { RunNumbers } from '../report.ts';

/** All rounds of one page. */
export interface PageNumbers {
  /** Statements a request sends, without PHP's garbage collection. */
  statements: number;
  /** Connections a request opens. */
  connections: number;
  perSecond: Spread;
  /** Microseconds of CPU time, web server and database; null where it cannot be measured. */
  cpu: Spread | null;
  server: Spread | null;
  database: Spread | null;
  p50: number;
  p99: number;
  failed: number;
}

/** The measured pages: the counter, and the page that only reads. */
export const pages = ['count', 'read'] as const;

/** The name of a measured page. */
export type PageName = (typeof pages)[number];

/** Each page's path. */
export const paths: Record<PageName, string> = { count: '/', read: '/whoami' };

/** The line of one contender. */
export interface Row {
  /** `lesson-05`, `php-files`. */
  name: string;
  /** Its title in the table. */
  label: string;
  pages: Record<PageName, PageNumbers>;
}

/** A whole run. */
export interface Numbers extends RunNumbers {
  /** The names of contenders whose programs are not installed here. */
  missing: string[];
  rows: Row[];
}

const NOTHING: Spread = { median: Number.NaN, low: Number.NaN, high: Number.NaN };

/** Summarises rounds. */
export function summarise(
  rounds: readonly Round[],
  counted: Pick<PageNumbers, 'statements' | 'connections'>,
): PageNumbers {
  const middle = (figure: (round: Round) => number): number => quantile(rounds.map(figure), 0.5);
  return {
    ...counted,
    perSecond: spread(rounds.map(({ perSecond }) => perSecond)) ?? NOTHING,
    cpu: spread(
      rounds.map(({ server, database }) =>
        server === null || database === null ? null : server + database,
      ),
    ),
    server: spread(rounds.map(({ server }) => server)),
    database: spread(rounds.map(({ database }) => database)),
    p50: round(middle(({ p50 }) => p50)),
    p99: round(middle(({ p99 }) => p99)),
    failed: Number(middle(({ failed }) => failed).toFixed(3)),
  };
}
