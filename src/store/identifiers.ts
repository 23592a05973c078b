/** Session ids, their keys in the table, and the marks of saves. */
import { hash, randomBytes } from 'node:crypto';
import { bytesOfSecrets } from './secrets.ts';

/** 32 random bytes as base64url. Checked before an id reaches a statement. */
const ID = /^[\w-]{43}$/;

/** The characters that PHP allows in an id. */
const PHP_ID = /^[A-Za-z0-9,-]{1,256}$/;

const ID_BYTES = 32;
const POOL = 16_384;

/** SHA-256's sizes. */
const BLOCK = 64;
const HASH_BYTES = 32;

/** `handle:` and a row's key as hex: InnoDB's keys have 3,072 bytes at most. */
const LONGEST_TEXT = 7 + 2 * 3072;

/** A secret's two pads of HMAC, each with room behind it for the message of its hash. */
interface Pads {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

let pool = Buffer.alloc(0);
let used = 0;

/**
 * Takes random bytes from a pool: one call of the system for 512 ids. A used pool is replaced, never
 * filled again, because its slices may still wait in a statement.
 *
 * @param count - The number of bytes.
 */
export function takeRandom(count: number): Buffer {
  if (used + count > pool.length) {
    pool = randomBytes(POOL);
    used = 0;
  }
  const from = used;
  used += count;
  return pool.subarray(from, used);
}

/**
 * The keyed hash between ids and row keys.
 *
 * A stored key is useless to a thief: as an id it would be hashed once more and find no row. Secrets
 * rotate: the first one keys new rows, rows of the others are still found.
 */
export class KeyedHash {
  readonly #pads: readonly Pads[];

  /**
   * @param secrets - The newest first.
   * @throws SessionSetupError without a secret, or with one of fewer than 32 bytes.
   */
  constructor(secrets: readonly (string | Uint8Array)[]) {
    this.#pads = bytesOfSecrets('secrets', secrets).map(padsOf);
  }

  /** Returns a new session id: 256 random bits. */
  newId(): string {
    return takeRandom(ID_BYTES).toString('base64url');
  }

  /**
   * Returns whether a cookie's value has the form of an id. Anything else never reaches a statement.
   *
   * @param id - The value that a client sent.
   */
  isId(id: unknown): id is string {
    return typeof id === 'string' && ID.test(id);
  }

  /**
   * Returns the keys that an id may have, that of the newest secret first.
   *
   * @param id - The id.
   */
  keysOf(id: string): [Buffer, ...Buffer[]] {
    return this.#pads.map((pads) => hmac(pads, id)) as [Buffer, ...Buffer[]];
  }

  /**
   * Returns a name for a row that may be shown to its user: neither the id nor the row's key can be
   * found from it.
   *
   * @param key - The row's key.
   */
  handleOf(key: Buffer): string {
    const [newest] = this.#pads as [Pads];
    return hmac(newest, `handle:${key.toString('hex')}`).toString('base64url', 0, 18);
  }
}

/** Ids of PHP, which are the keys of their rows: for the tables of PHP programs. */
export class BareIds extends KeyedHash {
  override newId(): string {
    return takeRandom(ID_BYTES).toString('hex');
  }

  override isId(id: unknown): id is string {
    return typeof id === 'string' && PHP_ID.test(id);
  }

  override keysOf(id: string): [Buffer] {
    return [Buffer.from(id)];
  }
}

function padsOf(secret: Buffer): Pads {
  const key = Buffer.alloc(BLOCK);
  key.set(secret.length > BLOCK ? Buffer.from(hash('sha256', secret, 'hex'), 'hex') : secret);
  const inner = Buffer.alloc(BLOCK + LONGEST_TEXT);
  const outer = Buffer.alloc(BLOCK + HASH_BYTES);
  inner.set(key.map((b) => b ^ 0x36));
  outer.set(key.map((b) => b ^ 0x5c));
  return { inner, outer };
}

/** RFC 2104 by two one-shot hashes with hex between: half the time of `createHmac`. */
function hmac({ inner, outer }: Pads, text: string): Buffer {
  const length = inner.write(text, BLOCK);
  outer.write(hash('sha256', inner.subarray(0, BLOCK + length), 'hex'), BLOCK, 'hex');
  return Buffer.from(hash('sha256', outer, 'hex'), 'hex');
}

/** Returns a row's key as a key of a Map. */
export function nameOf(key: Buffer): string {
  return key.toString('latin1');
}
