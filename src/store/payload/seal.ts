/** Sealing of payloads: encrypted, authenticated, and bound to their row. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { SessionUnreadable } from '../errors.ts';
import { bytesOfSecrets } from '../secrets.ts';

/** Options of the sealing of payloads. */
export interface SealOptions {
  /**
   * The keys, each of 32 bytes or more (`openssl rand -base64 32`). The first one seals, all of them
   * open; they rotate as `secrets` do.
   */
  readonly keys: readonly (string | Uint8Array)[];
  /**
   * Whether payloads that are not sealed are read as well, while a table that has some is migrated.
   * As long as they are, a program that can write the table can replace a sealed payload by its own.
   *
   * @default false
   */
  readonly readUnsealed?: boolean | undefined;
}

/** A payload's place: the key of its row. */
interface Place {
  readonly key: Buffer;
  readonly data: Buffer;
}

/** Turns payloads into what the table holds, and back. */
export interface Sealing {
  /** The bytes by which a payload grows. */
  readonly overhead: number;
  /** Returns what the row holds for a payload. */
  close(key: Buffer, data: Buffer): Buffer;
  /**
   * Returns a row with its payload.
   *
   * @throws SessionUnreadable for a payload of another row, a changed one, or one of an unknown key.
   */
  open<Row extends Place>(row: Row): Row;
}

/** No format of a session begins like this: 0xff is in no UTF-8, and is no length of php_binary. */
const MAGIC = Buffer.from([0xff, 0x50, 0x53, 0x01]);
const MAGIC_BYTES = 4;
const NAME_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = MAGIC_BYTES + NAME_BYTES + IV_BYTES;

/**
 * Returns whether bytes are a sealed payload.
 *
 * @param data - The data of a row.
 */
export function isSealed(data: Buffer): boolean {
  return data.length >= HEAD_BYTES + TAG_BYTES && data.subarray(0, MAGIC_BYTES).equals(MAGIC);
}

/**
 * Payloads as they are. A sealed one is refused already when its row is read: a move to another key
 * would make it unreadable for every process.
 */
export const plain: Sealing = {
  overhead: 0,
  close: (_key, data) => data,
  open: (row) => {
    if (!isSealed(row.data)) return row;
    throw new SessionUnreadable('it is sealed: give the store its keys, `seal`');
  },
};

/**
 * AES-256-GCM under a key of the row's own, with the row's key as associated data (NIST SP 800-38D).
 * A key for each row keeps the number of random nonces under one key small, however many sessions
 * there are.
 *
 * The head names the key of the ring: 4 bytes, the first ones of an HMAC.
 */
export class PayloadSeal implements Sealing {
  readonly overhead: number = HEAD_BYTES + TAG_BYTES;
  readonly #keys: readonly { readonly name: Buffer; readonly key: Buffer }[];
  readonly #readsUnsealed: boolean;

  /** @throws SessionSetupError without a key, or with one of fewer than 32 bytes. */
  constructor({ keys, readUnsealed = false }: SealOptions) {
    this.#keys = bytesOfSecrets('seal.keys', keys).map((key) => ({
      name: derive(key, 'name', '').subarray(0, NAME_BYTES),
      key,
    }));
    this.#readsUnsealed = readUnsealed;
  }

  close(key: Buffer, data: Buffer): Buffer {
    const [newest] = this.#keys as [{ name: Buffer; key: Buffer }];
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', derive(newest.key, 'row', key), iv).setAAD(key);
    return Buffer.concat([
      MAGIC,
      newest.name,
      iv,
      cipher.update(data),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
  }

  open<Row extends Place>(row: Row): Row {
    const { key, data } = row;
    if (!isSealed(data)) {
      if (this.#readsUnsealed) return row;
      throw new SessionUnreadable('it is not sealed, and seal.readUnsealed is not set');
    }
    const name = data.subarray(MAGIC_BYTES, MAGIC_BYTES + NAME_BYTES);
    const entry = this.#keys.find((each) => each.name.equals(name));
    if (entry === undefined) throw new SessionUnreadable('it is sealed under none of seal.keys');
    const iv = data.subarray(HEAD_BYTES - IV_BYTES, HEAD_BYTES);
    const options = { authTagLength: TAG_BYTES };
    const opener = createDecipheriv('aes-256-gcm', derive(entry.key, 'row', key), iv, options);
    opener.setAAD(key).setAuthTag(data.subarray(-TAG_BYTES));
    try {
      const sealed = data.subarray(HEAD_BYTES, -TAG_BYTES);
      return { ...row, data: Buffer.concat([opener.update(sealed), opener.final()]) };
    } catch {
      throw new SessionUnreadable('its seal is wrong: it was changed, or belongs to another row');
    }
  }
}

function derive(key: Buffer, purpose: string, of: Buffer | string): Buffer {
  return createHmac('sha256', key).update(`phpsessid seal ${purpose}\0`).update(of).digest();
}
