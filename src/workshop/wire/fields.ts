/** Reads the fields of one packet, in the protocol's order. */
import type { WireValue } from './statement.ts';

/** A cursor over a payload. Reading past its end throws a RangeError, as `Buffer` does. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, start = 0) {
    this.#bytes = bytes;
    this.#at = start;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A little-endian unsigned number of 1 to 6 bytes. */
  unsigned(size: number): number {
    const value = this.#bytes.readUIntLE(this.#at, size);
    this.#at += size;
    return value;
  }

  signed(size: number): number {
    const value = this.#bytes.readIntLE(this.#at, size);
    this.#at += size;
    return value;
  }

  bytes(length: number): Buffer {
    if (length > this.left) throw new RangeError(`${length} bytes wanted, ${this.left} left`);
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  /** A length-encoded integer: one byte up to 250, else 0xfc, 0xfd or 0xfe and 2, 3 or 8 bytes. */
  lengthEncoded(): number {
    const first = this.unsigned(1);
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.unsigned(2);
    if (first === 0xfd) return this.unsigned(3);
    const value = this.#bytes.readBigUInt64LE(this.#at);
    this.#at += 8;
    return Number(value);
  }

  lengthEncodedBytes(): Buffer {
    return this.bytes(this.lengthEncoded());
  }

  /** A string that ends with a zero byte. */
  terminated(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new RangeError('a string without its end');
    const value = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return value;
  }

  eightBytes(unsigned: boolean): number | bigint {
    const value = unsigned
      ? this.#bytes.readBigUInt64LE(this.#at)
      : this.#bytes.readBigInt64LE(this.#at);
    this.#at += 8;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  float(): number {
    const value = this.#bytes.readFloatLE(this.#at);
    this.#at += 4;
    return value;
  }

  double(): number {
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }
}

/** A parameter's type, as COM_STMT_EXECUTE sends it. */
export interface ParameterType {
  code: number;
  unsigned: boolean;
}

/**
 * Reads the values bound to a statement: null bitmap, types if they are sent, values.
 *
 * @param fields - At the null bitmap.
 * @param known - The types of the execution before, which a client need not repeat.
 * @param named - True where each type is followed by a name (query attributes).
 * @returns The values, and the types for the next execution.
 */
export function readParameters(
  fields: FieldReader,
  count: number,
  known: readonly ParameterType[],
  named: boolean,
): { values: WireValue[]; types: readonly ParameterType[] } {
  if (count === 0) return { values: [], types: [] };
  const nulls = fields.bytes(Math.ceil(count / 8));
  const bound = fields.unsigned(1) === 1;
  const types = bound
    ? Array.from({ length: count }, () => {
        const code = fields.unsigned(1);
        const unsigned = (fields.unsigned(1) & 0x80) !== 0;
        if (named) fields.lengthEncodedBytes();
        return { code, unsigned };
      })
    : known;
  const values = types.map((type, index) => {
    const isNull = ((nulls[index >> 3] ?? 0) >> (index & 7)) & 1;
    return isNull ? null : readValue(fields, type);
  });
  return { values, types };
}

function readValue(fields: FieldReader, { code, unsigned }: ParameterType): WireValue {
  switch (code) {
    case 0x01: // TINY
      return unsigned ? fields.unsigned(1) : fields.signed(1);
    case 0x02: // SHORT
    case 0x0d: // YEAR
      return unsigned ? fields.unsigned(2) : fields.signed(2);
    case 0x03: // LONG
    case 0x09: // INT24
      return unsigned ? fields.unsigned(4) : fields.signed(4);
    case 0x04:
      return fields.float();
    case 0x05:
      return fields.double();
    case 0x06:
      return null;
    case 0x08: // LONGLONG
      return fields.eightBytes(unsigned);
    case 0x07: // TIMESTAMP
    case 0x0a: // DATE
    case 0x0c: // DATETIME
      return readDate(fields);
    case 0x0b:
      return readTime(fields);
    default:
      return readString(fields.lengthEncodedBytes());
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text if the bytes are valid UTF-8, else the bytes. */
function readString(bytes: Buffer): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    return new Uint8Array(bytes);
  }
}

const pad = (value: number, length = 2): string => String(value).padStart(length, '0');

function readDate(fields: FieldReader): string {
  const length = fields.unsigned(1);
  if (length === 0) return '0000-00-00';
  const date = `${pad(fields.unsigned(2), 4)}-${pad(fields.unsigned(1))}-${pad(fields.unsigned(1))}`;
  if (length < 7) return date;
  return `${date} ${readClock(fields, fields.unsigned(1), length === 11)}`;
}

function readTime(fields: FieldReader): string {
  const length = fields.unsigned(1);
  if (length === 0) return '00:00:00';
  const sign = fields.unsigned(1) === 1 ? '-' : '';
  const days = fields.unsigned(4);
  return `${sign}${readClock(fields, days * 24 + fields.unsigned(1), length === 12)}`;
}

function readClock(fields: FieldReader, hours: number, fraction: boolean): string {
  const time = `${pad(hours)}:${pad(fields.unsigned(1))}:${pad(fields.unsigned(1))}`;
  return fraction ? `${time}.${pad(fields.unsigned(4), 6)}` : time;
}
