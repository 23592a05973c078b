/**
 * Reads `C:` payloads without their classes, as far as possible. PHP has one table of values for a whole
 * call: a class that calls `serialize()` in its own `serialize()`, or `unserialize()` in its own
 * `unserialize()`, adds its values to that table, so the numbers behind the payload depend on them.
 */
import { isUtf8 } from 'node:buffer';
import { matchAt } from './decode/grammar.ts';
import type { PhpPart, PhpSerializable } from './values.ts';

/** The values that a payload adds to PHP's table. */
export interface Contents {
  /**
   * The possible lists of its values, in the order of their numbers, each true for an object. There
   * are two if a string in it is a serialized value itself, which the class may read or not (as
   * Symfony's tokens did up to 4.2); none if the form is unknown.
   */
  readonly candidates: readonly (readonly boolean[])[];
  /** True for `r:` or `R:` inside, with numbers of the table around it. */
  readonly hasReferences: boolean;
}

/** The decoder's notes on a payload; a payload that was made here has none. */
export interface Origin {
  readonly payload: Uint8Array;
  /** The number that the object had. */
  readonly slot: number;
  /** The count of values inside, if the references behind the payload have shown it. */
  readonly count: number | undefined;
  /** The objects and references outside that its `r:` and `R:` mean, by their numbers. */
  readonly targets: ReadonlyMap<number, object>;
}

/** Keyed by the object that holds the payload, so that an entry lives as long as the object. */
export const origins: WeakMap<PhpSerializable, Origin> = new WeakMap();

/** The surroundings of a reference that only the class can resolve; they must be the same again. */
export interface Surroundings {
  /** The count of values between the payload's owner and the place, the payload's own aside. */
  readonly distance: number;
  /**
   * The objects that come first behind the owner, with their distances from it. All places behind one
   * owner share the list.
   */
  readonly objects: readonly (readonly [object: object, distance: number])[];
  /** How many of them come before the place. */
  readonly count: number;
}

/** References behind a payload whose values cannot be counted. */
export const kept: WeakMap<PhpPart, Surroundings> = new WeakMap();

