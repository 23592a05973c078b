/** Holds statements back, so that a race happens every time. */
import { afterSilence } from './silence.ts';
import type { Statement } from './statement.ts';

export interface GateOptions {
  /**
   * `full`: the gate opens by itself as soon as all have arrived; `by hand`: only `open` opens it.
   *
   * @default 'full'
   */
  opens?: 'full' | 'by hand' | undefined;
  /**
   * Holds the statement on its way to the server, or the server's answer.
   *
   * @default 'statement'
   */
  holds?: 'statement' | 'answer' | undefined;
  /**
   * Milliseconds of silence after the first arrival, when a gate that does not fill opens all the
   * same: a class that locks never sends its second statement while the first is held. A client
   * that is still at work is waited for, three times as long at most.
   *
   * @default 2000
   */
  patience?: number | undefined;
  /**
   * Whether the gate holds a statement that matches, as when several clients send the same one.
   *
   * @default every one
   */
  where?: ((statement: Statement) => boolean) | undefined;
}

/** A gate, and the statements that have arrived at it. */
export interface Gate {
  /** True once all statements have arrived; false when the gate was opened before that. */
  readonly arrived: Promise<boolean>;
  /**
   * Waits for all statements of a call, also for one that the call does not wait for itself.
   *
   * @param call - The call; its error is its caller's.
   * @returns Whether all have arrived; false once the call is over and nothing is under way.
   */
  reached(call: Promise<unknown>): Promise<boolean>;
  /** The statements that have arrived, in order. */
  readonly statements: readonly Statement[];
  /** Lets the held and all further statements through. */
  open(): void;
  /** Cuts the connections of the held statements: their clients never get an answer. */
  cut(): void;
}

/** Milliseconds of silence after a call, in which a statement comes that it has not waited for. */
const AFTERWARDS = 200;

/** Returns SQL without comments and MariaDB's `SET STATEMENT … FOR`: a pattern may begin with `^`. */
function bareSql(sql: string): string {
  const bare = sql.replace(/\/\*[\s\S]*?\*\/|^\s*(?:#|--\s).*$/gm, ' ').trimStart();
  return bare.replace(/^SET\s+STATEMENT\b[\s\S]*?\bFOR\s+/i, '');
}

interface Held {
  proceed(): void;
  cut(): void;
}

/** The wire's side of a gate. */
export class WireGate implements Gate {
  readonly arrived: Promise<boolean>;
  readonly statements: Statement[] = [];
  readonly holds: 'statement' | 'answer';
  readonly #count: number;
  readonly #pattern: RegExp;
  readonly #byHand: boolean;
  readonly #patience: number;
  readonly #where: (statement: Statement) => boolean;
  readonly #held: Held[] = [];
  #settle: (complete: boolean) => void = () => {};
  readonly #progress: () => number;
  #stopWaiting: (() => void) | undefined;
  #opened = false;

  /**
   * @param progress - A number that grows with every event on the wire.
   * @throws RangeError when `count` is not a whole number above 0.
   */
  constructor(count: number, pattern: RegExp, progress: () => number, options: GateOptions = {}) {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`A gate holds 1 statement or more, got ${count}`);
    }
    this.#count = count;
    // A pattern with /g or /y keeps its position and would skip every other statement.
    this.#pattern = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
    this.#progress = progress;
    this.#byHand = options.opens === 'by hand';
    this.#patience = options.patience ?? 2000;
    this.#where = options.where ?? (() => true);
    this.holds = options.holds ?? 'statement';
    this.arrived = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  async reached(call: Promise<unknown>): Promise<boolean> {
    const quiet = call
      .catch(() => {})
      .then(
        () => new Promise<void>((end) => afterSilence(AFTERWARDS, this.#progress, () => end())),
      );
    return await Promise.race([this.arrived, quiet.then(() => false)]);
  }

  /** True while a statement waits here. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** True when the gate holds this statement; the call counts it. */
  admits(statement: Statement): boolean {
    if (this.#opened || this.statements.length >= this.#count) return false;
    if (!this.#pattern.test(bareSql(statement.sql)) || !this.#where(statement)) return false;
    this.statements.push(statement);
    return true;
  }

  /** Keeps a statement until the gate opens. */
  hold(held: Held): void {
    if (this.#opened) {
      held.proceed();
      return;
    }
    this.#held.push(held);
    if (this.#held.length === this.#count) {
      this.#settle(true);
      this.#stopWaiting?.();
      if (!this.#byHand) this.open();
      return;
    }
    this.#stopWaiting ??= afterSilence(this.#patience, this.#progress, () => this.open());
  }

  open(): void {
    this.#finish((held) => held.proceed());
  }

  cut(): void {
    this.#finish((held) => held.cut());
  }

  #finish(act: (held: Held) => void): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#stopWaiting?.();
    this.#settle(false);
    for (const held of this.#held.splice(0)) act(held);
  }
}
