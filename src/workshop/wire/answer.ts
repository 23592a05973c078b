/** Follows the server's answer to one command, packet by packet, to its end. */
import { FieldReader } from './fields.ts';
import type { Packet } from './packets.ts';
import type { Outcome } from './statement.ts';

export const capability = {
  connectWithDatabase: 0x8,
  ssl: 0x800,
  compress: 0x20,
  queryAttributes: 0x8000000,
  deprecateEof: 0x1000000,
} as const;

/** The shape of a command's answer. */
export type AnswerShape = 'result' | 'prepare' | 'one packet' | 'rows' | 'fields' | 'login';

export interface Prepared {
  id: number;
  parameters: number;
}

const moreResults = 0x8;
const header = { ok: 0x00, localFile: 0xfb, eof: 0xfe, error: 0xff } as const;

/** Reads one answer. */
export class Answer {
  outcome: Outcome | undefined;
  /** Set by the answer to a prepare. */
  prepared: Prepared | undefined;
  readonly #deprecateEof: boolean;
  #expect: AnswerShape | 'definitions';
  /** Definitions, and the end marks between them, that are still to come. */
  #pending = 0;
  #rows = 0;
  #bytes = 0;

  constructor(shape: AnswerShape, deprecateEof: boolean) {
    this.#expect = shape;
    this.#deprecateEof = deprecateEof;
  }

  /** Takes the next packet; true when the answer is complete with it. */
  take({ payload }: Packet): boolean {
    const first = payload[0];
    if (this.#expect === 'one packet') return this.#takeEnd(payload);
    if (this.#expect === 'login') {
      return (first === header.ok || first === header.error) && this.#takeEnd(payload);
    }
    // Neither a definition nor a row begins with 0xff.
    if (first === header.error) return this.#takeEnd(payload);
    switch (this.#expect) {
      case 'result':
        return this.#takeResult(payload);
      case 'prepare':
        return this.#takePrepare(payload);
      case 'definitions':
        this.#pending -= 1;
        return this.#pending === 0;
      case 'fields':
        return isEnd(payload);
      case 'rows':
        return this.#takeRow(payload);
    }
  }

  /** An OK, a number of columns, or a request for a local file. */
  #takeResult(payload: Buffer): boolean {
    if (this.#pending > 0) {
      this.#pending -= 1;
      if (this.#pending === 0) this.#expect = 'rows';
      return false;
    }
    if (payload[0] === header.ok) return this.#takeEnd(payload);
    // The client sends the file and an empty packet; the server's OK comes after that.
    if (payload[0] === header.localFile) return false;
    const columns = new FieldReader(payload).lengthEncoded();
    this.#rows = this.#bytes = 0;
    this.#pending = columns + (this.#deprecateEof ? 0 : 1);
    return false;
  }

  #takePrepare(payload: Buffer): boolean {
    const fields = new FieldReader(payload, 1);
    const id = fields.unsigned(4);
    const columns = fields.unsigned(2);
    const parameters = fields.unsigned(2);
    this.prepared = { id, parameters };
    const end = this.#deprecateEof ? 0 : 1;
    this.#pending = (parameters && parameters + end) + (columns && columns + end);
    this.#expect = 'definitions';
    return this.#pending === 0;
  }

  #takeRow(payload: Buffer): boolean {
    if (!isEnd(payload)) {
      this.#rows += 1;
      this.#bytes += payload.length;
      return false;
    }
    this.outcome = { kind: 'rows', rows: this.#rows, bytes: this.#bytes };
    const more = (readStatus(payload, this.#deprecateEof) & moreResults) !== 0;
    if (more) this.#expect = 'result';
    return !more;
  }

  /** An OK or an error. */
  #takeEnd(payload: Buffer): boolean {
    if (payload[0] === header.error) {
      this.outcome = readError(payload);
      return true;
    }
    if (payload[0] !== header.ok) return true;
    const fields = new FieldReader(payload, 1);
    const affectedRows = fields.lengthEncoded();
    const insertId = fields.lengthEncoded();
    this.outcome = { kind: 'done', affectedRows, insertId };
    const more = fields.left >= 2 && (fields.unsigned(2) & moreResults) !== 0;
    return !(more && this.#expect === 'result');
  }
}

/** 0xfe also begins a row whose first field is longer than 16 MiB; such a packet is long. */
function isEnd(payload: Buffer): boolean {
  return payload[0] === header.eof && payload.length < 0xffffff;
}

function readStatus(payload: Buffer, deprecateEof: boolean): number {
  const fields = new FieldReader(payload, 1);
  if (!deprecateEof) return payload.length >= 5 ? payload.readUInt16LE(3) : 0;
  fields.lengthEncoded();
  fields.lengthEncoded();
  return fields.left >= 2 ? fields.unsigned(2) : 0;
}

function readError(payload: Buffer): Outcome {
  const fields = new FieldReader(payload, 1);
  const code = fields.unsigned(2);
  const text = fields.rest().toString('utf8');
  return text.startsWith('#')
    ? { kind: 'error', code, state: text.slice(1, 6), message: text.slice(6) }
    : { kind: 'error', code, state: '', message: text };
}
