/** The events within a request. */
import type { LockEffect } from './locks.ts';

export type Message =
  | RequestMessage
  | CallbackMessage
  | CallbackEndMessage
  | SqlMessage
  | SqlEndMessage
  | ResponseMessage;

interface EventOfRequest {
  request: number;
  /** Milliseconds since 1970, with fractions. */
  at: number;
}

export interface RequestMessage extends EventOfRequest {
  type: 'request';
  method: string;
  url: string;
  /** The client's port, by which the lab recognises its own request. */
  remotePort: number;
}

interface ResponseMessage extends EventOfRequest {
  type: 'response';
  /** Undefined when the connection was closed before the response began. */
  status: number | undefined;
}

export interface CallbackMessage extends EventOfRequest {
  type: 'callback';
  step: number;
  name: string;
  /** As the class received them, cut where they are long. */
  values: string[];
}

interface CallbackEndMessage extends EventOfRequest {
  type: 'callback-end';
  step: number;
  answer: string | undefined;
  error: string | undefined;
  /** The line of the class that threw the error: `lessons/mine/sessions.ts:31`. */
  place: string | undefined;
}

export interface SqlMessage extends EventOfRequest {
  type: 'sql';
  /** The callback that sent it, if one was running. */
  step: number | undefined;
  statement: number;
  sql: string;
  values: string[];
  /** Its effect on locks, if it has one. */
  lock: LockEffect | undefined;
}

interface SqlEndMessage extends EventOfRequest {
  type: 'sql-end';
  statement: number;
  /** `1 row`, `1 row: 7` for one number, `2 rows affected`, or the server's error. */
  outcome: string;
  failed: boolean;
  /** True if the statement acquired the lock that it asked for. */
  got: boolean | undefined;
}
