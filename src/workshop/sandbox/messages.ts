/** The events within a request. Times are milliseconds since 1970, with fractions. */

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
  /** The client's port, by which the lab recognises its own request. */
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
  /** The callback that sent it, if one was running. */
  step: number | undefined;
  statement: number;
  sql: string;
  values: string[];
  /** Its effect on locks, if it has one. */
  lock?: LockEffect | undefined;
  at: number;
}

export interface SqlEndMessage {
  type: 'sql-end';
  request: number;
  statement: number;
  /** `1 row`, `2 rows changed`, or the server's error. */
  outcome: string;
  failed: boolean;
  /** True when it asked for a lock and has it now. */
  got?: boolean | undefined;
  at: number;
}
