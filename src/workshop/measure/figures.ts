/** The arithmetic of repeated rounds: medians, quartiles and a fair order. */

/** A median with its quartiles, which show how much the rounds differed. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

/** The figures of one round of one contender's page. */
export interface Round {
  /** Right responses a second. */
  perSecond: number;
  /** Microseconds of the web server's CPU time per response; null if it cannot be measured. */
  server: number | null;
  /** The same in the database. */
  database: number | null;
  /** Milliseconds: the median response time. */
  p50: number;
  /** Milliseconds: the 99th percentile of the response times. */
  p99: number;
  /** The share of all requests with a wrong response, or none. */
  failed: number;
}

/** Returns a quantile, interpolated between its two neighbours; NaN without figures. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Summarises one figure of all rounds; null when a round has no figure. */
export function spread(figures: readonly (number | null)[]): Spread | null {
  const known = figures.filter((each) => each !== null);
  if (known.length === 0 || known.length < figures.length) return null;
  const [low = 0, median = 0, high = 0] = [0.25, 0.5, 0.75].map((at) => quantile(known, at));
  return { median: round(median), low: round(low), high: round(high) };
}

/** Rounds to three digits: the fourth differs from run to run. */
export function round(figure: number): number {
  return Number(figure.toPrecision(3));
}

/**
 * Orders the contenders of a round. Each round begins with the next contender, and every second one
 * runs backwards, so that no contender always follows the same neighbour.
 *
 * @param round - Counted from 0.
 */
export function orderOf<Contender>(contenders: readonly Contender[], round: number): Contender[] {
  const at = round % Math.max(1, contenders.length);
  const order = [...contenders.slice(at), ...contenders.slice(0, at)];
  return round % 2 === 0 ? order : order.reverse();
}
