/** The picture of a session's data, byte by byte, from bytes that PHP itself has written. */
import { dirname, join, relative, sep } from 'node:path';
import { root } from '../../course/catalogue.ts';
import { openWasmPhp } from '../../oracle/wasm.ts';
import { dissect, type Part, type Role } from '../dissect.ts';
import type { Page, Yield } from '../weave.ts';

/** The sessions that are drawn, by the picture's file. */
const SESSIONS = {
  row: `$_SESSION["count"] = 3;
$_SESSION["name"] = "Zoë|;";
$_SESSION["cart"] = ["tea" => 2];`,
  'row-of-an-object': `class User { public $name = "Ann"; protected $role = "admin"; private $pin = 7; }
$_SESSION["user"] = new User;`,
} as const;

/** Lines longer than this are broken where a value ends: smaller letters could not be read. */
const LONGEST = 29;

const SEMICOLON = 0x3b;
const OPENING = 0x7b;

const CELL = 26;
const LINE = 64;

/** Light colours stand in the picture itself; the site gives it its own for the dark. */
const FILLS: Record<Role, string> = {
  key: 'var(--row-key, #dbe4ff)',
  mark: 'var(--row-mark, #eceae3)',
  type: 'var(--row-type, #ffdfba)',
  length: 'var(--row-length, #d3efda)',
  value: 'var(--row-value, #fff1a8)',
};

const WORDS: Record<Role, string> = {
  key: 'key',
  mark: '',
  type: 'type',
  length: 'size',
  value: 'value',
};

/**
 * Asks PHP for a session and takes it apart: the picture, and its second line as a table.
 *
 * @param page The page that shows it.
 * @param name Which session.
 */
export async function drawRow(page: Page, name: keyof typeof SESSIONS = 'row'): Promise<Yield> {
  const path = join(root, `docs/pictures/${name}.svg`);
  const php = await openWasmPhp();
  let bytes: Buffer;
  try {
    bytes = await php.run(`<?php session_start(); ${SESSIONS[name]} echo session_encode();`);
  } finally {
    php.close();
  }
  const lines = byKey(dissect(bytes)).flatMap((line) => broken(line, bytes));
  const second = lines[name === 'row' ? 1 : 2] ?? [];
  // TypeDoc's Markdown loses escaped characters within the words for a picture.
  const text = bytes.toString('utf8').replaceAll('\0', '␀');
  return {
    kind: 'block',
    text: [
      `![The ${bytes.length} bytes of a session, each under its meaning: ${text}](${relative(dirname(page.path), path).replaceAll(sep, '/')})`,
      '',
      '| from byte | bytes | what PHP wrote | what it means |',
      '| --- | --- | --- | --- |',
      ...second.map((part) => tableRow(part, bytes)),
    ].join('\n'),
    drawn: { path, text: svg(lines, bytes) },
  };
}

/** One line a key: a key at the top level follows no open bracket. */
function byKey(parts: Part[]): Part[][] {
  const starts = parts.flatMap((part, index) => (part.role === 'key' ? [index] : []));
  return starts.map((start, index) => parts.slice(start, starts[index + 1]));
}

/** A long line in pieces, each ending with a value or where a container opens. */
function broken(line: Part[], bytes: Buffer): Part[][] {
  if (sum(line.map(({ length }) => length)) <= LONGEST) return [line];
  const pieces: Part[][] = [[]];
  let unit: Part[] = [];
  const close = (): void => {
    const last = pieces.at(-1) ?? [];
    const length = sum([...last, ...unit].map((part) => part.length));
    if (last.length > 0 && length > LONGEST) pieces.push(unit);
    else last.push(...unit);
    unit = [];
  };
  for (const part of line) {
    unit.push(part);
    const end = bytes[part.offset + part.length - 1];
    if (part.role === 'mark' && (end === SEMICOLON || end === OPENING)) close();
  }
  close();
  return pieces;
}

/** A letter for a byte that has none. */
function visible(text: string): string {
  return text.replaceAll('\0', '\\0');
}

function tableRow(part: Part, bytes: Buffer): string {
  const written = visible(bytes.toString('utf8', part.offset, part.offset + part.length));
  return `| ${part.offset} | ${part.length} | \`${written.replaceAll('|', '\\|')}\` | ${part.meaning} |`;
}

function svg(lines: Part[][], bytes: Buffer): string {
  const longest = Math.max(...lines.map((line) => sum(line.map((part) => part.length))));
  const [width, height] = [longest * CELL + 2, lines.length * LINE];
  const drawn = lines.map((line, index) => drawLine(line, bytes, index * LINE));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" text-anchor="middle">`,
    `<title>A session's ${bytes.length} bytes</title>`,
    ...drawn.flat(),
    '</svg>',
    '',
  ].join('\n');
}

function drawLine(parts: Part[], bytes: Buffer, top: number): string[] {
  const first = parts[0]?.offset ?? 0;
  return parts.flatMap((part) => {
    const left = (part.offset - first) * CELL + 1;
    const wide = part.length * CELL;
    const word = WORDS[part.role];
    return [
      `<rect x="${left}" y="${top + 1}" width="${wide - 1}" height="40" rx="3" style="fill:${FILLS[part.role]}"/>`,
      ...drawCharacters(bytes.subarray(part.offset, part.offset + part.length), left, top),
      ...(word
        ? [
            `<text x="${left + wide / 2}" y="${top + 53}" font-size="10" style="fill:var(--color-text-aside, #777)">${word}</text>`,
          ]
        : []),
    ];
  });
}

/** A letter stands over all its bytes: that is why the size counts more than the eye. */
function drawCharacters(bytes: Buffer, left: number, top: number): string[] {
  const drawn: string[] = [];
  let at = 0;
  for (const character of bytes.toString('utf8')) {
    const length = Buffer.byteLength(character);
    const middle = left + (at + length / 2) * CELL;
    drawn.push(
      `<text x="${middle}" y="${top + 18}" font-size="14" style="fill:var(--row-text, #222)">${escapeXml(visible(character))}</text>`,
    );
    for (let index = 0; index < length; index += 1) {
      const hex = (bytes[at + index] ?? 0).toString(16).padStart(2, '0');
      drawn.push(
        `<text x="${left + (at + index + 0.5) * CELL}" y="${top + 34}" font-size="10" style="fill:var(--row-hex, #666)">${hex}</text>`,
      );
    }
    at += length;
  }
  return drawn;
}

function escapeXml(character: string): string {
  return character.replace(/[<>&]/g, (each) => `&#${each.charCodeAt(0)};`);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
