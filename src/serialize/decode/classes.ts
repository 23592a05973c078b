import * as codes from '../bytes.ts';
import type { PhpString } from '../values.ts';
import { PhpEnum, type PhpObject } from '../values.ts';
import { isClassName, matchAt } from './grammar.ts';
import { Refusal, Scanner } from './scanner.ts';

const { CLOSE, COLON, OPEN, QUOTE } = codes;

/** The classes that PHP has without an application, by their names in lower case. */
const KNOWN_CLASSES: ReadonlyMap<string, string> = new Map([
  ['stdclass', 'stdClass'],
  ['__php_incomplete_class', '__PHP_Incomplete_Class'],
]);

const INCOMPLETE_NAME = '__PHP_Incomplete_Class_Name';

/**
 * Returns whether PHP has a class of this name without an application.
 *
 * @param className - The name, from {@link ClassScanner.className}.
 */
export function isKnownClass(className: PhpString): className is string {
  return typeof className === 'string' && KNOWN_CLASSES.has(className.toLowerCase());
}

/**
 * Returns whether one of an object's properties is the name of its class, as PHP keeps it.
 *
 * @param object - The object with all its properties.
 */
export function namesItsClass({ className, properties }: PhpObject): boolean {
  return properties.has(INCOMPLETE_NAME) && className !== 'stdClass';
}

/**
 * Gives an object that PHP wrote without its class the name that PHP kept in a property.
 *
 * @param object - An object of which {@link namesItsClass} is true.
 */
export function restoreClass(object: PhpObject): void {
  const { properties } = object;
  const name = properties.get(INCOMPLETE_NAME);
  const isName = typeof name === 'string' || name instanceof Uint8Array;
  object.className = isName ? name : '__PHP_Incomplete_Class';
  properties.delete(INCOMPLETE_NAME);
}

/** Reads names of classes and enums, and the part of an object between its name and its elements. */
export class ClassScanner extends Scanner {
  /**
   * Reads the `O:3:"Foo"` of `O:3:"Foo":1:{…}` and `C:3:"Foo":4:{…}`, up to the closing quote.
   *
   * @returns The name; a class that PHP has itself by its own spelling.
   */
  className(): PhpString {
    const start = this.position;
    const length = this.length(QUOTE);
    const from = this.cursor;
    if (length === 0 || length > this.end - from) throw new Refusal(start + 2);
    const quote = from + length;
    if (this.bytes[quote] !== QUOTE) throw new Refusal(quote);
    if (this.bytes[quote + 1] !== COLON) throw new Refusal(quote + 1);
    const latin1 = this.text.slice(from, quote);
    if (!isClassName(latin1)) throw new Refusal(start);
    this.position = quote;
    return KNOWN_CLASSES.get(latin1.toLowerCase()) ?? this.string(from, quote);
  }

  /** Reads the count of properties and the opening brace, from the quote behind the name on. */
  propertyCount(): number {
    const quote = this.position;
    if (quote >= this.end - 2) {
      this.report('E_WARNING', 'Bad unserialize data', false);
      throw new Refusal(quote);
    }
    const count = Number(this.#signedCount(quote + 2));
    const at = this.position;
    if (count < 0 || count > (this.end - quote) >> 1) throw new Refusal(at);
    if (this.bytes[at] !== COLON) throw new Refusal(at);
    if (this.bytes[at + 1] !== OPEN) throw new Refusal(at + 1);
    this.position = at + 2;
    return count;
  }

  /** Reads the payload of `C:3:"Foo":4:{…}`, from the quote behind the name on. */
  payload(): Buffer {
    const required = this.#signedCount(this.position + 2);
    const length = Number(required);
    const at = this.position;
    if (this.end - at < 2 || this.bytes[at] !== COLON) throw new Refusal(at);
    if (this.bytes[at + 1] !== OPEN) throw new Refusal(at + 1);
    const from = at + 2;
    const present = this.end - from;
    if (length < 0 || present <= length) {
      const text = `Insufficient data for unserializing - ${required} required, ${present} present`;
      this.report('E_WARNING', text, false);
      throw new Refusal(from);
    }
    if (this.bytes[from + length] !== CLOSE) throw new Refusal(from + length);
    this.position = from + length + 1;
    return Buffer.from(this.bytes.subarray(from, from + length));
  }

  /** Warns of `C:8:"stdClass":0:{}`: up to 8.5 PHP drops a payload that the class cannot read. */
  refuseUnserializer(className: string, length: number): void {
    this.report('E_WARNING', `Class ${className} has no unserializer`, false);
    if (this.version >= '8.6') throw new Refusal(this.position - length - 1);
  }

  /** Reads `E:11:"Suit:Hearts";`. */
  enum(): PhpEnum {
    const start = this.position;
    const length = this.length(QUOTE);
    const from = this.cursor;
    if (length === 0) throw new Refusal(start + 2);
    this.finishString(start, from, length);
    const colon = this.text.indexOf(':', from);
    if (colon < 0 || colon >= from + length) {
      const name = Buffer.from(this.bytes.subarray(from, from + length)).toString();
      this.position = start;
      this.report('E_WARNING', `Invalid enum name '${name.replace(/\0.*$/s, '')}' (missing colon)`);
      throw new Refusal(start);
    }
    const className = this.text.slice(from, colon);
    if (!/^[0-9A-Za-z_\\\x80-\xff]+$/.test(className)) throw new Refusal(start);
    if (KNOWN_CLASSES.has(className.toLowerCase())) {
      this.report('E_WARNING', `Class '${className}' is not an enum`);
      throw new Refusal(start);
    }
    return new PhpEnum(this.string(from, colon), this.string(colon + 1, from + length));
  }

  /** Reads the count behind a class's name: a sign is allowed, and so is nothing at all. */
  #signedCount(start: number): number | bigint {
    const matched = matchAt(/[+-]?[0-9]*/y, this.text, start)?.[0] ?? '';
    this.position = start + matched.length;
    return this.saturate(matched);
  }
}
