/** A request of the timeline: its callbacks and its statements. */
import type { CallbackMessage, RequestMessage, SqlMessage } from '../sandbox/messages.ts';

/** The sender of a request: one of the lab's clients, or a program outside such as curl. */
export type Sender = 'you' | 'mallory' | 'outside';

export interface Statement
  extends Pick<SqlMessage, 'statement' | 'sql' | 'values' | 'lock' | 'at'> {
  end: number | undefined;
  outcome: string | undefined;
  failed: boolean;
  /** True when it got the lock that it asked for. */
  got: boolean | undefined;
}

export interface Step extends Pick<CallbackMessage, 'step' | 'name' | 'values' | 'at'> {
  end: number | undefined;
  answer: string | undefined;
  error: string | undefined;
  /** The line of the class that threw the error. */
  place: string | undefined;
  statements: Statement[];
}

export interface RequestEntry extends Pick<RequestMessage, 'method' | 'url' | 'at'> {
  /** Counted over all processes of one class. */
  number: number;
  sender: Sender;
  pid: number;
  end: number | undefined;
  status: number | undefined;
  steps: Step[];
  /** Statements outside of callbacks. */
  statements: Statement[];
  /** The number of statements that are not kept. */
  further: number;
}
