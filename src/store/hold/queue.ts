/**
 * One queue per session, before the pool: requests that wait for one session in this process take no
 * connection, and so do not keep the requests of other sessions waiting.
 */
import type { Deadline } from '../database/deadline.ts';
import { SessionLockTimeout } from '../errors.ts';
import { nameOf } from '../identifiers.ts';
import { settleOnce } from '../settle-once.ts';

/** A request's turn at one session. */
export interface Turn {
  /** Lets the next one begin. */
  leave(): void;
}

interface Line {
  readonly waiting: Set<() => void>;
}

/** The queues of one process. A queue exists while a request is in it. */
export class Queues {
  readonly #lines = new Map<string, Line>();

  /** How many sessions have a queue. */
  get size(): number {
    return this.#lines.size;
  }

  /**
   * Waits for a turn.
   *
   * @param key - The session's key.
   * @throws SessionLockTimeout; the signal's reason.
   */
  async enter(key: Buffer, deadline: Deadline): Promise<Turn> {
    const { signal, patience } = deadline;
    signal?.throwIfAborted();
    const name = nameOf(key);
    const line = this.#lines.get(name);
    if (line === undefined) {
      const first: Line = { waiting: new Set() };
      this.#lines.set(name, first);
      return this.#turn(name, first);
    }
    const wait = new Promise<void>((resolve, reject) => {
      const settle = settleOnce(patience, signal, (reason) => {
        line.waiting.delete(begin);
        reject(reason ?? new SessionLockTimeout(Math.round(patience)));
      });
      const begin = (): void => {
        line.waiting.delete(begin);
        settle();
        resolve();
      };
      line.waiting.add(begin);
    });
    await deadline.whileLocked(() => wait);
    return this.#turn(name, line);
  }

  #turn(name: string, line: Line): Turn {
    let isOver = false;
    return {
      leave: () => {
        if (isOver) return;
        isOver = true;
        const [next] = line.waiting;
        if (next === undefined) this.#lines.delete(name);
        else next();
      },
    };
  }
}
