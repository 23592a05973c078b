/** The exchanges that one response waits for: one for each middleware of ours that it has passed. */
import { PhpScopeError } from '../php/index.ts';
import type { Exchange } from './exchange.ts';

/** The exchange that a response waits for: a request of PHP, or a session of the store. */
export type Committing = Pick<
  Exchange,
  'needsCommit' | 'isMixedUp' | 'isCurrent' | 'namesSender' | 'commitNow'
> & {
  /** Whether a call of the session has failed; the page may have sent an error page of its own. */
  readonly hasFailed?: boolean;
};

/** The request that a held response answers. */
export interface PageOwner {
  /** Answers instead when this owner's session could not be saved; nothing has left yet. */
  fail(error: unknown): void;
  /** The page has ended the response. */
  endIfOver(): void;
}

const MIXED_UP =
  'A callback used $_SESSION in the context of another request, and then answered this one, whose ' +
  'session is still open: use promises or phpSessionOf(request) in callbacks that wait in a queue; ' +
  'to answer another visitor on purpose, call session_write_close() in their page first';

/**
 * Whether an answer stays although its session could not be saved: its status does not claim that it
 * was. A second error page in its place would tell the visitor less, and Express has no error handler
 * left by then.
 *
 * @param isKnown - Whether a call of the session had failed in the page before it answered.
 */
export function reportsFailure(status: number, isKnown: boolean): boolean {
  return status >= (isKnown ? 400 : 500);
}

/** Returns the status with which a framework answers an error of the page. */
export function statusOfError(error: unknown): number {
  const { status, statusCode } = Object(error) as Record<string, unknown>;
  return Number(status ?? statusCode) || 500;
}

/** The commits of one response. */
export class Commits {
  readonly #all: { readonly exchange: Committing; readonly owner: PageOwner }[] = [];

  /** Adds an exchange that must be committed before the response leaves. */
  add(exchange: Committing, owner: PageOwner): void {
    this.#all.push({ exchange, owner });
  }

  /** Whether the head must wait. */
  get areNeeded(): boolean {
    return this.#all.some(({ exchange }) => exchange.needsCommit);
  }

  /** Whether this code runs in the context of one of the requests. */
  get areCurrent(): boolean {
    return this.#all.some(({ exchange }) => exchange.isCurrent);
  }

  /** Whether a message may yet name the line that sends the head. */
  get nameSender(): boolean {
    return this.#all.some(({ exchange }) => exchange.namesSender);
  }

  /** The page has ended the response. */
  pageEnded(): void {
    for (const { owner } of this.#all) owner.endIfOver();
  }

  /**
   * Commits one exchange after the other, and stops at the first that fails: the response of an
   * error must not wait for the rest.
   *
   * @param release - Called when all are committed; at once if none has to wait.
   * @param discard - Receives the failure, whose it is, and whether the page knew of an earlier one.
   */
  run(
    release: () => void,
    discard: (error: unknown, owner: PageOwner, isKnown: boolean) => void,
    from = 0,
  ): void {
    for (const [at, { exchange, owner }] of this.#all.entries()) {
      if (at < from || !exchange.needsCommit) continue;
      const mixUp = exchange.isMixedUp ? new PhpScopeError(MIXED_UP) : undefined;
      const isKnown = exchange.hasFailed ?? false;
      const saving = exchange.commitNow('the response had begun');
      if (saving === undefined && mixUp === undefined) continue;
      Promise.resolve(saving).then(
        () => (mixUp ? discard(mixUp, owner, false) : this.run(release, discard, at + 1)),
        (error: unknown) => discard(error, owner, isKnown),
      );
      return;
    }
    release();
  }
}
