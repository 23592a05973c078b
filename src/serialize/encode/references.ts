import { slotsInside } from '../payload.ts';
import type { PhpString } from '../values.ts';
import { PhpEnum, PhpObject, PhpSerializable } from '../values.ts';
import { ByteWriter, CLOSE } from './writer.ts';

/** Writes what has an identity, and refers to it where it was written before. */
export class IdentityWriter extends ByteWriter {
  /** Every value counts from 1, array keys do not; see `php_add_var_hash` in PHP's var.c. */
  slot = 0;
  #seen: Map<object | string, number> | undefined;

  /** Begins another reference table. */
  forget(): void {
    this.slot = 0;
    this.#seen = undefined;
  }

  enum(value: PhpEnum): void {
    if (this.writeKnown(value)) return;
    const name = Buffer.concat([
      bytesOf(value.className),
      Buffer.from(':'),
      bytesOf(value.caseName),
    ]);
    this.named('E', name);
    this.ascii(';');
  }

  serializable(value: PhpSerializable): void {
    if (this.writeKnown(value)) return;
    this.named('C', value.className);
    this.ascii(`:${value.payload.length}:{`);
    this.raw(value.payload);
    this.slot += slotsInside(value.payload);
    this.byte(CLOSE);
  }

  /** Writes `O:3:"Foo"`. */
  named(letter: string, name: PhpString): void {
    const bytes = bytesOf(name);
    this.ascii(`${letter}:${bytes.length}:"`);
    this.raw(bytes);
    this.ascii('"');
  }

  /** Writes `r:2;` for an identity that was written before, else notes it. */
  writeKnown(identity: object): boolean {
    const known = this.remember(identity);
    if (known !== 0) this.ascii(`r:${known};`);
    return known !== 0;
  }

  /** Gives the slot of an identity that was written before, else notes it and gives 0. */
  remember(identity: object): number {
    this.#seen ??= new Map();
    const key = identityOf(identity);
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    this.#seen.set(key, this.slot);
    return 0;
  }

  /** Gives the slot of an identity that was written before. */
  known(identity: object): number | undefined {
    return this.#seen?.get(identityOf(identity));
  }
}

/**
 * Tells whether PHP refers to a value by its identity even without a `&`.
 *
 * @param value any value
 * @returns true for what PHP has as an object
 */
export function isIdentity(value: unknown): value is PhpObject | PhpEnum | PhpSerializable {
  return value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpSerializable;
}

/**
 * Gives what stands for an identity in the table of what was written.
 *
 * @param identity an object or a reference
 * @returns itself; for a case of an enum its name, as PHP has each once, however many boxes name it
 */
function identityOf(identity: object): object | string {
  if (!(identity instanceof PhpEnum)) return identity;
  return `${bytesOf(identity.className).toString('latin1')}:${bytesOf(identity.caseName).toString('latin1')}`;
}

/**
 * Gives the bytes of a name.
 *
 * @param text the name, as text or as bytes
 * @returns a copy
 */
function bytesOf(text: PhpString): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
}
