/** One session from start to end; the only file that writes its status and its id. session.c. */
import { ready, type Steps } from '../awaitable.ts';
import type { Modules } from '../handlers/save-module.ts';
import { Storage } from '../handlers/storage.ts';
import { beforeNul } from '../zend/conversions.ts';
import { type Caller, warnStarted } from './caller.ts';
import type { SessionContext } from './context.ts';
import { collectGarbage } from './garbage.ts';
import { createId, isDangerousId } from './identifiers.ts';
import { restoreCookies, sendCacheHeaders, sendCookie, warnLimiterTooLate } from './response.ts';
import { save } from './save.ts';
import { findClientId } from './start.ts';
import { Variables } from './variables.ts';

/** session_status(): sessions are switched off. Never returned here. */
export const PHP_SESSION_DISABLED = 0;
/** No session is active. */
export const PHP_SESSION_NONE = 1;
/** A session is active. */
export const PHP_SESSION_ACTIVE = 2;

/** Number of further ids that are asked for while a new one is taken. */
export const ATTEMPTS = 3;

/** The session of one request: PS(…) in php_session.h. */
export class Session {
  readonly variables: Variables = new Variables();
  readonly storage: Storage;
  readonly #context: SessionContext;
  #status: 0 | 1 | 2 = PHP_SESSION_NONE;
  #id: string | undefined;
  #sid: string | undefined;
  #sendCookie = false;
  #defineSid = true;
  #readData: Buffer | undefined;
  #startedAt: Caller | undefined;

  constructor(context: SessionContext, modules: Modules) {
    this.#context = context;
    this.storage = new Storage(context, modules);
  }

  get status(): 0 | 1 | 2 {
    return this.#status;
  }

  get isActive(): boolean {
    return this.#status === PHP_SESSION_ACTIVE;
  }

  /** PS(id); undefined is C's NULL. */
  get id(): string | undefined {
    return this.#id;
  }

  /** The constant SID; undefined until a session was started. */
  get sid(): string | undefined {
    return this.#sid;
  }

  /** The caller of session_start(). */
  get startedAt(): Caller | undefined {
    return this.#startedAt;
  }

  /** Sets the id of the session that is started next: session_id('chosen'). */
  choose(id: string): void {
    this.#id = id;
  }

