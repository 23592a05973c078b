import { matchAt } from './decode/grammar.ts';

/** What stands between two values: an int, a key, the end of a container. */
const SCALAR = /(?:N|[bidrR]:[^;{}"]*);/y;
const STRING = /([sSE]):([0-9]+):"/y;
const CONTAINER = /(?:a|O:[0-9]+:"[^"]*"):([0-9]+):\{/y;

/**
 * Counts the slots inside a `C:` payload. A class that calls `serialize()` in its own
 * `serialize()` shares PHP's table with it, so the numbers behind go on counting from there.
 *
 * @param payload what the class wrote
 * @returns how many values it holds; 0 where it is no serialized value
 */
export function slotsInside(payload: Uint8Array): number {
  const text = Buffer.from(payload).toString('latin1');
  /** How many keys and values each open container still has. */
  const open: number[] = [];
  let slots = 0;
  let at = 0;
  let left = 1;
  for (;;) {
    while (left === 0) {
      const outer = open.pop();
      if (outer === undefined) return at === text.length ? slots : 0;
      if (text[at++] !== '}') return 0;
      left = outer;
    }
    const isKey = open.length > 0 && left % 2 === 0;
    left--;
    if (!isKey && text[at] !== 'R') slots++;
    const scalar = matchAt(SCALAR, text, at);
    const string = scalar === null ? matchAt(STRING, text, at) : null;
    if (scalar !== null) at += scalar[0].length;
    else if (string !== null) {
      at += string[0].length + Number(string[2]) + 2;
      if (text.slice(at - 2, at) !== '";') return 0;
    } else {
      const container = matchAt(CONTAINER, text, at);
      if (container === null || isKey) return 0;
      at += container[0].length;
      open.push(left);
      left = Number(container[1]) * 2;
    }
  }
}
