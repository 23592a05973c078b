/** One request as PHP's session extension sees it: the module's globals (php_session.h), per request. */
import { randomBytes, randomInt } from 'node:crypto';
import type { PhpKey, PhpValue, PhpVersion } from '../../serialize/index.ts';
import { emitAsWarning, type PhpMessageHandler, type PhpMessageLevel } from '../messages.ts';
import type { SessionCallbacks } from '../save-handler.ts';
import type { SessionSettings } from '../setting-types.ts';
import type { RandomBytes } from './identifiers.ts';
import type { SaveModule } from './save-module.ts';
import { Settings, type SettingsOwner } from './settings.ts';

/** What session_status() returns. */
export const PHP_SESSION_DISABLED = 0;
/** No session is active. */
export const PHP_SESSION_NONE = 1;
/** A session is active. */
export const PHP_SESSION_ACTIVE = 2;

/** The part of a response that a session writes to; node:http's ServerResponse is one. */
export interface ResponseHead {
  /** Whether it is too late for headers. */
  readonly headersSent: boolean;
  /** Where the program was when they left; PHP 8.5 says it in its messages. */
  readonly sentFrom?: Place | undefined;
  /** @returns What the header is set to. */
  getHeader(name: string): number | string | readonly string[] | undefined;
  /** Sets a header, in place of what it was. */
  setHeader(name: string, value: string | readonly string[]): unknown;
  /** Takes a header back. */
  removeHeader(name: string): void;
}

/** What a request brings: each value is what PHP would have in `$_COOKIE` and its like. */
export interface RequestInput {
  /** `$_COOKIE[session.name]`: the id, or false where it is an array. */
  cookie(name: string): string | false | undefined;
  /** `$_GET[session.name]`. */
  query(name: string): string | false | undefined;
  /** `$_POST[session.name]`. */
  form(name: string): string | false | undefined;
  /** The Referer header. */
  readonly referer: string | undefined;
}

/** How PHP behaves, and the three things that differ from run to run. */
export interface PhpOptions<Name extends string = string> {
  /** The settings of php.ini: `{ 'session.gc_maxlifetime': 3600 }`. */
  settings?: SessionSettings<Name> | undefined;
  /** The PHP release to behave as. @default '8.4' */
  version?: PhpVersion | undefined;
  /** Receives PHP's warnings. @default process.emitWarning */
  onMessage?: PhpMessageHandler | undefined;
  /** Unix time in milliseconds. @default Date.now */
  clock?: (() => number) | undefined;
  /** Bytes for new ids. @default randomBytes of node:crypto */
  randomBytes?: RandomBytes | undefined;
  /** A whole number from 0 to below `limit`, for session.gc_probability. @default randomInt */
  randomInt?: ((limit: number) => number) | undefined;
  /** When the page changed, in milliseconds: the Last-Modified of the public and private limiters. */
  lastModified?: (() => number | undefined) | undefined;
}

/** A line of a program. */
export interface Place {
  /** The file's path. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

const NOTHING: RequestInput = {
  cookie: () => undefined,
  query: () => undefined,
  form: () => undefined,
  referer: undefined,
};

/** A response nobody will read: for work without HTTP. */
export function detachedHead(): ResponseHead {
  const headers = new Map<string, string | readonly string[]>();
  return {
    headersSent: false,
    getHeader: (name) => headers.get(name.toLowerCase()),
    setHeader: (name, value) => headers.set(name.toLowerCase(), value),
    removeHeader: (name) => void headers.delete(name.toLowerCase()),
  };
}

/** One request's session: PS(…) in php-src. */
export class PhpRequest implements SettingsOwner {
  readonly version: PhpVersion;
  readonly settings: Settings;
  readonly clock: () => number;
  readonly randomBytes: RandomBytes;
  readonly randomInt: (limit: number) => number;
  readonly lastModified: () => number | undefined;
  readonly input: RequestInput;
  readonly head: ResponseHead;
  /** What the request came from, node:http's IncomingMessage for example: for those who trace. */
  readonly source: unknown;
  readonly #onMessage: PhpMessageHandler;

  /** PS(session_status). */
  status: 0 | 1 | 2 = PHP_SESSION_NONE;
  /** PS(id); undefined is C's NULL. */
  id: string | undefined;
  sendCookie = false;
  /** Whether the constant SID has a value. */
  defineSid = true;
  /** What SID is; undefined until a session was started. */
  sid: string | undefined;
  /** PS(session_vars): the bytes that were read, for lazy_write. */
  readData: Buffer | undefined;
  /** `$_SESSION` as a program sees it. */
  variables: Map<PhpKey, PhpValue> | undefined;
  /** `$_SESSION` when `php_serialize` data held no array. */
  scalar: PhpValue | undefined;
  /** PS(http_session_vars): whether the session still knows `$_SESSION`. */
  tracked = false;
  startedAt: Place | undefined;

  /** PS(mod), PS(default_mod). */
  module: SaveModule;
  defaultModule: SaveModule | undefined;
  /** PS(mod_data): what the files handler keeps while it is open. */
  moduleData: unknown;
  /** PS(mod_user_implemented): a user handler is open. */
  userHandlerOpen = false;
  /** PS(mod_user_is_open): SessionHandler's own parent is open. */
  parentOpen = false;
  inSaveHandler = false;
  /** PS(mod_user_names). */
  callbacks: Partial<SessionCallbacks> = {};
  /** PS(mod_user_class_name). */
  handlerClass: string | undefined;
  settingUserHandler = false;

