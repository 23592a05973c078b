/** Reads the source of a failed assertion: its first argument says which quantity is wrong. */
import { readFileSync } from 'node:fs';
import { toPath } from './location.ts';

/** The longest expression that a reader takes in at a glance. */
const longest = 100;

/**
 * Finds the expression that a failed assertion examined.
 *
 * @param stack - The stack of the AssertionError.
 * @returns `handler.read('404')` for `assert.equal(await handler.read('404'), '')`; undefined where
 *   the source cannot be read, or the expression is too long for a line.
 */
export function examinedBy(stack: string): string | undefined {
  const [, path, line, column] =
    /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^\n]*?\.test\.ts)(?:\?[^\n:]*)?:(\d+):(\d+)\)?$/m.exec(
      stack,
    ) ?? [];
  if (path === undefined) return undefined;
  let source: string;
  try {
    source = readFileSync(toPath(path), 'utf8');
  } catch {
    return undefined;
  }
  const lines = source.split('\n');
  const start = lines.slice(0, Number(line) - 1).reduce((sum, each) => sum + each.length + 1, 0);
  // The position is that of `assert`, of its method, or of an `await` before them.
  const position = start + Number(column) - 1;
  const awaited = /^await\s+(?=assert)/.exec(source.slice(position))?.[0].length;
  const call = awaited ? position + awaited : source.lastIndexOf('assert', position);
  if (call < start) return undefined;
  const argument = firstArgument(source.slice(call));
  const text = argument
    ?.replaceAll(/\s+/g, ' ')
    .replaceAll(/(?<!\w)\(await ([\w.]+\([^()]*\))\)/g, '$1');
  const plain = text?.replaceAll(/\bawait /g, '').trim();
  return plain === undefined || plain.length > longest ? undefined : plain;
}

/** The text between `assert.equal(` and the first comma or bracket that ends the argument. */
function firstArgument(call: string): string | undefined {
  const head = /^assert(?:\.\w+)?\(/.exec(call)?.[0];
  if (head === undefined) return undefined;
  let depth = 0;
  // A string, or one character.
  const tokens = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[\s\S]/g;
  tokens.lastIndex = head.length;
  for (let token = tokens.exec(call); token; token = tokens.exec(call)) {
    const [text] = token;
    if (depth === 0 && (text === ',' || text === ')')) return call.slice(head.length, token.index);
    if ('([{'.includes(text)) depth += 1;
    if (')]}'.includes(text)) depth -= 1;
  }
  return undefined;
}
