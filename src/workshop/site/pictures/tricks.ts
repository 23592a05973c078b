/** The cookie's attributes beside the trick that each of them stops. */
import { block, type Yield } from '../page.ts';
import { table } from '../table.ts';

/** Each attribute, and the line of the attack that is about its trick. */
const STOPPED: readonly (readonly [attribute: string, line: RegExp])[] = [
  ['`httponly`', /script/],
  ['`secure`', /http:\/\//],
  ['the prefix `__Host-`', /can set it/],
  ['`samesite=lax`', /form takes it along/],
  ['`Allows`: the header `Sec-Fetch-Site`', /server obeys/],
];

/**
 * Draws the table from the attack's transcripts.
 *
 * @param before - On the class that has none of them.
 * @param after - On the class that has all.
 * @throws Error for a trick that the attack has no line about.
 */
export function drawTricks(before: string, after: string): Yield {
  const rows = STOPPED.map(([attribute, pattern]) => {
    const [trick, without] = lineOf(before, pattern);
    const [, with_] = lineOf(after, pattern);
    return [trick, without, attribute, with_];
  });
  return block(table(['trick', 'before', 'what stops it', 'after'], rows));
}

/** `Mallory's form takes it along: yes` as its two halves. */
function lineOf(transcript: string, pattern: RegExp): [trick: string, answer: string] {
  const line = transcript.split('\n').find((each) => pattern.test(each));
  const halves = /^(.*): (\w+)/.exec(line ?? '');
  if (!halves?.[1] || !halves[2]) throw new Error(`the attack has no line like ${pattern}`);
  return [halves[1], halves[2]];
}
