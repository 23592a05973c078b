/**
 * A session's data as a plain object. A key is decoded when it is first read; a change is found by
 * comparing bytes, so values need no proxy and may be changed in place.
 */
import { SessionClosed, SessionValueError } from '../errors.ts';
import { isRecord } from './check.ts';
import { type Contest, type Decide, isSame } from './merge.ts';
import {
  type Changes,
  decodeValue,
  encodeValue,
  type Format,
  isPhpValue,
  Payload,
} from './payload.ts';

/** Changes one value; it may run again, on the value that another request has saved. */
type Change = (value: unknown) => unknown;

/** The functions that have changed a key, and the bytes that the last one gave. */
interface Update {
  readonly changes: readonly Change[];
  readonly bytes: Buffer | undefined;
}

/** The session as one save takes it; a change that is made afterwards is not part of it. */
export interface Taken {
  readonly data: Buffer;
  /** The updates of keys so far. */
  readonly updates: ReadonlyMap<string, Update>;
}

/** The variables of one session. */
export class Variables {
  /** The object that the application reads and writes. */
  readonly data: Record<string, unknown> = {};
  readonly #format: Format;
  #isFrozen = false;
  #bytes: Buffer;
  #payload: Payload;
  /** Updates that no save has taken over yet, by key. */
  #updates = new Map<string, Update>();

  /**
   * @param bytes - The session as it was read.
   * @param format - The format to write.
   * @throws SessionUnreadable.
   */
  constructor(bytes: Buffer, format: Format) {
    this.#format = format;
    this.#bytes = bytes;
    this.#payload = new Payload(bytes, format);
    this.#guardPrototype();
    for (const key of this.#payload.keys) this.#defineLazily(key);
  }

  /**
   * Changes a key by a function, which is kept for a conflict. A key that was also changed otherwise is
   * treated as one that was assigned: the function alone would lose that change.
   *
   * @throws SessionValueError for a value that would come back as another one; any error of `change`.
   */
  update(key: string, change: Change): void {
    const isAssigned = this.#isAssigned(key);
    // An inherited property is not a value of the session: `constructor`, `__proto__`.
    const value = change(Object.hasOwn(this.data, key) ? this.data[key] : undefined);
    this.#define(key, value);
    const bytes = value === undefined ? undefined : this.#encode(value, key);
    const before = this.#updates.get(key)?.changes ?? [];
    if (isAssigned) this.#updates.delete(key);
    else this.#updates.set(key, { changes: [...before, change], bytes });
  }

  /** Whether a key has another value than it was read with, or than its last update gave. */
  #isAssigned(key: string): boolean {
    const { get, value } = Object.getOwnPropertyDescriptor(this.data, key) ?? {};
    // It was not read yet.
    if (get !== undefined) return false;
    const update = this.#updates.get(key);
    const bytes = value === undefined ? undefined : this.#encode(value, key);
    return !isSame(bytes, update ? update.bytes : this.#bytesAsRead(key));
  }

  /** A value as it was read, in the bytes of this encoder: another language may write it in others. */
  #bytesAsRead(key: string, pristine: Payload = this.#payload.pristine): Buffer | undefined {
    return pristine.has(key) ? this.#encode(pristine.valueOf(key), key) : undefined;
  }

  /**
   * Returns the session's bytes as the application has left it; the bytes that were read, if it has
   * changed nothing.
   *
   * @throws SessionValueError for a value that would come back as another one.
   */
  encode(): Buffer {
    const changes = this.#changes();
    return changes.size === 0 ? this.#bytes : this.#payload.with(changes, this.#format);
  }

