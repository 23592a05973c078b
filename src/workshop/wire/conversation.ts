/**
 * Follows one connection of the MySQL protocol, far enough to name each statement.
 *
 * Never changes a byte. Once the bytes cannot be read (TLS, compression), `opaque` is set and no
 * more statements are reported.
 */
import { Answer, type AnswerShape, capability, type Prepared } from './answer.ts';
import { FieldReader, type ParameterType, readParameters } from './fields.ts';
import type { Packet } from './packets.ts';
import type { Statement, WireValue } from './statement.ts';

const command = {
  quit: 0x01,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  changeUser: 0x11,
  prepare: 0x16,
  execute: 0x17,
  longData: 0x18,
  close: 0x19,
  fetch: 0x1c,
} as const;

const answers: Partial<Record<number, AnswerShape>> = {
  [command.query]: 'result',
  [command.execute]: 'result',
  [command.prepare]: 'prepare',
  [command.fieldList]: 'fields',
  [command.fetch]: 'rows',
  [command.changeUser]: 'login',
};

const withoutAnswer: readonly number[] = [command.quit, command.longData, command.close];

interface PreparedStatement {
  sql: string;
  parameters: number;
  types: readonly ParameterType[];
}

interface Waiting {
  answer: Answer;
  statement: Statement | undefined;
  /** The text of a prepare, kept until the server has numbered it. */
  preparing: string | undefined;
}

/** The meaning of a client's packet. */
interface ClientMeaning {
  statement?: Statement | undefined;
  quit: boolean;
}

/** Milliseconds since 1970, independent of a mocked `Date`. */
export const wireTime = (): number => performance.timeOrigin + performance.now();

export class Conversation {
  /** The wire's number for the connection. */
  readonly connection: number;
  /** The server's number for the connection; 0 before its greeting. */
  thread = 0;
  /** True once the login is over and commands can be read. */
  loggedIn = false;
  /** True when the bytes cannot be read: they are passed on unseen. */
  opaque = false;
  readonly #prepared = new Map<number, PreparedStatement>();
  readonly #waiting: Waiting[] = [];
  #greeted = false;
  #answered = false;
  #serverCapabilities = 0;
  #capabilities = 0;

  constructor(connection: number) {
    this.connection = connection;
  }

  /** True while neither side owes the other an answer. */
  get idle(): boolean {
    return this.opaque || (this.loggedIn && this.#waiting.length === 0);
  }

  /** A packet on its way from the client to the server. */
  fromClient(packet: Packet): ClientMeaning {
    const nothing: ClientMeaning = { quit: false };
    if (!this.#answered) {
      this.#readLogin(packet.payload);
      return nothing;
    }
    if (!this.loggedIn || packet.sequence !== 0) return nothing;
    const code = packet.payload[0];
    if (code === undefined) return nothing;
    if (code === command.quit) return { quit: true };
    if (withoutAnswer.includes(code)) {
      if (code === command.close) this.#prepared.delete(packet.payload.readUInt32LE(1));
      return nothing;
    }
    const statement = this.#readStatement(code, packet.payload);
    const shape = answers[code] ?? 'one packet';
    this.#waiting.push({
      answer: new Answer(shape, (this.#capabilities & capability.deprecateEof) !== 0),
      statement,
      preparing: code === command.prepare ? packet.payload.toString('utf8', 1) : undefined,
    });
    return { statement, quit: false };
  }

  /** A packet on its way back; returns the statement that is answered with it. */
  fromServer(packet: Packet): Statement | undefined {
    if (!this.#greeted) {
      this.#readGreeting(packet.payload);
      return undefined;
    }
    if (!this.loggedIn) {
      // OK ends the login. Everything else is a step of the authentication, or its failure.
      this.loggedIn = packet.payload[0] === 0x00;
      return undefined;
    }
    const waiting = this.#waiting[0];
    if (!waiting?.answer.take(packet)) return undefined;
    this.#waiting.shift();
    const { answer, statement, preparing } = waiting;
    if (answer.prepared && preparing !== undefined) this.#remember(answer.prepared, preparing);
    if (!statement) return undefined;
    statement.ended = wireTime();
    statement.outcome = answer.outcome ?? { kind: 'done', affectedRows: 0, insertId: 0 };
    return statement;
  }

  /** The connection is closed: statements without an answer are lost. */
  abandon(): Statement[] {
    const lost = this.#waiting.splice(0).flatMap(({ statement }) => statement ?? []);
    for (const statement of lost) {
      statement.ended = wireTime();
      statement.outcome = { kind: 'lost' };
    }
    return lost;
  }

  #readGreeting(payload: Buffer): void {
    this.#greeted = true;
    // An error takes the greeting's place when the server has too many connections.
    if (payload[0] === 0xff) return;
    const fields = new FieldReader(payload, 1);
    fields.terminated();
    this.thread = fields.unsigned(4);
    fields.bytes(9);
    const low = fields.unsigned(2);
    fields.bytes(3);
    this.#serverCapabilities = (low | (fields.unsigned(2) << 16)) >>> 0;
  }

  #readLogin(payload: Buffer): void {
    this.#answered = true;
    this.#capabilities = (payload.readUInt32LE(0) & this.#serverCapabilities) >>> 0;
    this.opaque = (this.#capabilities & (capability.ssl | capability.compress)) !== 0;
  }

  #remember({ id, parameters }: Prepared, sql: string): void {
    this.#prepared.set(id, { sql, parameters, types: [] });
  }

  #readStatement(code: number, payload: Buffer): Statement | undefined {
    if (code === command.query) {
      const { sql, values } = this.#readQuery(payload);
      return this.#newStatement('text', sql, values);
    }
    if (code !== command.execute) return undefined;
    const prepared = this.#prepared.get(payload.readUInt32LE(1));
    if (!prepared) return undefined;
    return this.#newStatement('prepared', prepared.sql, this.#readValues(prepared, payload));
  }

  #newStatement(protocol: Statement['protocol'], sql: string, values: WireValue[]): Statement {
    const started = wireTime();
    return {
      connection: this.connection,
      thread: this.thread,
      protocol,
      sql,
      values,
      started,
      sent: started,
    };
  }

  #readQuery(payload: Buffer): { sql: string; values: WireValue[] } {
    const fields = new FieldReader(payload, 1);
    if ((this.#capabilities & capability.queryAttributes) === 0) {
      return { sql: fields.rest().toString('utf8'), values: [] };
    }
    const count = fields.lengthEncoded();
    fields.lengthEncoded();
    const { values } = readParameters(fields, count, [], true);
    return { sql: fields.rest().toString('utf8'), values };
  }

  #readValues(prepared: PreparedStatement, payload: Buffer): WireValue[] {
    const fields = new FieldReader(payload, 5);
    const flags = fields.unsigned(1);
    fields.unsigned(4);
    const attributes = (this.#capabilities & capability.queryAttributes) !== 0;
    const counted = attributes && (flags & 0x08) !== 0;
    if (prepared.parameters === 0 && !counted) return [];
    const count = counted ? fields.lengthEncoded() : prepared.parameters;
    const { values, types } = readParameters(fields, count, prepared.types, attributes);
    prepared.types = types;
    return values.slice(0, prepared.parameters);
  }
}
