/** The tables on PHP's format: PHP's own output, by type and by format. */
import {
  decodeSession,
  encodeSession,
  type SessionFormat,
  serialize,
  unserialize,
} from '../../../serialize/index.ts';
import { withWasmPhp } from '../../oracle/wasm.ts';
import { block, type Yield } from '../page.ts';
import { table } from '../table.ts';

/** Each type letter, what follows it, and a PHP expression that is written with it. */
const LETTERS: readonly (readonly [letter: string, follows: string, php: string])[] = [
  ['N', 'nothing: null', 'null'],
  ['b', 'true or false', 'true'],
  ['i', 'a whole number of 64 bits', '3'],
  ['d', 'a number with a fraction', '0.1'],
  ['d', 'the same, where the fraction is zero', '1.0'],
  ['d', 'or `INF`, `-INF`, `NAN`', '-INF'],
  ['s', 'a size in bytes and a string', '"tea"'],
  ['a', 'a count, then keys and values in turn', '["tea" => 2]'],
  ['a', 'a list has keys too', '["tea"]'],
  ['O', 'a class, a count, then properties and values', '(object) ["tea" => 2]'],
  ['E', 'a case of an enum', 'Suit::Club'],
  ['C', 'a class that writes itself, as PHP 5 had them', 'new Point'],
  ['r', 'the same object as the value with this number', '[$o = new stdClass, $o]'],
  ['R', 'a reference to the value with this number', '[&$x, &$x]'],
];

const DECLARATIONS = `error_reporting(0);
enum Suit { case Club; }
class Point implements Serializable {
  function serialize() { return '3,4'; }
  function unserialize($text) {}
}`;

const SESSION = '$_SESSION["count"] = 3; $_SESSION["cart"] = ["tea"];';

/** Asks PHP for a value of each letter, and reads and writes each here. */
export async function drawLetters(): Promise<Yield> {
  const rows = await withWasmPhp(async (php) => {
    const written: string[][] = [];
    for (const [letter, follows, expression] of LETTERS) {
      const bytes = await php.run(
        `<?php ${DECLARATIONS} $x = null; echo serialize(${expression});`,
      );
      const again = serialize(unserialize(bytes));
      if (!again.equals(bytes)) throw new Error(`${bytes} is written again as ${again}`);
      written.push([`\`${letter}\``, follows, `\`${expression}\``, `\`${bytes}\``]);
    }
    return written;
  });
  return block(table(['letter', 'what follows', 'PHP', 'its bytes'], rows));
}

/** Asks PHP for one session in each of its formats, and reads and writes each here. */
export async function drawFormats(): Promise<Yield> {
  const formats: readonly SessionFormat[] = ['php', 'php_binary', 'php_serialize'];
  const rows = await withWasmPhp(async (php) => {
    const written: string[][] = [];
    for (const format of formats) {
      const bytes = await php.run(
        `<?php ini_set('session.serialize_handler', '${format}'); session_start(); ${SESSION} echo session_encode();`,
      );
      const again = encodeSession(format, decodeSession(format, bytes).variables).bytes;
      if (again === false || !again.equals(bytes)) throw new Error(`${format} differs: ${again}`);
      written.push([`\`${format}\``, `\`${visible(bytes)}\``, String(bytes.length)]);
    }
    return written;
  });
  return block(table(['format', 'the same session', 'bytes'], rows));
}

/** Writes control characters as their numbers. */
function visible(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/\p{Cc}/gu, (character) => `\\x${Buffer.from(character, 'latin1').toString('hex')}`);
}
