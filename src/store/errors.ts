/**
 * Every error of the store. None has a Node error code as `code`: session layers take `ENOENT` for
 * "no such session" and would answer a failure as a logged-out visitor. None holds an id, session
 * data or a database address; the driver's own error is the `cause`.
 */

/** The beginning of a message about a save whose answer was lost; the reason follows. */
export const IN_DOUBT: string = 'It is not known whether the session was saved: ';

/**
 * The common class of the store's errors.
 *
 * @example
 * new SessionConflict(['cart']) instanceof SessionError; // true
 */
export class SessionError extends Error {
  /**
   * Makes an error that is named after its class.
   *
   * @param message - The reason and its remedy.
   * @param cause - The error underneath, such as the driver's.
   */
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
  }
}

/**
 * The database could not be reached, or did not answer in time. Answer 503, never an empty session.
 *
 * @example
 * new SessionUnavailable('the database did not answer within 5 s').name; // 'SessionUnavailable'
 */
export class SessionUnavailable extends SessionError {}

/**
 * The table, its rights, the server or an option does not fit; trying again will not help. The
 * message names the remedy.
 *
 * @example
 * new SessionSetupError('the table "sessions" is missing').name; // 'SessionSetupError'
 */
export class SessionSetupError extends SessionError {}

/**
 * Another request saved the same keys, and `onConflict` is `'reject'`, or the payload cannot be
 * merged. Nothing was written: read again and repeat.
 *
 * @example
 * new SessionConflict(['cart']).keys; // [ 'cart' ]
 */
export class SessionConflict extends SessionError {
  /** The names of the keys that both requests changed; their values are not part of the error. */
  readonly keys: readonly string[];

  /**
   * Reports a save that was not made because of another one.
   *
   * @param keys - The keys that both requests changed.
   * @param reason - Why nothing was written.
   * @param cause - The error underneath.
   */
  constructor(
    keys: readonly string[],
    reason = 'another request saved the same keys',
    cause?: unknown,
  ) {
    super(`The session was not saved: ${reason}`, cause);
    this.keys = keys;
  }
}

/**
 * Another request held the session's lock for longer than `lockTimeout`. Answer 503.
 *
 * @example
 * new SessionLockTimeout(30_000) instanceof SessionError; // true
 */
export class SessionLockTimeout extends SessionError {
  /**
   * Reports a wait that was too long.
   *
   * @param milliseconds - The time that the request has waited for the lock.
   */
  constructor(milliseconds: number) {
    super(
      `Another request still has the session's lock after ${milliseconds} ms: close() sessions before ` +
        'slow work, or raise lockTimeout',
    );
  }
}

/**
 * The lock ended before the save, because its connection or its lease was lost. Nothing was written,
 * unless the answer to the save itself was lost, as the message says: the server may make it yet.
 *
 * @example
 * new SessionLockLost().message; // 'The session was not saved: its lock was lost before the save'
 */
export class SessionLockLost extends SessionError {
  /**
   * Reports whether the save may have been made.
   *
   * @param cause - The driver's error, if the loss was found by one.
   * @param isCertain - Whether the save was not made; false if its answer was lost.
   */
  constructor(cause?: unknown, isCertain = true) {
    super(
      isCertain
        ? 'The session was not saved: its lock was lost before the save'
        : `${IN_DOUBT}its lock and the answer were lost`,
      cause,
    );
  }
}

/**
 * The data does not fit into the column or into one packet of the server. Nothing was sent.
 *
 * @example
 * new SessionTooLarge(70_000, 65_535).limit; // 65535
 */
export class SessionTooLarge extends SessionError {
  /** The data's size in bytes. */
  readonly size: number;
  /** The largest size that the server takes. */
  readonly limit: number;

  /**
   * Compares the size with the limit in the message.
   *
   * @param size - The data's size in bytes.
   * @param limit - The largest size that the server takes.
   */
  constructor(size: number, limit: number) {
    super(
      `The session has ${size} bytes, the server takes ${limit}: store less in it, or raise ` +
        "max_allowed_packet and the column's type",
    );
    this.size = size;
    this.limit = limit;
  }
}

/**
 * A value would come back as another value, such as a Date in JSON. Nothing was written.
 *
 * @example
 * new SessionValueError('cart[2].when', 'a Date').message; // 'cart[2].when: a Date cannot be stored'
 */
export class SessionValueError extends SessionError {
  /** The value's place: `cart[2].when`. */
  readonly path: string;

  /**
   * Names the place and the kind of the value, and not the value.
   *
   * @param path - The value's place.
   * @param kind - The kind of value, with its article.
   * @param cause - The error underneath.
   */
  constructor(path: string, kind: string, cause?: unknown) {
    super(`${path}: ${kind} cannot be stored`, cause);
    this.path = path;
  }
}

/**
 * The stored bytes are in none of the formats. The row was left as it is.
 *
 * @example
 * new SessionUnreadable('it ends within a string').message; // 'The stored session cannot be read: it ends within a string'
 */
export class SessionUnreadable extends SessionError {
  /**
   * Reports the fault without any of the bytes.
   *
   * @param reason - The fault in the bytes, without any of them.
   * @param cause - The error underneath, such as the decoder's.
   */
  constructor(reason: string, cause?: unknown) {
    super(`The stored session cannot be read: ${reason}`, cause);
  }
}

/**
 * The user has logged in too long ago, or not at all, for what the page does: ask for the password
 * again, and call `renew({ user })`.
 *
 * @example
 * new SessionNotFresh(300).message; // 'There was no login in the last 300 s: ask for the password again'
 */
export class SessionNotFresh extends SessionError {
  /**
   * Reports the age that a login may have.
   *
   * @param maxAge - The age in seconds that was allowed.
   */
  constructor(maxAge: number) {
    super(`There was no login in the last ${maxAge} s: ask for the password again`);
  }
}

/**
 * The session was used after `close()`, or written although it was opened for reading.
 *
 * @example
 * new SessionClosed('the session is closed').name; // 'SessionClosed'
 */
export class SessionClosed extends SessionError {}
