/** The seam between a session and its storage. ps_module in php_session.h. */
import type { Awaitable } from '../awaitable.ts';
import type { SessionCallbacks } from '../save-handler.ts';
import type { CheckedOptions } from '../session/options.ts';
import type { Settings } from '../session/settings.ts';
import type { Reporter } from '../zend/reporter.ts';

/** The request as its save handler sees it. */
export interface HandlerContext {
  readonly settings: Settings;
  /** Receives the handler's warnings and exceptions. */
  readonly reporter: Reporter;
  readonly options: CheckedOptions;
  /** The framework's own request, for tracing. */
  readonly source: unknown;
}

/**
 * An open save handler. It owns everything that is needed between open and close: a file, a lock, a
 * connection, a version.
 *
 * A failure is false or undefined, as C's FAILURE; a thrown error never leaves a method. A method that
 * need not wait returns its answer itself: a session whose handler never waits is saved at once.
 */
export interface OpenHandler {
  /** Whether `validateId()` checks anything: always for files, with a callback for user. */
  readonly canValidate: boolean;
  /** @returns The session's data, empty for an unknown session; undefined for a failure. */
  read(id: string): Awaitable<Buffer | undefined>;
  /** @returns false when the data was not stored. */
  write(id: string, data: Buffer): Awaitable<boolean>;
  /** Notes that a session was used; `data` is what was read. @returns false for a failure. */
  touch(id: string, data: Buffer): Awaitable<boolean>;
  /** @returns false when the session still exists. */
  destroy(id: string): Awaitable<boolean>;
  /** @returns How many sessions were deleted; negative for a failure. */
  gc(maxLifetime: number): Awaitable<number>;
  /** @returns A new id; undefined for a failure. */
  createId(): Awaitable<string | undefined>;
  /** @returns Whether a session with this id exists. */
  validateId(id: string): Awaitable<boolean>;
  /** Ends the session's work. @returns false for a failure. */
  close(): Awaitable<boolean>;
  /**
   * Releases files and locks without a callback, for a handler that will not be closed. A second
   * call does nothing.
   */
  release(): Awaitable<void>;
  /** @returns The callback's name for PHP's message about a failed save; undefined for files. */
  callbackName(operation: 'write' | 'touch'): string | undefined;
}

/** The answer of `SaveModule.open()`. */
export interface Opening {
  readonly ok: boolean;
  /** Also set after a failure if PHP still closes the handler then, as it does for callbacks. */
  readonly handler: OpenHandler | undefined;
}

/** A storage module: ps_module in php_session.h. */
export interface SaveModule {
  readonly name: 'files' | 'user';
  /** Opens the storage for one session. */
  open(context: HandlerContext, savePath: string, name: string): Awaitable<Opening>;
  /**
   * Returns the handler before it is open, for session functions that an open callback calls: PHP
   * calls the other callbacks even then, and touches no file.
   */
  unopened?(context: HandlerContext): OpenHandler;
}

/** The module of a program's own callbacks, one for each request. */
export interface UserModule extends SaveModule {
  /** PS(mod_user_names). */
  callbacks: Partial<SessionCallbacks>;
  /** PS(mod_user_class_name). */
  className: string | undefined;
  /** PS(in_save_handler). */
  isCalling: boolean;
  /** Handler objects of this request that release themselves at its end. */
  readonly disposables: Set<AsyncDisposable>;
}

/** The modules of one request. */
export interface Modules {
  readonly files: SaveModule;
  readonly user: UserModule;
}