  /**
   * Takes the session for a save.
   *
   * @throws As `encode()`.
   */
  take(): Taken {
    return { data: this.encode(), updates: new Map(this.#updates) };
  }

  /**
   * Takes over what was saved. Keys that were changed while the save was under way stay as they are,
   * and updates of that time run again on a value that the save has merged.
   *
   * @param bytes - The session as it is stored now, with other requests' changes.
   * @param taken - The session as it was given to the save.
   */
  rebase(bytes: Buffer, { data: sent, updates: saved }: Taken): void {
    const mine = this.encode();
    const updates = this.#updates;
    this.#bytes = bytes;
    this.#payload = new Payload(bytes, this.#format);
    this.#updates = new Map();
    // By far the most saves: nothing was merged, and nothing has changed meanwhile.
    const isUnchanged = mine.equals(sent);
    if (isUnchanged && bytes.equals(sent)) return;
    const before = new Payload(sent, this.#format);
    const own = isUnchanged ? before : new Payload(mine, this.#format);
    const again: [key: string, change: Change][] = [];
    const keys = new Set([...this.#payload.keys, ...Object.keys(this.data)]);
    for (const key of keys) {
      const [wanted, was, now] = [own, before, this.#payload].map((payload) =>
        payload.bytesOf(key, this.#format),
      );
      if (isSame(wanted, was)) {
        if (!isSame(was, now)) this.#restore(key);
        continue;
      }
      const { changes = [], bytes: last } = updates.get(key) ?? {};
      const later = changes.slice(saved.get(key)?.changes.length);
      // A later assignment counts by itself.
      if (later.length === 0 || !isSame(wanted, last)) continue;
      if (isSame(was, now)) this.#updates.set(key, { changes: later, bytes: last });
      else {
        this.#restore(key);
        for (const change of later) again.push([key, change]);
      }
    }
    if (!Object.hasOwn(this.data, '__proto__')) this.#guardPrototype();
    // Last: a function may throw, and the other keys must be as they are stored.
    for (const [key, change] of again) this.update(key, change);
  }

  /** Shows a key as it is stored. */
  #restore(key: string): void {
    if (this.#payload.has(key)) this.#defineLazily(key);
    else delete this.data[key];
  }

  /** Ends all changes of keys; reading stays possible. */
  freeze(): void {
    this.#isFrozen = true;
    for (const [key, { get }] of Object.entries(Object.getOwnPropertyDescriptors(this.data))) {
      if (get === undefined) Object.defineProperty(this.data, key, { writable: false });
    }
    Object.preventExtensions(this.data);
  }

  #changes(): Changes {
    const changes = new Map<string, Buffer | undefined>();
    let pristine: Payload | undefined;
    if (Object.getOwnPropertySymbols(this.data).length > 0) {
      throw new SessionValueError('data', 'a key that is a symbol');
    }
    for (const key of this.#payload.keys) {
      if (!Object.hasOwn(this.data, key)) changes.set(key, undefined);
    }
    for (const [key, { get, set, value }] of Object.entries(
      Object.getOwnPropertyDescriptors(this.data),
    )) {
      const before = this.#payload.has(key);
      if (get !== undefined) {
        // A key that was not read yet; another getter is the application's own.
        if (set !== undefined && (before || key === '__proto__')) continue;
        throw new SessionValueError(key, 'a getter');
      }
      if (value === undefined) {
        if (before) changes.set(key, undefined);
        continue;
      }
      const bytes = this.#encode(value, key);
      if (before) {
        pristine ??= this.#payload.pristine;
        if (this.#bytesAsRead(key, pristine)?.equals(bytes)) continue;
      }
      changes.set(key, bytes);
    }
    return changes;
  }

  /** A value that was PHP's may keep PHP's types. */
  #encode(value: unknown, key: string): Buffer {
    const isPhp = this.#payload.has(key) && this.#payload.isPhp(key);
    return encodeValue(this.#format, value, key, isPhp);
  }

  #defineLazily(key: string): void {
    const payload = this.#payload;
    Object.defineProperty(this.data, key, {
      enumerable: true,
      configurable: true,
      get: () => {
        const value = payload.valueOf(key);
        return this.#isFrozen ? value : this.#define(key, value);
      },
      set: (value: unknown) => {
        if (this.#isFrozen)
          throw new SessionClosed('The session is closed: its keys cannot change any more');
        this.#define(key, value);
      },
    });
  }

  /** Without it, an assignment to `__proto__` would lend its value's keys to the whole session. */
  #guardPrototype(): void {
    Object.defineProperty(this.data, '__proto__', {
      enumerable: false,
      configurable: true,
      get: () => undefined,
      set: (value: unknown) => this.#define('__proto__', value),
    });
  }

  /** Defines, and never assigns: `__proto__` is an ordinary key. */
  #define(key: string, value: unknown): unknown {
    const flags = { enumerable: true, configurable: true, writable: true };
    Object.defineProperty(this.data, key, { value, ...flags });
    return value;
  }
}

/**
 * Shows data that cannot be changed any more, the objects and arrays in it included.
 *
 * @param refuse - Throws the error of a change.
 */
export function readOnly<Value extends object>(value: Value, refuse: () => void): Value {
  const change = (): boolean => {
    refuse();
    return false;
  };
  return new Proxy(value, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      return isPlain(member) && !Object.isFrozen(target) ? readOnly(member, refuse) : member;
    },
    set: change,
    defineProperty: change,
    deleteProperty: change,
  });
}

/** A Map or a Buffer would not work behind a proxy. */
function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && (Array.isArray(value) || isRecord(value));
}

/** Decides conflicts of a save: its updates run again on the other request's value, `decide` has the rest. */
export function deciding({ updates }: Taken, decide: Decide): Decide {
  return (contest) => {
    const update = updates.get(contest.key);
    // A later assignment has replaced what the updates gave.
    const isUpdate = update !== undefined && isSame(update.bytes, contest.mine);
    return isUpdate ? rerun(update.changes, contest) : decide(contest);
  };
}

function rerun(changes: readonly Change[], { key, format, theirs }: Contest): Buffer | undefined {
  let value = theirs === undefined ? undefined : decodeValue(format, theirs);
  for (const change of changes) value = change(value);
  if (value === undefined) return undefined;
  return encodeValue(format, value, key, isPhpValue(format, theirs));
}
