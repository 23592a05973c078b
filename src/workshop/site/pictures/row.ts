/** A session's data, byte by byte, as PHP itself has written it. */
import { dissect, type Part, type Role } from '../../format/dissect.ts';
import { withWasmPhp } from '../../oracle/wasm.ts';
import { block, type Yield } from '../page.ts';
import { table } from '../table.ts';

const SESSIONS = {
  row: `$_SESSION["count"] = 3;
$_SESSION["name"] = "Zoë|;";
$_SESSION["cart"] = ["tea" => 2];`,
  'row of an object': `class User { public $name = "Ann"; protected $role = "admin"; private $pin = 7; }
$_SESSION["user"] = new User;`,
} as const;

/** Longer lines are broken after a value, to fit a page. */
const LONGEST = 29;
/** Columns of a byte: two digits and a space. */
const WIDTH = 3;

const WORDS: Record<Role, string> = {
  key: 'key',
  mark: '',
  type: 'type',
  length: 'size',
  value: 'value',
};

/** Asks PHP for a session and takes it apart: all of it byte by byte, its second line as a table. */
export async function drawRow(name: keyof typeof SESSIONS): Promise<Yield> {
  const bytes = await withWasmPhp((php) =>
    php.run(`<?php session_start(); ${SESSIONS[name]} echo session_encode();`),
  );
  const lines = breakLines(dissect(bytes), bytes);
  const second = lines[name === 'row' ? 1 : 2] ?? [];
  const rows = second.map((part) => {
    const { offset, length, meaning } = part;
    return [String(offset), String(length), `\`${textOf(part, bytes)}\``, meaning];
  });
  return block(
    [
      '```text',
      lines.map((line) => drawLine(line, bytes)).join('\n\n'),
      '```',
      '',
      table(['from byte', 'bytes', 'what PHP wrote', 'what it means'], rows),
    ].join('\n'),
  );
}

/** One line for each key, broken before it is too long, after a `;` or a `{`. */
function breakLines(parts: Part[], bytes: Buffer): Part[][] {
  const lines: Part[][] = [[]];
  let unit: Part[] = [];
  const flush = (): void => {
    const line = lines.at(-1) ?? [];
    const isLong = [...line, ...unit].reduce((sum, { length }) => sum + length, 0) > LONGEST;
    if (line.length > 0 && (isLong || unit[0]?.role === 'key')) lines.push(unit);
    else line.push(...unit);
    unit = [];
  };
  for (const part of parts) {
    if (part.role === 'key') flush();
    unit.push(part);
    if (part.role === 'mark' && /[;{]$/.test(textOf(part, bytes))) flush();
  }
  flush();
  return lines;
}

/** Characters over their bytes over the names of the parts: a character can have several bytes. */
function drawLine(parts: Part[], bytes: Buffer): string {
  const rows = ['', '', ''];
  for (const part of parts) {
    // A word may be wider than its byte: the mark that follows has none.
    const column = rows[1]?.length ?? 0;
    const word = WORDS[part.role];
    if (word !== '') rows[2] = `${rows[2]?.padEnd(column)}${word}`;
    const own = bytes.subarray(part.offset, part.offset + part.length);
    const characters = [...own.toString('utf8')].map((character) =>
      visible(character).padEnd(Buffer.byteLength(character) * WIDTH),
    );
    const hex = [...own].map((byte) => byte.toString(16).padStart(2, '0').padEnd(WIDTH));
    rows[0] += characters.join('');
    rows[1] += hex.join('');
  }
  return rows.map((row) => row.trimEnd()).join('\n');
}

function textOf({ offset, length }: Part, bytes: Buffer): string {
  return visible(bytes.toString('utf8', offset, offset + length));
}

function visible(text: string): string {
  return text.replaceAll('\0', '\\0');
}
