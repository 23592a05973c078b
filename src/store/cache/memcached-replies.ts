/**
 * The replies of memcached, as bytes that arrive in any pieces. The protocol is memcached's
 * `doc/protocol.txt`, "storage commands" and "retrieval command".
 */

/** A memcached that does not answer, refuses, or answers what its protocol does not know. */
export class CacheUnavailable extends Error {
  override readonly name = 'CacheUnavailable';
}

/** A value, and the number that memcached gave to this version of it. */
export interface Item {
  readonly value: Buffer;
  /** For `cas()`, which succeeds while the key still holds this version. */
  readonly cas: string;
}

/** The bytes that have arrived and that no command has taken yet. */
export class Replies {
  #bytes: Buffer = Buffer.alloc(0);

  add(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** Returns the first line, without its end; undefined while the line is incomplete. */
  line(): string | undefined {
    const end = this.#bytes.indexOf('\r\n');
    return end < 0 ? undefined : this.#bytes.toString('latin1', 0, end);
  }

  /** Returns a copy of bytes; undefined while they have not all arrived. */
  slice(from: number, length: number): Buffer | undefined {
    if (this.#bytes.length < from + length) return undefined;
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }

  get hasMore(): boolean {
    return this.#bytes.length > 0;
  }

  skip(length: number): void {
    this.#bytes = this.#bytes.subarray(length);
  }
}

/** SERVER_ERROR is about one command, such as a value that is too large; the connection stays usable. */
const OUTCOME = /^(?:STORED|NOT_STORED|EXISTS|NOT_FOUND|SERVER_ERROR .*)$/;

/**
 * Reads the reply to a storage command.
 *
 * @returns The line; undefined while it is incomplete.
 * @throws CacheUnavailable for a line that is no reply to such a command.
 */
export function readOutcome(replies: Replies): { answer: string } | undefined {
  const line = replies.line();
  if (line === undefined) return undefined;
  replies.skip(line.length + 2);
  if (OUTCOME.test(line)) return { answer: line };
  throw unexpected(line);
}

/**
 * Reads the reply to `gets`: `VALUE key flags length cas`, the bytes and `END`; or `END` alone.
 *
 * @returns The value, undefined for none; no answer while the reply is incomplete.
 * @throws CacheUnavailable for another reply, and for another key's.
 */
export function readItem(replies: Replies, key: string): { answer: Item | undefined } | undefined {
  const head = replies.line();
  if (head === undefined) return undefined;
  if (head === 'END') {
    replies.skip('END\r\n'.length);
    return { answer: undefined };
  }
  const [, found, length = '', cas = ''] = /^VALUE (\S+) \d+ (\d+) (\d+)$/.exec(head) ?? [];
  if (found !== key) throw unexpected(head);
  const begin = head.length + 2;
  const end = begin + Number(length);
  const value = replies.slice(begin, Number(length));
  const rest = replies.slice(end, '\r\nEND\r\n'.length);
  if (value === undefined || rest === undefined) return undefined;
  if (rest.toString('latin1') !== '\r\nEND\r\n') throw unexpected('a value of another length');
  replies.skip(end + rest.length);
  return { answer: { value, cas } };
}

/** Returns the error of a reply. The line may repeat the key; only its first words go into the message. */
export function unexpected(line: string): CacheUnavailable {
  const said = /^(?:(?:SERVER|CLIENT)_ERROR [\w ]{1,60}|[A-Z_]{1,20})/.exec(line)?.[0] ?? 'no word';
  return new CacheUnavailable(`memcached answered ${JSON.stringify(said)}`);
}
