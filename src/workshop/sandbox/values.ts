/** Writes values on one line each, for a reader who compares them. */
import { inspect } from 'node:util';
import { root } from '../course/catalogue.ts';

/** The most characters of one value. */
const longest = 200;

/** The characters that are kept of a long value's end. */
const tail = 60;

/** Characters that are shown before the place where two long values differ, and after it. */
const [before, after] = [30, 90];

/** Writes a value on one line as `util.inspect` does, cut where it is long. */
export function show(value: unknown): string {
  return shorten(write(value, 160));
}

/**
 * Writes the expected and the actual value of a comparison, long ones around the first character in
 * which they differ.
 */
export function showBoth(expected: unknown, actual: unknown): { expected: string; actual: string } {
  const comparable = actual instanceof Error ? likeExpected(expected, actual) : actual;
  const [wanted, got] = [write(expected, 10_000), write(comparable, 10_000)];
  if (expected instanceof RegExp) return { expected: shorten(wanted), actual: shorten(got) };
  let same = 0;
  while (same < wanted.length && wanted[same] === got[same]) same += 1;
  return { expected: around(wanted, same), actual: around(got, same) };
}

/** Cuts a text to a line's length, and names files as a reader knows them. */
export function shorten(text: string): string {
  const tidy = withoutRoot(text);
  if (tidy.length <= longest) return tidy;
  // A damaged id may differ from the right one in its last character only.
  return `${tidy.slice(0, longest - tail)}…${tidy.slice(-tail)} (${tidy.length} characters)`;
}

/** Names the project's files in a text as a reader knows them. */
export function withoutRoot(text: string): string {
  return text.replaceAll(`file://${root}/`, '').replaceAll(`${root}/`, '');
}

function write(value: unknown, maxStringLength: number): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const text = inspect(value, {
    ...{ breakLength: Number.POSITIVE_INFINITY, depth: 4 },
    ...{ compact: true, maxStringLength },
  });
  return text.replaceAll(/\s*\n\s*/g, ' ');
}

/** An error that was compared with an object: the properties that the object names. */
function likeExpected(expected: unknown, error: Error): unknown {
  if (typeof expected !== 'object' || expected === null || expected instanceof RegExp) return error;
  const own = error as Error & Record<string, unknown>;
  return Object.fromEntries(Object.keys(expected).map((key) => [key, own[key]]));
}

function around(text: string, place: number): string {
  if (text.length <= longest) return text;
  const start = place <= before ? 0 : place - before;
  const part = text.slice(start, place + after);
  const [head, tail] = [start > 0 ? '…' : '', place + after < text.length ? '…' : ''];
  return `${head}${part}${tail} (${text.length} characters, different from character ${place + 1} on)`;
}
