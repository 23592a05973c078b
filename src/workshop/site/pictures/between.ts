/** Three ids that PHP's uniqid() makes within a few milliseconds, and the number between them. */
import type { Yield } from '../page.ts';
import { drawSequence } from './sequence.ts';

/** 2010-05-01 12:00:00 UTC, in microseconds, and when each visitor came after it. */
const NOON = 1_272_715_200_000_000;
const VISITS = { before: 183_200, ann: 185_074, after: 187_380 };

const SITE = 'the site';

/** Draws Ann's sign-in between two visits of Mallory. */
export function drawBetween(): Yield {
  const id = (visit: number): string => uniqid(NOON + visit);
  const between = VISITS.after - VISITS.before - 1;
  return drawSequence({
    title: 'Ann signs in between two ids that Mallory knows',
    lanes: ['Mallory', SITE, 'Ann'],
    arrows: [
      { from: 'Mallory', to: SITE, says: 'visits' },
      { from: SITE, to: 'Mallory', says: id(VISITS.before), isAnswer: true },
      { from: 'Ann', to: SITE, says: 'signs in' },
      { from: SITE, to: 'Ann', says: id(VISITS.ann), isAnswer: true },
      { from: 'Mallory', to: SITE, says: 'visits again' },
      { from: SITE, to: 'Mallory', says: id(VISITS.after), isAnswer: true },
      { from: 'Mallory', to: SITE, says: `tries ${between.toLocaleString('en')} ids` },
      { from: SITE, to: 'Mallory', says: 'Signed in as ann', isAnswer: true },
    ],
  });
}

/** PHP's format: eight hexadecimal digits of seconds, five of microseconds. */
function uniqid(microseconds: number): string {
  const second = Math.floor(microseconds / 1_000_000);
  const rest = microseconds % 1_000_000;
  return second.toString(16).padStart(8, '0') + rest.toString(16).padStart(5, '0');
}
