/** What a save handler is: PHP's three interfaces, and the callbacks that can stand for them. */

/** A value now, or a promise of it. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * What a callback must answer: true for success, false for failure.
 *
 * PHP refuses `null`, `1` and everything else with a TypeError; `0` and `-1` still pass, with a
 * deprecation.
 */
export type Success = Awaitable<boolean>;

/**
 * PHP's SessionHandlerInterface: what every save handler has.
 *
 * Session data is a string where its bytes are UTF-8, else a Uint8Array: PHP's strings are bytes,
 * and nothing may be lost. Write your parameter as `string` where you know your data to be text.
 */
export interface SessionHandlerInterface {
  /**
   * Begins a session's work.
   *
   * @param path - session.save_path.
   * @param name - session.name.
   * @returns true, or false: session_start() then fails.
   */
  open(path: string, name: string): Success;
  /** Ends a session's work; called after every write, destroy and abort. */
  close(): Success;
  /**
   * Reads a session.
   *
   * @param id - The session's id.
   * @returns Its data, `''` for a session that is not there, false for a failure.
   */
  read(id: string): Awaitable<string | Uint8Array | false>;
  /**
   * Keeps a session.
   *
   * @param id - The session's id.
   * @param data - All of the session, encoded.
   * @returns true, or false when it was not kept.
   */
  write(id: string, data: string | Uint8Array): Success;
  /**
   * Forgets a session; one that is not there is forgotten already.
   *
   * @param id - The session's id.
   * @returns true, or false when it is still there.
   */
  destroy(id: string): Success;
  /**
   * Forgets every session that was not written for a while.
   *
   * @param max_lifetime - session.gc_maxlifetime, in seconds.
   * @returns How many there were, or false.
   */
  gc(max_lifetime: number): Awaitable<number | boolean>;
}

/** PHP's SessionIdInterface: a handler that makes its own ids. */
export interface SessionIdInterface {
  /** @returns A new id. */
  create_sid(): Awaitable<string>;
}

/** PHP's SessionUpdateTimestampHandlerInterface: a handler for strict mode and lazy writes. */
export interface SessionUpdateTimestampHandlerInterface {
  /**
   * Tells whether a session with this id exists.
   *
   * @param id - The id that a client sent, or that was just made.
   * @returns true for an id that is known.
   */
  validateId(id: string): Success;
  /**
   * Notes that a session was used although nothing in it changed.
   *
   * @param id - The session's id.
   * @param data - The data as it was read.
   */
  updateTimestamp(id: string, data: string | Uint8Array): Success;
}

/** Any object that session_set_save_handler() takes: the optional methods are found by name. */
export type AnySessionHandler = SessionHandlerInterface &
  Partial<SessionIdInterface & SessionUpdateTimestampHandlerInterface>;

/** The callbacks as functions. Method signatures, so that `data: string` may be declared. */
export interface SessionCallbacks {
  /** As SessionHandlerInterface's open(). */
  open(path: string, name: string): unknown;
  /** As SessionHandlerInterface's close(). */
  close(): unknown;
  /** As SessionHandlerInterface's read(). */
  read(id: string): unknown;
  /** As SessionHandlerInterface's write(). */
  write(id: string, data: string | Uint8Array): unknown;
  /** As SessionHandlerInterface's destroy(). */
  destroy(id: string): unknown;
  /** As SessionHandlerInterface's gc(). */
  gc(max_lifetime: number): unknown;
  /** As SessionIdInterface's create_sid(). */
  create_sid(): unknown;
  /** As SessionUpdateTimestampHandlerInterface's validateId(). */
  validate_sid(id: string): unknown;
  /** As SessionUpdateTimestampHandlerInterface's updateTimestamp(). */
  update_timestamp(id: string, data: string | Uint8Array): unknown;
}

export type CallbackName = keyof SessionCallbacks;