  /** EG(exception): thrown by a handler, not yet thrown out of the session function. */
  exception: { readonly error: unknown } | undefined;
  /** True at the very end, where no program is running that could catch an exception. */
  hasLeftProgram = false;
  /** How many callbacks of a save handler are running, one within the other. */
  callbackDepth = 0;
  /** The function that PHP's messages begin with. */
  activeFunction = 'PHP Request Startup';
  /** register_shutdown_function(): names replace each other, numbers queue. */
  readonly shutdownFunctions: Map<string | number, () => unknown> = new Map();
  nextShutdown = 0;
  /** Whether the program has come to its end, and its shutdown functions run. */
  hasLeftMain = false;
  /** Why `$_SESSION` may no longer be written; undefined while it may. */
  committed: string | undefined;
  /** Why no session function may be called any more. */
  ended: string | undefined;
  /** The function that has not finished; its caller may have forgotten to await it. */
  running: string | undefined;
  /** The session functions of one request take turns. */
  turn: Promise<unknown> | undefined;

  constructor(
    options: PhpOptions,
    modules: { readonly files: SaveModule; readonly user: SaveModule },
    from: {
      settings?: Settings | undefined;
      input?: RequestInput | undefined;
      head?: ResponseHead | undefined;
      source?: unknown;
    } = {},
  ) {
    this.version = options.version ?? '8.4';
    this.clock = options.clock ?? Date.now;
    this.randomBytes = options.randomBytes ?? randomBytes;
    this.randomInt = options.randomInt ?? ((limit) => randomInt(limit));
    this.lastModified = options.lastModified ?? (() => undefined);
    this.#onMessage = options.onMessage ?? emitAsWarning;
    this.settings = new Settings(from.settings);
    this.input = from.input ?? NOTHING;
    this.head = from.head ?? detachedHead();
    this.source = from.source;
    this.module = modules[this.settings.get('save_handler')];
    this.modules = modules;
  }

  readonly modules: { readonly files: SaveModule; readonly user: SaveModule };

  /** Whether a handler is open: PS(mod_data) || PS(mod_user_implemented). */
  get isOpen(): boolean {
    return this.moduleData !== undefined || this.userHandlerOpen;
  }

  /** php_error_docref(): a message with the active function's name before it. */
  warn(level: PhpMessageLevel, text: string, prefix: string = `${this.prefix}: `): void {
    // zend_error() calls no error handler while an exception is on its way.
    if (this.exception) return;
    try {
      this.#onMessage({ level, message: `${prefix}${text}` });
    } catch (error) {
      // An error handler that throws: the function goes on to its end, as C code does.
      if (this.bailsOut) throw error;
      this.exception = { error };
    }
  }

  /** What a message begins with: `session_start()`, or the phase of the request. */
  get prefix(): string {
    const name = this.activeFunction;
    return name.startsWith('PHP ') ? name : `${name}()`;
  }

  /** php_session_session_already_started_error(): since 8.3 for one notice, since 8.5 for all. */
  warnStarted(level: PhpMessageLevel, text: string): void {
    const at = this.startedAt;
    const automatically = this.settings.get('auto_start') ? ' (session started automatically)' : '';
    const place = at ? ` (started from ${at.file} on line ${at.line})` : automatically;
    this.warn(level, text + place);
  }

  /** Something cannot be done while, or because no, session is active. */
  warnActive(text: string): void {
    if (this.version >= '8.5') this.warnStarted('E_WARNING', text);
    else this.warn('E_WARNING', text);
  }

  /** php_session_headers_already_sent_error(). */
  warnSent(text: string): void {
    const from = this.version >= '8.5' ? this.head.sentFrom : undefined;
    this.warn('E_WARNING', from ? `${text} (sent from ${from.file} on line ${from.line})` : text);
  }

  /** zend_bailout(): an exception that nobody could catch ends all at once. */
  get bailsOut(): boolean {
    return this.hasLeftProgram && this.callbackDepth === 0;
  }

  /** zend_throw_error() and its like: the first cause stays as `cause`. */
  throwLater(error: Error): void {
    if (this.bailsOut) throw error;
    if (this.exception) error.cause = this.exception.error;
    this.exception = { error };
  }

  refusesChange(): boolean {
    if (this.status === PHP_SESSION_ACTIVE) {
      this.warnActive('Session ini settings cannot be changed when a session is active');
      return true;
    }
    if (this.head.headersSent) {
      const text = 'Session ini settings cannot be changed after headers have already been sent';
      this.warnSent(text);
      return true;
    }
    return false;
  }

  /** zend_alter_ini_entry() at run time; a new save handler takes effect at once. */
  changeSetting(key: string, value: string): boolean {
    if (!this.settings.change(key, value, this)) return false;
    if (key === 'save_handler') {
      this.defaultModule = this.module;
      this.module = this.modules[this.settings.get('save_handler')];
    }
    return true;
  }
}
