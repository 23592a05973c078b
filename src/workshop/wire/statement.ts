/** One statement as it crossed the wire. */

/** A bound value, decoded from the binary protocol. */
export type WireValue = string | number | bigint | null | Uint8Array;

export type Outcome =
  | { kind: 'done'; affectedRows: number; insertId: number }
  | { kind: 'rows'; rows: number; bytes: number }
  | { kind: 'error'; code: number; state: string; message: string }
  /** The connection was closed before an answer came. */
  | { kind: 'lost' };

export interface Statement {
  /** The connection it came on, counted from 1. */
  readonly connection: number;
  /** The server's own number for that connection, as `SHOW PROCESSLIST` shows it. */
  readonly thread: number;
  /** The protocol of the statement: text, or prepared with separate values. */
  readonly protocol: 'text' | 'prepared';
  readonly sql: string;
  readonly values: readonly WireValue[];
  /** Milliseconds since 1970 with fractions, from the monotonic clock, so a mocked `Date` does not matter. */
  readonly started: number;
  /** The time at which a gate released it; equal to `started` without a gate. */
  sent: number;
  /** Undefined while it runs. */
  ended?: number | undefined;
  outcome?: Outcome | undefined;
}
