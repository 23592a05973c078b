/** The interfaces of save handlers: PHP's three, and the callbacks that replace an object. */
import type { Awaitable } from './awaitable.ts';

/**
 * The return value of a callback: true for success, false for failure.
 *
 * PHP deprecates `0` and `-1`, and throws a TypeError for any other value, such as `null` or `1`.
 */
export type Success = Awaitable<boolean>;

/**
 * PHP's SessionHandlerInterface: the methods of every save handler.
 *
 * Session data is a string if its bytes are UTF-8, else a Uint8Array, so that no byte is lost. A
 * handler whose data is always text can declare the parameter as `string`.
 */
export interface SessionHandlerInterface {
  /**
   * Prepares the storage for one session.
   *
   * @param path - session.save_path.
   * @param name - session.name.
   * @returns true, or false: session_start() then fails.
   */
  open(path: string, name: string): Success;
  /**
   * Releases what open() acquired; called after every write, destroy and abort.
   *
   * @returns true, or false for a failure.
   */
  close(): Success;
  /**
   * Reads a session.
   *
   * @param id - The session's id.
   * @returns The data, `''` for an unknown session, false for a failure.
   */
  read(id: string): Awaitable<string | Uint8Array | false>;
  /**
   * Writes a session.
   *
   * @param id - The session's id.
   * @param data - The whole session, encoded.
   * @returns true, or false for a failure.
   */
  write(id: string, data: string | Uint8Array): Success;
  /**
   * Deletes a session.
   *
   * @param id - The session's id.
   * @returns true, also for an unknown session; false when the session still exists.
   */
  destroy(id: string): Success;
  /**
   * Deletes all sessions that have not been written for a while.
   *
   * @param max_lifetime - session.gc_maxlifetime, in seconds.
   * @returns The number of deleted sessions, or false for a failure.
   */
  gc(max_lifetime: number): Awaitable<number | boolean>;
}

/** PHP's SessionIdInterface: a handler that creates its own ids. */
export interface SessionIdInterface {
  /**
   * Creates an id; called for a visitor without one, and by session_regenerate_id().
   *
   * @returns A new id.
   */
  create_sid(): Awaitable<string>;
}

/** PHP's SessionUpdateTimestampHandlerInterface: a handler for strict mode and lazy writes. */
export interface SessionUpdateTimestampHandlerInterface {
  /**
   * Checks whether a session exists.
   *
   * @param id - The id that a client sent, or a new id.
   * @returns true for a known id.
   */
  validateId(id: string): Success;
  /**
   * Records the use of a session whose data did not change.
   *
   * @param id - The session's id.
   * @param data - The data as it was read.
   * @returns true, or false for a failure.
   */
  updateTimestamp(id: string, data: string | Uint8Array): Success;
}

/** Any object that session_set_save_handler() takes: the optional methods are found by name. */
export type AnySessionHandler = SessionHandlerInterface &
  Partial<SessionIdInterface & SessionUpdateTimestampHandlerInterface>;

/** The callbacks as functions. Method signatures let a callback declare `data: string`. */
export interface SessionCallbacks {
  /**
   * Prepares the storage, as {@link SessionHandlerInterface.open}.
   *
   * @param path - session.save_path.
   * @param name - session.name.
   * @returns true, or false: session_start() then fails.
   */
  open(path: string, name: string): unknown;
  /**
   * Releases what `open` acquired, as {@link SessionHandlerInterface.close}.
   *
   * @returns true, or false for a failure.
   */
  close(): unknown;
  /**
   * Reads a session, as {@link SessionHandlerInterface.read}.
   *
   * @param id - The session's id.
   * @returns The data, `''` for an unknown session, false for a failure.
   */
  read(id: string): unknown;
  /**
   * Writes a session, as {@link SessionHandlerInterface.write}.
   *
   * @param id - The session's id.
   * @param data - The whole session, encoded.
   * @returns true, or false for a failure.
   */
  write(id: string, data: string | Uint8Array): unknown;
  /**
   * Deletes a session, as {@link SessionHandlerInterface.destroy}.
   *
   * @param id - The session's id.
   * @returns true, also for an unknown session; false when the session still exists.
   */
  destroy(id: string): unknown;
  /**
   * Deletes old sessions, as {@link SessionHandlerInterface.gc}.
   *
   * @param max_lifetime - session.gc_maxlifetime, in seconds.
   * @returns The number of deleted sessions, or false for a failure.
   */
  gc(max_lifetime: number): unknown;
  /**
   * Creates an id, as {@link SessionIdInterface.create_sid}.
   *
   * @returns A new id.
   */
  create_sid(): unknown;
  /**
   * Checks whether a session exists, as {@link SessionUpdateTimestampHandlerInterface.validateId}.
   *
   * @param id - The id that a client sent, or a new id.
   * @returns true for a known id.
   */
  validate_sid(id: string): unknown;
  /**
   * Records the use of an unchanged session, as
   * {@link SessionUpdateTimestampHandlerInterface.updateTimestamp}.
   *
   * @param id - The session's id.
   * @param data - The data as it was read.
   * @returns true, or false for a failure.
   */
  update_timestamp(id: string, data: string | Uint8Array): unknown;
}

export type CallbackName = keyof SessionCallbacks;
