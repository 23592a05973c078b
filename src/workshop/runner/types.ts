/** The type errors of the learner's class, as their editor shows them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripTypes } from '../machine/program.ts';
import { keepTrackOf } from '../sandbox/children.ts';
import type { TypeProblem } from './types-service.ts';
import { findSnapshot, mineOrder } from './types-snapshot.ts';

const program = fileURLToPath(new URL('./types-program.ts', import.meta.url));

/**
 * Type-checks the learner's class in a process that stays, because only the first check is slow.
 *
 * @example
 * const types = new TypeChecker();
 * const problems = await types.check();
 * types.close();
 */
export class TypeChecker {
  #child: ChildProcess | undefined;
  #snapshot: string | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param snapshot - The snapshot to start from; without one, the first check takes longer. */
  constructor(snapshot: string | undefined = findSnapshot()) {
    this.#snapshot = snapshot;
  }

  /**
   * Checks the file as it is when the check begins; a running check ends first. The promise may be
   * awaited late: its rejection is handled here.
   *
   * @returns The problems, in the order of the files and lines.
   * @throws Error when the process ends instead.
   */
  check(): Promise<TypeProblem[]> {
    const result = this.#last.then(() => this.#ask().catch((error) => this.#askAgain(error)));
    this.#last = result.catch(() => {});
    return result;
  }

  /** Ends the process; a running check rejects. */
  close(): void {
    this.#isClosed = true;
    this.#child?.kill('SIGKILL');
  }

  async #ask(): Promise<TypeProblem[]> {
    const child = this.#running();
    const over = new AbortController();
    const { signal } = over;
    const ended = once(child, 'exit', { signal }).then(() => {
      throw new Error('the type check has ended without a result');
    });
    child.ref();
    child.channel?.ref();
    // The end of a process is reported by its event; without a function here, it would be thrown.
    child.send(mineOrder, () => {});
    try {
      const answered = once(child, 'message', { signal });
      const [problems] = (await Promise.race([answered, ended])) as [TypeProblem[]];
      return problems;
    } finally {
      over.abort();
      // Between two checks the process must not keep the workshop from ending.
      child.unref();
      child.channel?.unref();
    }
  }

  /** A process that could not start from the snapshot gets a second chance without it. */
  #askAgain(error: unknown): Promise<TypeProblem[]> {
    if (this.#snapshot === undefined || this.#isClosed) throw error;
    this.#snapshot = undefined;
    this.#child = undefined;
    return this.#ask();
  }

  #running(): ChildProcess {
    if (this.#child?.connected) return this.#child;
    const execArgv = this.#snapshot ? ['--snapshot-blob', this.#snapshot] : [...stripTypes];
    const child = fork(program, { execArgv, stdio: 'ignore' });
    keepTrackOf(child);
    this.#child = child;
    return child;
  }
}
