/** What a play process tells the lab. Times are milliseconds since 1970, with fractions. */

import type { LockEffect } from './locks.ts';

export type Message =
  | RequestMessage
  | CallbackMessage
  | CallbackEndMessage
  | SqlMessage
  | SqlEndMessage
  | ResponseMessage;

export interface RequestMessage {
  type: 'request';
  request: number;
  method: string;
  url: string;
  /** The other end of the connection, by which the lab knows its own request again. */
  remotePort: number;
  at: number;
}

export interface ResponseMessage {
  type: 'response';
  request: number;
  status: number;
  at: number;
}

export interface CallbackMessage {
  type: 'callback';
  request: number;
  step: number;
  name: string;
  /** As the class received them, cut where they are long. */
  values: string[];
  at: number;
}

export interface CallbackEndMessage {
  type: 'callback-end';
  request: number;
  step: number;
  answer: string | undefined;
  error: string | undefined;
  at: number;
}

export interface SqlMessage {
  type: 'sql';
  request: number;
  /** The callback that asked, when one was running. */
  step: number | undefined;
  statement: number;
  sql: string;
  values: string[];
  /** What it does to locks, when it does something. */
  lock?: LockEffect | undefined;
  at: number;
}

export interface SqlEndMessage {
  type: 'sql-end';
  request: number;
  statement: number;
  /** `1 row`, `2 rows changed`, or the server's complaint. */
  outcome: string;
  failed: boolean;
  /** Whether it has the lock now, when it asked for one. */
  got?: boolean | undefined;
  at: number;
}