const REFERENCES = /[rR]:[0-9]+;/;
const SCALAR = /(?:N|[bid]:[^;{}"]*);/y;
const SLOT = /([rR]):([0-9]+);/y;
const STRING = /([sE]):([0-9]+):"/y;
const KEY = /i:-?[0-9]+;/y;
const CONTAINER = /(a|O:[0-9]+:"[^"]*"):([0-9]+):\{/y;
const CUSTOM = /(C:[0-9]+:"[^"]*"):([0-9]+):\{/y;
const SERIALIZED = /^[aOC]:[0-9]/;
/** The start of a value somewhere in text. */
const HIDDEN = /(?:^|[^0-9A-Za-z])(?:[abdisrCEORS]:[-+.0-9]|N;)/;
const BASE64 = /^[0-9A-Za-z+/]{4,}=*$/;
/** Deeper payloads are not looked into. */
const DEEPEST = 500;

/**
 * Returns the values in a payload.
 *
 * @param payload - The bytes that the class wrote.
 */
export function contentsOf(payload: Uint8Array): Contents {
  const text = Buffer.from(payload).toString('latin1');
  const hasReferences = REFERENCES.test(text);
  const walk = new Walk(text, Number);
  if (walk.whole() === undefined) {
    const isPlain = isUtf8(payload) && !HIDDEN.test(text) && !hidesValue(text);
    return { candidates: isPlain ? [[]] : [], hasReferences };
  }
  const { slots, nested } = walk;
  return {
    candidates: nested.length > 0 ? [[...slots, ...nested], slots] : [slots],
    hasReferences,
  };
}

/**
 * Returns whether a payload refers to the table around it.
 *
 * @param payload - The bytes that the class wrote.
 */
export function hasReferences(payload: Uint8Array): boolean {
  return REFERENCES.test(Buffer.from(payload).toString('latin1'));
}

/**
 * Lists the numbers that a payload refers to.
 *
 * @param payload - The bytes that the class wrote.
 * @param use - Called with each `r` or `R` and its number; returns the number to write instead.
 * @returns The payload with these numbers, or undefined if its form is unknown.
 */
export function renumber(
  payload: Uint8Array,
  use: (number: number, letter: string) => number,
): Buffer | undefined {
  const text = new Walk(Buffer.from(payload).toString('latin1'), use).whole();
  return text === undefined ? undefined : Buffer.from(text, 'latin1');
}

/** Control characters, as in compressed data, and base64 of a serialized value. */
function hidesValue(text: string): boolean {
  if (/[^\P{Cc}\t\n\r]/u.test(text)) return true;
  return BASE64.test(text) && SERIALIZED.test(Buffer.from(text, 'base64').toString('latin1'));
}

/** As push() with a spread, which a long list makes too many arguments for the stack. */
function append(list: boolean[], more: readonly boolean[]): void {
  for (const each of more) list.push(each);
}

/** One pass over a payload, a character a byte; each method returns its part rewritten. */
class Walk {
  readonly slots: boolean[] = [];
  /** The values of strings that hold serialized data. A class reads these after all other values. */
  readonly nested: boolean[] = [];
  readonly #text: string;
  readonly #use: (number: number, letter: string) => number;
  readonly #depth: number;
  #at = 0;

  constructor(text: string, use: (number: number, letter: string) => number, depth: number = 0) {
    this.#text = text;
    this.#use = use;
    this.#depth = depth;
  }

  /**
   * One value; `x:i:0;a:0:{};m:a:0:{}` of ArrayObject, ArrayIterator and SplObjectStorage before
   * PHP 7.4; `i:0;:i:1;:i:2;` of SplDoublyLinkedList.
   */
  whole(): string | undefined {
    if (this.#text === '') return '';
    let written: string | undefined;
    if (this.#skip('x:')) written = this.#collection();
    else {
      written = this.#value(this.#depth);
      while (written !== undefined && this.#skip(':')) {
        const element = this.#value(this.#depth);
        written = element === undefined ? undefined : `${written}:${element}`;
      }
    }
    return this.#at === this.#text.length ? written : undefined;
  }

  /** See PHP_METHOD(SplObjectStorage, unserialize) and PHP_METHOD(ArrayObject, unserialize). */
  #collection(): string | undefined {
    const head = this.#value(this.#depth);
    if (head === undefined) return undefined;
    let written = `x:${head}`;
    while (!this.#skip('m:')) {
      const element = this.#value(this.#depth);
      if (element === undefined) return undefined;
      written += element;
      if (this.#skip(',')) {
        const data = this.#value(this.#depth);
        if (data === undefined) return undefined;
        written += `,${data}`;
      }
      if (!this.#skip(';')) return undefined;
      written += ';';
    }
    const members = this.#value(this.#depth);
    return members === undefined ? undefined : `${written}m:${members}`;
  }

  #skip(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(rule: RegExp): RegExpExecArray | null {
    const matched = matchAt(rule, this.#text, this.#at);
    if (matched !== null) this.#at += matched[0].length;
    return matched;
  }

  #value(depth: number): string | undefined {
    if (depth > DEEPEST) return undefined;
    const scalar = this.#match(SCALAR);
    if (scalar !== null) {
      this.slots.push(false);
      return scalar[0];
    }
    const slot = this.#match(SLOT);
    if (slot !== null) {
      const [, letter = '', number] = slot;
      // An `R:` takes no number of its own, an `r:` does.
      if (letter === 'r') this.slots.push(true);
      return `${letter}:${this.#use(Number(number), letter)};`;
    }
    const string = this.#match(STRING);
    if (string !== null) return this.#string(string, depth);
    const container = this.#match(CONTAINER);
    if (container !== null) return this.#container(container, depth);
    const custom = this.#match(CUSTOM);
    return custom === null ? undefined : this.#custom(custom, depth);
  }

  #string([, letter = '', size]: RegExpExecArray, depth: number): string | undefined {
    const content = this.#content(Number(size), '";');
    if (content === undefined) return undefined;
    this.slots.push(letter === 'E');
    const inner = SERIALIZED.test(content) ? this.#inside(content, depth) : undefined;
    if (inner !== undefined) {
      append(this.nested, inner.walk.slots);
      append(this.nested, inner.walk.nested);
    }
    const written = inner?.written ?? content;
    return `${letter}:${written.length}:"${written}";`;
  }

  #custom([, head = '', size]: RegExpExecArray, depth: number): string | undefined {
    const content = this.#content(Number(size), '}');
    if (content === undefined) return undefined;
    this.slots.push(true);
    const inner = this.#inside(content, depth);
    if (inner === undefined)
      return HIDDEN.test(content) ? undefined : `${head}:${size}:{${content}}`;
    append(this.slots, inner.walk.slots);
    append(this.nested, inner.walk.nested);
    return `${head}:${inner.written.length}:{${inner.written}}`;
  }

  #container([, head = '', size]: RegExpExecArray, depth: number): string | undefined {
    this.slots.push(head !== 'a');
    let written = `${head}:${size}:{`;
    for (let left = Number(size); left > 0; left--) {
      const key = this.#key();
      const value = key === undefined ? undefined : this.#value(depth + 1);
      if (value === undefined) return undefined;
      written += key + value;
    }
    return this.#skip('}') ? `${written}}` : undefined;
  }

  #key(): string | undefined {
    const int = this.#match(KEY);
    if (int !== null) return int[0];
    const string = this.#match(STRING);
    const content = string?.[1] === 's' ? this.#content(Number(string[2]), '";') : undefined;
    return content === undefined ? undefined : `s:${content.length}:"${content}";`;
  }

  #content(size: number, end: string): string | undefined {
    const content = this.#text.slice(this.#at, this.#at + size);
    this.#at += size;
    return content.length === size && this.#skip(end) ? content : undefined;
  }

  #inside(text: string, depth: number): { walk: Walk; written: string } | undefined {
    const walk = new Walk(text, this.#use, depth + 1);
    const written = walk.whole();
    return written === undefined ? undefined : { walk, written };
  }
}
