import * as codes from '../bytes.ts';
import { contentsOf, kept, origins, renumber, type Surroundings } from '../payload.ts';
import { bytesOf, NO_UTF8 } from '../text.ts';
import type { PhpSerializable, PhpString } from '../values.ts';
import { isIdentity, PhpEnum, PhpPart, PhpReference } from '../values.ts';
import { refuse } from './refusal.ts';
import { ByteWriter } from './writer.ts';

const { CLOSE } = codes;

/** Writes values that have an identity, and refers to those that were written before. */
export class IdentityWriter extends ByteWriter {
  /** Every value counts from 1, array keys do not; see `php_add_var_hash` in PHP's var.c. */
  slot = 0;
  #seen: Map<object | string, number> | undefined;
  /** The object with the first payload whose values cannot be counted, and its slot. */
  #doubt: { readonly owner: PhpSerializable; readonly slot: number } | undefined;
  /** The objects behind that payload which are known to have stayed, so that each is looked up once. */
  #stayed: { readonly objects: Surroundings['objects']; count: number } | undefined;

  /** Starts another reference table. */
  forget(): void {
    this.slot = 0;
    this.#seen = undefined;
    this.#doubt = undefined;
    this.#stayed = undefined;
  }

  enum(value: PhpEnum): void {
    if (this.writeKnown(value)) return;
    const className = nameBytes(value.className, 'class');
    const name = Buffer.concat([className, Buffer.from(':'), nameBytes(value.caseName, 'case')]);
    this.named('E', name);
    this.ascii(';');
  }

  serializable(value: PhpSerializable): void {
    if (this.writeKnown(value)) return;
    const { candidates, hasReferences } = contentsOf(value.payload);
    const payload = hasReferences ? this.#renumbered(value) : value.payload;
    this.named('C', nameBytes(value.className, 'class'));
    this.ascii(`:${payload.length}:{`);
    this.raw(payload);
    this.byte(CLOSE);
    const origin = origins.get(value);
    const learned = origin?.payload === value.payload ? origin.count : undefined;
    if (candidates.length !== 1 && learned === undefined) {
      this.#doubt ??= { owner: value, slot: this.slot };
    }
    this.slot += learned ?? candidates[0]?.length ?? 0;
  }

  /** Writes `r:3;` or `R:3;` for a value that only a class can read. */
  part(part: PhpPart): void {
    const { owner, offset, isReference } = part;
    if (isReference) this.slot--;
    this.ascii(`${isReference ? 'R' : 'r'}:${this.#numberOfPart(part, owner, offset)};`);
  }

  #numberOfPart(part: PhpPart, owner: PhpSerializable, offset: number): number {
    const base = this.known(owner);
    const origin = origins.get(owner);
    const name = nameBytes(owner.className, 'class').toString('latin1');
    if (base === undefined || (origin !== undefined && origin.payload !== owner.payload)) {
      refuse(`a value inside the payload of ${name} needs that payload, unchanged and before it`);
    }
    const place = kept.get(part);
    if (place === undefined) return base + offset;
    const isSame =
      this.#doubt?.owner === owner &&
      this.slot - base === place.distance &&
      this.#haveStayed(place, base);
    if (!isSame) {
      refuse(
        `a reference behind the payload of ${name} cannot be renumbered: only that class knows how ` +
          'many values the payload has, and values behind it have moved',
      );
    }
    return base + offset;
  }

  /** Whether the objects between a payload and a place behind it have the distances that they had. */
  #haveStayed({ objects, count }: Surroundings, base: number): boolean {
    if (this.#stayed?.objects !== objects) this.#stayed = { objects, count: 0 };
    const stayed = this.#stayed;
    for (; stayed.count < count; stayed.count++) {
      const [object, distance] = objects[stayed.count] as (typeof objects)[number];
      if (this.known(object) !== base + distance) return false;
    }
    return true;
  }

  /** Returns the payload with the numbers that its `r:` and `R:` have in this table. */
  #renumbered(value: PhpSerializable): Uint8Array {
    const origin = origins.get(value);
    // A payload that was made here has the numbers that its author gave it.
    if (origin === undefined || origin.payload !== value.payload) return value.payload;
    const shift = this.slot - origin.slot;
    let hasMoved = shift !== 0;
    const payload = renumber(value.payload, (number) => {
      if (number > origin.slot) return number + shift;
      const target = origin.targets.get(number);
      if (target === undefined) {
        refuse(`its payload refers to value ${number}, which is neither an object nor a reference`);
      }
      const now = this.#numberOf(target);
      if (now === undefined) {
        refuse(`its payload refers to value ${number}, which is no longer written before it`);
      }
      hasMoved ||= now !== number;
      return now;
    });
    if (!hasMoved) return value.payload;
    return payload ?? refuse('its payload has references in a form that cannot be renumbered');
  }

  #numberOf(target: object): number | undefined {
    if (target instanceof PhpPart) return this.#numberOfPart(target, target.owner, target.offset);
    if (target instanceof PhpReference && isIdentity(target.value)) return this.known(target.value);
    return this.known(target);
  }

  /** Writes `O:3:"Foo"`. */
  named(letter: string, name: Uint8Array): void {
    this.ascii(`${letter}:${name.length}:"`);
    this.raw(name);
    this.ascii('"');
  }

  /** Writes `r:2;` for an identity that was written before, else remembers it. */
  writeKnown(identity: object): boolean {
    const known = this.known(identity);
    if (known === undefined) this.remember(identity);
    else this.ascii(`r:${this.certain(known)};`);
    return known !== undefined;
  }

  /** Returns a slot that is written into a reference. */
  certain(slot: number): number {
    if (this.#doubt === undefined || slot <= this.#doubt.slot) return slot;
    const name = nameBytes(this.#doubt.owner.className, 'class').toString('latin1');
    refuse(
      `its second place cannot be numbered: only ${name} knows how many values its payload has; ` +
        'write the payload after both places',
    );
  }

  /** Notes the slot of an identity. */
  remember(identity: object): void {
    this.#seen ??= new Map();
    this.#seen.set(identityOf(identity), this.slot);
  }

  /** Returns the slot of an identity that was written before. */
  known(identity: object): number | undefined {
    return this.#seen?.get(identityOf(identity));
  }
}

/**
 * Returns the bytes of a name.
 *
 * @param name - The name.
 * @param kind - The kind of name, for the error.
 * @throws RefusedValue for half a surrogate pair.
 */
export function nameBytes(name: PhpString, kind: 'class' | 'case'): Buffer {
  return bytesOf(name) ?? refuse(`the name of the ${kind}: ${NO_UTF8}`);
}

/** PHP has each case of an enum once, so two boxes with the same names are one identity. */
function identityOf(identity: object): object | string {
  if (!(identity instanceof PhpEnum)) return identity;
  const className = nameBytes(identity.className, 'class').toString('latin1');
  return `${className}:${nameBytes(identity.caseName, 'case').toString('latin1')}`;
}
