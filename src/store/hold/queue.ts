/**
 * One queue per session, before the pool: requests that wait for one session in this process take no
 * connection, and so do not keep the requests of other sessions waiting.
 */
import { SessionLockTimeout } from '../errors.ts';
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
   * @param timeout - Milliseconds.
   * @throws SessionLockTimeout; the signal's reason.
   */
  async enter(key: Buffer, timeout: number, signal?: AbortSignal): Promise<Turn> {
    signal?.throwIfAborted();
    const name = key.toString('latin1');
    const line = this.#lines.get(name);
    if (line === undefined) {
      const first: Line = { waiting: new Set() };
      this.#lines.set(name, first);
      return this.#turn(name, first);
    }
    await new Promise<void>((resolve, reject) => {
      const settle = settleOnce(timeout, signal, (reason) => {
        line.waiting.delete(begin);
        reject(reason ?? new SessionLockTimeout(timeout));
      });
      const begin = (): void => {
        line.waiting.delete(begin);
        settle();
        resolve();
      };
      line.waiting.add(begin);
    });
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
