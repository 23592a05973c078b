/** A census in pages, and a table that changes between two of them. */
import type { Yield } from '../page.ts';
import { drawSequence } from './sequence.ts';

const ROWS = 120;
const PAGE = 50;

const TABLE = 'the table';

/** Draws three pages of a census, and a visitor between the first and the second. */
export function drawCrawl(): Yield {
  const crawler = (says: string) => ({ from: 'crawler', to: TABLE, says });
  const visitor = (says: string) => ({ from: 'visitors', to: TABLE, says });
  const rows = (from: number, to: number) => {
    return { from: TABLE, to: 'crawler', says: `${from} to ${to}`, isAnswer: true };
  };
  return drawSequence({
    title: `A crawler reads ${ROWS} rows in pages of ${PAGE} while they are in use`,
    lanes: ['crawler', TABLE, 'visitors'],
    arrows: [
      crawler('the last number?'),
      { from: TABLE, to: 'crawler', says: String(ROWS), isAnswer: true },
      crawler(`${PAGE} rows after 0`),
      rows(1, PAGE),
      visitor('saves 7'),
      visitor('deletes 30'),
      visitor(`signs in: ${ROWS + 1}`),
      crawler(`${PAGE} rows after ${PAGE}`),
      rows(PAGE + 1, 2 * PAGE),
      crawler(`${PAGE} rows after ${2 * PAGE}`),
      rows(2 * PAGE + 1, ROWS),
    ],
  });
}
