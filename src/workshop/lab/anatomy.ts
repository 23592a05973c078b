/** A row's bytes taken apart for the reader: each part with a sentence, and where they break. */
import { decodeSession } from '../../serialize/index.ts';
import { dissectSoFar, type NotASession, type Part } from '../site/dissect.ts';
import { escapeBytes } from './bytes.ts';

/** One part of the data, or all that comes after the place where it breaks. */
export interface Piece {
  offset: number;
  length: number;
  role: Part['role'] | 'rest';
  /** The bytes as a reader sees them. */
  text: string;
  /** What the part is, with its place: `Bytes 20 to 25: the string.` */
  sentence: string;
  /** Each character with its bytes, for a text in which they differ in number. */
  characters: { character: string; bytes: string }[];
}

/** Why the data cannot be read, in PHP's words and in ours. */
export interface Break {
  /** PHP's own text. */
  message: string;
  /** Where PHP says the fault is; undefined where only this page gives up. */
  offset: number | undefined;
  /** What should have stood there, and what did. */
  why: string;
}

export interface Anatomy {
  pieces: Piece[];
  /** How many pieces were left out, and after which one. */
  omitted: { after: number; count: number } | undefined;
  broken: Break | undefined;
}

/** A page shows this many from the front and from the back; nobody reads more. */
const FROM_FRONT = 60;
const FROM_BACK = 20;
const LONGEST_TEXT = 60;
const LETTERS_SHOWN = 24;

/** The same bytes are drawn again with every change elsewhere. */
const known = new WeakMap<Uint8Array, Anatomy>();

/**
 * Takes a session's data apart.
 *
 * @param data What stands in the row; the bytes are not changed afterwards.
 * @returns Its pieces in order. Broken data ends in a piece for all that cannot be read.
 */
export function anatomyOf(data: Uint8Array): Anatomy {
  const before = known.get(data);
  if (before) return before;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const { parts, refusal } = dissectSoFar(bytes);
  const pieces = shownOf(parts, refusal !== undefined).map((part) => describePart(part, bytes));
  const omitted = parts.length - pieces.length;
  if (refusal) pieces.push(describeRest(refusal, bytes));
  const anatomy: Anatomy = {
    pieces,
    omitted: omitted > 0 ? { after: FROM_FRONT, count: omitted } : undefined,
    broken: findBreak(bytes, refusal),
  };
  known.set(data, anatomy);
  return anatomy;
}

function shownOf(parts: Part[], broken: boolean): Part[] {
  if (parts.length <= FROM_FRONT + FROM_BACK) return parts;
  const back = broken ? FROM_BACK : FROM_BACK / 2;
  return [...parts.slice(0, FROM_FRONT), ...parts.slice(-back)];
}

function describePart({ offset, length, role, meaning }: Part, bytes: Buffer): Piece {
  const own = bytes.subarray(offset, offset + length);
  const { text, characters, note } = readText(own);
  const sentence = `${placeOf(offset, length)}: ${meaning}.${note}`;
  return { offset, length, role, text, sentence, characters };
}

function describeRest({ offset, expected }: NotASession, bytes: Buffer): Piece {
  const own = bytes.subarray(offset);
  const { text } = readText(own);
  const sentence =
    own.length === 0
      ? `The data ends before byte ${offset}: expected ${expected}.`
      : `${placeOf(offset, own.length)}: nothing here can be read; expected ${expected}.`;
  return { offset, length: own.length, role: 'rest', text, sentence, characters: [] };
}

/** PHP's verdict; a limit of this page alone is said to be one. */
function findBreak(bytes: Buffer, refusal: NotASession | undefined): Break | undefined {
  const error = findError(bytes);
  if (error) {
    const { message, offset } = error;
    if (!refusal) return { message, offset, why: 'Its letters are right, its value is none.' };
    const at = refusal.offset;
    const found = at < bytes.length ? readText(bytes.subarray(at, at + 8)).text : 'nothing more.';
    return {
      message,
      offset,
      why: `Expected ${refusal.expected} at byte ${at}; there stands ${found}`,
    };
  }
  if (!refusal) return undefined;
  return {
    message: 'PHP reads it; this page takes nothing more apart.',
    offset: undefined,
    why: `Expected ${refusal.expected} at byte ${refusal.offset}.`,
  };
}

function findError(bytes: Buffer): { message: string; offset: number } | undefined {
  try {
    return decodeSession('php', bytes).error;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { message, offset: 0 };
  }
}

interface Text {
  text: string;
  characters: Piece['characters'];
  /** A sentence where bytes and characters differ in number. */
  note: string;
}

function readText(own: Buffer): Text {
  const text = own.toString('utf8');
  if (!Buffer.from(text).equals(own)) {
    const hex = own
      .subarray(0, LETTERS_SHOWN)
      .toString('hex')
      .replace(/..(?=.)/g, '$& ');
    const rest = own.length > LETTERS_SHOWN ? ' …' : '';
    const note = ` It is no UTF-8: ${hex}${rest}.`;
    return { text: cut(escapeBytes(own.toString('latin1'))), characters: [], note };
  }
  const letters = [...text];
  if (letters.length === own.length) {
    return { text: cut(escapeBytes(text)), characters: [], note: '' };
  }
  const note = ` ${own.length} bytes, ${letters.length} ${letters.length === 1 ? 'character' : 'characters'}.`;
  const characters = letters.slice(0, LETTERS_SHOWN).map((character) => ({
    character: escapeBytes(character),
    bytes: Buffer.from(character)
      .toString('hex')
      .replace(/..(?=.)/g, '$& '),
  }));
  return { text: cut(escapeBytes(text)), characters, note };
}

function cut(text: string): string {
  const letters = [...text];
  return letters.length > LONGEST_TEXT ? `${letters.slice(0, LONGEST_TEXT).join('')}…` : text;
}

function placeOf(offset: number, length: number): string {
  return length === 1 ? `Byte ${offset}` : `Bytes ${offset} to ${offset + length - 1}`;
}
