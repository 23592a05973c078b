/** The arithmetic of the lessons' benchmark, and the form in which its figures are kept. */

/** A median, with the quartiles that say how much the rounds differed. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** What one round has shown of one page. */
export interface Round {
  /** Right answers a second. */
  perSecond: number;
  /** Microseconds of CPU time an answer, in the web server; null where nobody can tell. */
  server: number | null;
  /** The same in the database. */
  database: number | null;
  /** Milliseconds within which half of the answers came. */
  p50: number;
  /** Milliseconds within which 99 of 100 came. */
  p99: number;
  /** Answers that were wrong, or none, as a share of all. */
  failed: number;
}

/** All rounds of one page together. */
export interface PageNumbers {
  /** Statements a request sends, PHP's sweep apart. */
  statements: number;
  /** Connections a request opens. */
  connections: number;
  perSecond: Spread;
  /** Microseconds of CPU time, web server and database together; null where nobody can tell. */
  cpu: Spread | null;
  server: Spread | null;
  database: Spread | null;
  p50: number;
  p99: number;
  failed: number;
}

/** The pages that are asked for: the counter, and the one that only reads. */
export const pages = ['count', 'read'] as const;

/** One of the pages. */
export type PageName = (typeof pages)[number];

/** One contender's line. */
export interface Row {
  /** `lesson-05`, `php-files`. */
  name: string;
  /** What the table calls it. */
  label: string;
  pages: Record<PageName, PageNumbers>;
}

/** A whole run: what `--save` keeps and the site draws. */
export interface Numbers {
  /** The day of the run: `2026-11-23`. */
  date: string;
  machine: {
    system: string;
    cores: number;
    /** How many processes wanted a core in the minute before the run. */
    load: number;
  };
  versions: Record<string, string>;
  run: { rounds: number; seconds: number; clients: number };
  /** Who should have been measured, and could not be had. */
  missing: string[];
  rows: Row[];
}

/**
 * Finds what a share of the figures stays below.
 *
 * @param figures - In any order.
 * @param share - 0.5 for the median.
 * @returns The figure, taken between its two neighbours; NaN when there are none.
 */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * Takes rounds together.
 *
 * @param rounds - What each round has shown.
 * @param counted - What the pass that counts has seen.
 * @returns Medians and quartiles, rounded to what they can carry.
 */
export function summarise(
  rounds: readonly Round[],
  counted: Pick<PageNumbers, 'statements' | 'connections'>,
): PageNumbers {
  const middle = (figure: (round: Round) => number): number => quantile(rounds.map(figure), 0.5);
  return {
    ...counted,
    perSecond: spread(rounds.map(({ perSecond }) => perSecond)),
    cpu: spreadOrNull(rounds, ({ server, database }) =>
      server === null || database === null ? null : server + database,
    ),
    server: spreadOrNull(rounds, ({ server }) => server),
    database: spreadOrNull(rounds, ({ database }) => database),
    p50: round(middle(({ p50 }) => p50)),
    p99: round(middle(({ p99 }) => p99)),
    failed: Number(middle(({ failed }) => failed).toFixed(3)),
  };
}

function spreadOrNull(
  rounds: readonly Round[],
  figure: (round: Round) => number | null,
): Spread | null {
  const figures = rounds.map(figure).filter((each) => each !== null);
  return figures.length < rounds.length ? null : spread(figures);
}

function spread(figures: readonly number[]): Spread {
  const [low = 0, median = 0, high = 0] = [0.25, 0.5, 0.75].map((at) => quantile(figures, at));
  return { median: round(median), low: round(low), high: round(high) };
}

/** Three digits: the fourth is another one in the next run. */
function round(figure: number): number {
  return Number(figure.toPrecision(3));
}

/**
 * Tells in which order a round asks the contenders. Each round begins with another one, and every
 * second one goes backwards, so that nobody always stands behind the same neighbour.
 *
 * @param contenders - All of them.
 * @param round - Counted from 0.
 * @returns The same contenders.
 */
export function orderOf<Contender>(contenders: readonly Contender[], round: number): Contender[] {
  const at = round % Math.max(1, contenders.length);
  const order = [...contenders.slice(at), ...contenders.slice(0, at)];
  return round % 2 === 0 ? order : order.reverse();
}
