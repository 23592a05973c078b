/** A row's bytes split into parts, each with a sentence, up to the place where the data is broken. */
import { decodeSession } from '../../serialize/index.ts';
import { dissectSoFar, type NotASession, type Part } from '../format/dissect.ts';
import { errorMessage } from '../machine/error-message.ts';
import { count, escapeBytes, hex } from './text.ts';

/** One part of the data, or everything after the place where it breaks. */
export interface Piece {
  offset: number;
  length: number;
  role: Part['role'] | 'rest';
  /** The bytes, readable. */
  text: string;
  /** Place and meaning: `Bytes 20 to 25: the string.` */
  sentence: string;
  /** Each character with its bytes; empty where every character is one byte. */
  characters: { character: string; bytes: string }[];
}

/** Why the data cannot be read. */
interface Break {
  /** PHP's own text. */
  message: string;
  /** PHP's offset of the error; undefined for a limit of this page. */
  offset: number | undefined;
  /** The expected and the actual bytes. */
  why: string;
}

export interface Anatomy {
  pieces: Piece[];
  /** The number of pieces left out, and the index after which. */
  omitted: { after: number; count: number } | undefined;
  broken: Break | undefined;
}

/** The first and the last parts that a page shows. */
const FROM_FRONT = 60;
const FROM_BACK = 20;
const LONGEST_TEXT = 60;
const CHARACTERS_SHOWN = 24;

/** Unchanged bytes are drawn again with every change elsewhere on the page. */
const known = new WeakMap<Uint8Array, Anatomy>();

/**
 * Takes a session's data apart.
 *
 * @param data - The row's data, which must not change afterwards.
 * @returns Its pieces in order. Broken data ends with a piece for the unreadable rest.
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
      : `${placeOf(offset, own.length)}: unreadable; expected ${expected}.`;
  return { offset, length: own.length, role: 'rest', text, sentence, characters: [] };
}

/** PHP's error, or a limit of this page alone. */
function findBreak(bytes: Buffer, refusal: NotASession | undefined): Break | undefined {
  const error = findError(bytes);
  if (error) {
    const { message, offset } = error;
    if (!refusal) return { message, offset, why: 'The format is right, the value is invalid.' };
    const at = refusal.offset;
    const found = at < bytes.length ? readText(bytes.subarray(at, at + 8)).text : 'the end';
    return {
      message,
      offset,
      why: `Expected ${refusal.expected} at byte ${at}, found ${found}`,
    };
  }
  if (!refusal) return undefined;
  return {
    message: 'PHP can read it; this page takes no more of it apart.',
    offset: undefined,
    why: `Expected ${refusal.expected} at byte ${refusal.offset}.`,
  };
}

function findError(bytes: Buffer): { message: string; offset: number } | undefined {
  try {
    return decodeSession('php', bytes).error;
  } catch (error) {
    return { message: errorMessage(error), offset: 0 };
  }
}

interface Text extends Pick<Piece, 'text' | 'characters'> {
  /** A sentence where bytes and characters differ in number. */
  note: string;
}

function readText(own: Buffer): Text {
  const decoded = own.toString('utf8');
  const isText = Buffer.from(decoded).equals(own);
  const text = cut(escapeBytes(isText ? decoded : own.toString('latin1')));
  if (!isText) {
    const rest = own.length > CHARACTERS_SHOWN ? ' …' : '';
    const note = ` Invalid UTF-8: ${hex(own.subarray(0, CHARACTERS_SHOWN))}${rest}.`;
    return { text, characters: [], note };
  }
  const all = [...decoded];
  if (all.length === own.length) return { text, characters: [], note: '' };
  const note = ` ${count(own.length, 'byte')}, ${count(all.length, 'character')}.`;
  const characters = all.slice(0, CHARACTERS_SHOWN).map((character) => ({
    character: escapeBytes(character),
    bytes: hex(Buffer.from(character)),
  }));
  return { text, characters, note };
}

function cut(text: string): string {
  const characters = [...text];
  return characters.length > LONGEST_TEXT ? `${characters.slice(0, LONGEST_TEXT).join('')}…` : text;
}

function placeOf(offset: number, length: number): string {
  return length === 1 ? `Byte ${offset}` : `Bytes ${offset} to ${offset + length - 1}`;
}