  /**
   * php_session_start(), session.c L1611.
   *
   * @param startedAt - The caller, for later messages; undefined for session.auto_start.
   * @returns false with a message when the session could not be started.
   */
  *start(startedAt?: Caller): Steps<boolean> {
    const { settings, head, options } = this.#context;
    if (this.isActive) {
      const text = 'Ignoring session_start() because a session has already been started';
      warnStarted(this.#context, this.#startedAt, 'E_NOTICE', text);
      return false;
    }
    this.#defineSid = !settings.get('use_only_cookies');
    this.#sendCookie = settings.get('use_cookies') || settings.get('use_only_cookies');
    if (this.#id === undefined) {
      const client = findClientId(this.#context);
      this.#id = client.id;
      this.#sendCookie = client.sendCookie ?? this.#sendCookie;
      if (client.isCookie) this.#defineSid = false;
    }
    if (this.#id !== undefined && isDangerousId(beforeNul(this.#id))) this.#id = undefined;

    const cookies = options.containFailures ? head.getHeader('Set-Cookie') : undefined;
    if (yield* this.#initialize(startedAt)) {
      if (!this.isActive || sendCacheHeaders(this.#context)) return true;
      yield* this.abort();
      warnLimiterTooLate(this.#context);
    }
    if (options.containFailures) restoreCookies(this.#context, cookies);
    this.#status = PHP_SESSION_NONE;
    this.#id = undefined;
    return false;
  }

  /**
   * session_reset(): opens and reads the active session again, without a close before it.
   *
   * @returns false when no session is active.
   */
  *reset(startedAt: Caller): Steps<boolean> {
    if (!this.isActive) return false;
    yield* this.#initialize(startedAt);
    return true;
  }

  /** php_session_initialize(), session.c L407. */
  *#initialize(startedAt: Caller | undefined): Steps<boolean> {
    const { settings, reporter, options } = this.#context;
    this.#status = PHP_SESSION_ACTIVE;
    if (!(yield* ready(this.storage.open()))) {
      return yield* this.#fail('warn', 'Failed to initialize storage module');
    }
    const handler = this.storage.handler;
    if (this.#id === undefined || beforeNul(this.#id) === '') {
      this.#id = undefined;
      this.#id = yield* ready(handler?.createId());
      if (this.#id === undefined) return yield* this.#fail('throw', 'Failed to create session ID');
      if (settings.get('use_cookies')) this.#sendCookie = true;
    } else if (settings.get('use_strict_mode') && !(yield* ready(handler?.validateId(this.#id)))) {
      if (reporter.exception && options.containFailures) {
        yield* this.abort();
        return false;
      }
      this.#id = undefined;
      const id = yield* ready(handler?.createId());
      // php-src #23847.
      if (id === undefined && reporter.version >= '8.6')
        return yield* this.#fail('throw', 'Failed to create session ID');
      this.#id = id ?? createId(this.#context);
      if (settings.get('use_cookies')) this.#sendCookie = true;
    }
    if (!this.#announceId()) {
      yield* this.abort();
      return false;
    }
    this.variables.track();
    const data = yield* ready(handler?.read(this.#id));
    if (data === undefined) return yield* this.#fail('warn', 'Failed to read session data');
    yield* ready(collectGarbage(this.#context, this.storage));
    this.#readData = settings.get('lazy_write') ? data : undefined;
    yield* this.decode(data);
    this.#startedAt = startedAt;
    return true;
  }

  /** Aborts a start: closes the handler, and reports the reason unless an exception is pending. */
  *#fail(how: 'warn' | 'throw', reason: string): Steps<false> {
    yield* this.abort();
    return this.#report(how, reason);
  }

  #report(how: 'warn' | 'throw', reason: string): false {
    const { settings, reporter } = this.#context;
    const text = `${reason}: ${this.storage.module.name} (path: ${settings.get('save_path')})`;
    if (how === 'warn') reporter.warn('E_WARNING', text);
    else if (!reporter.exception) reporter.throwLater(new Error(text));
    return false;
  }

  /** php_session_reset_id(), session.c L1526: sends the cookie and sets SID. */
  #announceId(): boolean {
    const { settings, reporter } = this.#context;
    if (this.#id === undefined) {
      reporter.warn('E_WARNING', 'Cannot set session ID - session ID is not initialized');
      return false;
    }
    if (settings.get('use_cookies') && this.#sendCookie) {
      if (!sendCookie(this.#context, this.#id) && reporter.version >= '8.3') return false;
      this.#sendCookie = false;
    }
    const id = reporter.version >= '8.5' ? this.#id : beforeNul(this.#id);
    this.#sid = this.#defineSid ? `${settings.get('name')}=${id}` : '';
    return true;
  }

  /** php_session_decode(), session.c L267: invalid data destroys the session. */
  *decode(data: Buffer): Steps<boolean> {
    const { settings, reporter } = this.#context;
    const format = settings.get('serialize_handler');
    if (this.variables.decode(format, data, reporter)) return true;
    yield* this.destroy();
    this.variables.track();
    const text = 'Failed to decode session object. Session has been destroyed';
    reporter.warn('E_WARNING', text);
    return false;
  }

  /** php_session_encode(), session.c L243. @returns undefined where C has NULL. */
  encode(): Buffer | undefined {
    const { settings, reporter } = this.#context;
    return this.variables.encode(settings.get('serialize_handler'), reporter);
  }

  /**
   * session_regenerate_id(), for an active session whose headers have not left. session.c L2354.
   *
   * @param deleteOld - Whether the old session is destroyed; else it is written as it is now.
   * @returns false, with a message or a pending exception, when the session has ended.
   */
  *regenerate(deleteOld: boolean): Steps<boolean> {
    if (!(yield* this.#leaveOld(deleteOld))) return false;
    yield* ready(this.storage.close());
    this.#readData = undefined;
    this.#id = undefined;
    if (!(yield* ready(this.storage.open()))) return this.#end('Failed to open session');
    const handler = this.storage.handler;
    this.#id = yield* ready(handler?.createId());
    if (this.#id === undefined) {
      // php-src #23800: up to 8.5 the handler stays open.
      if (this.#context.reporter.version >= '8.6') yield* ready(this.storage.close());
      return this.#end('Failed to create new session ID');
    }
    if (!(yield* this.#avoidCollision())) return false;
    if ((yield* ready(handler?.read(this.#id))) === undefined) {
      yield* ready(this.storage.close());
      return this.#end('Failed to create(read) session ID');
    }
    if (this.#context.settings.get('use_cookies')) this.#sendCookie = true;
    return this.#announceId();
  }

  *#leaveOld(deleteOld: boolean): Steps<boolean> {
    const { handler } = this.storage;
    const id = this.#id ?? '';
    const leaving = deleteOld
      ? handler?.destroy(id)
      : handler?.write(id, this.encode() ?? Buffer.alloc(0));
    const isLeft = yield* ready(leaving);
    if (isLeft) return true;
    yield* ready(this.storage.close());
    this.#status = PHP_SESSION_NONE;
    const reason = deleteOld ? 'Session object destruction failed. ID' : 'Session write failed. ID';
    return this.#report('warn', reason);
  }

  /** In strict mode, asks for another id while the new one is taken. */
  *#avoidCollision(): Steps<boolean> {
    const { handler } = this.storage;
    if (!this.#context.settings.get('use_strict_mode') || !handler?.canValidate) return true;
    for (let tries = ATTEMPTS; tries > 0; tries -= 1) {
      if (!(yield* ready(handler.validateId(this.#id ?? '')))) return true;
      this.#id = yield* ready(handler.createId());
      if (this.#id === undefined) {
        yield* ready(this.storage.close());
        return this.#end('Failed to create session ID by collision');
      }
    }
    return true;
  }

  #end(reason: string): false {
    this.#status = PHP_SESSION_NONE;
    return this.#report('throw', reason);
  }

  /** php_session_flush(), session.c L1729. @returns false when no session is active. */
  *flush(write = true): Steps<boolean> {
    if (!this.isActive) return false;
    if (write && this.variables.saved) {
      const [id, readData] = [this.#id ?? '', this.#readData];
      yield* ready(save(this.#context, this.storage, { id, readData, variables: this.variables }));
    }
    yield* ready(this.storage.close());
    this.#status = PHP_SESSION_NONE;
    return true;
  }

  /** php_session_abort(), session.c L1744. @returns false when no session is active. */
  abort(): Steps<boolean> {
    return this.flush(false);
  }

  /** php_session_destroy(), session.c L160. @returns false with a warning for a failure. */
  *destroy(): Steps<boolean> {
    const { reporter } = this.#context;
    if (!this.isActive) {
      reporter.warn('E_WARNING', 'Trying to destroy uninitialized session');
      return false;
    }
    const id = this.#id;
    const isDestroyed =
      id === undefined || (yield* ready(this.storage.handler?.destroy(id))) === true;
    if (!isDestroyed) reporter.warn('E_WARNING', 'Session object destruction failed');
    this.variables.untrack();
    yield* ready(this.storage.reset());
    this.#id = undefined;
    this.#readData = undefined;
    this.#startedAt = undefined;
    this.#status = PHP_SESSION_NONE;
    this.#defineSid = true;
    return isDestroyed;
  }
}
