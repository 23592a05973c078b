/** One request as PHP's session extension sees it. */
import type { PhpVersion } from '../../serialize/index.ts';
import type { Modules } from '../handlers/save-module.ts';
import type { Reporter } from '../zend/reporter.ts';
import { warnSent, warnStarted } from './caller.ts';
import type { RequestInput, ResponseHead, SessionContext } from './context.ts';
import type { CheckedOptions } from './options.ts';
import { Session } from './session.ts';
import { Settings } from './settings.ts';

const NOTHING: RequestInput = {
  cookie: () => undefined,
  query: () => undefined,
  form: () => undefined,
  referer: undefined,
};

/** A response that is discarded: for work without HTTP. */
function detachedHead(): ResponseHead {
  const headers = new Map<string, string | readonly string[]>();
  return {
    headersSent: false,
    getHeader: (name) => headers.get(name.toLowerCase()),
    setHeader: (name, value) => headers.set(name.toLowerCase(), value),
    removeHeader: (name) => void headers.delete(name.toLowerCase()),
  };
}

/** The parts of one request that an adapter supplies. */
export interface RequestParts {
  /** The client's input. */
  input?: RequestInput | undefined;
  /** Receives the cookie and the cache headers. */
  head?: ResponseHead | undefined;
  /** The framework's own request, for tracing. */
  source?: unknown;
}

/** One request: its surroundings, its session, and its progress. */
export class PhpRequest implements SessionContext {
  readonly settings: Settings;
  readonly reporter: Reporter;
  readonly input: RequestInput;
  readonly head: ResponseHead;
  readonly source: unknown;
  readonly options: CheckedOptions;
  readonly modules: Modules;
  readonly session: Session;

  /** register_shutdown_function(): each has a new key, or replaces the function with its name. */
  readonly shutdownFunctions: Map<string | symbol, () => unknown> = new Map();
  /** Whether the program has ended, and its shutdown functions run. */
  hasLeftMain = false;
  /** Why `$_SESSION` may no longer be written; undefined while it may. */
  committed: string | undefined;
  /** Why no session function may be called any more. */
  ended: string | undefined;
  /** The running session function, which its caller may not have awaited. */
  running: string | undefined;
  /** The session functions of one request take turns. */
  turn: Promise<unknown> | undefined;

  constructor(
    settings: Settings,
    reporter: Reporter,
    options: CheckedOptions,
    modules: Modules,
    parts: RequestParts,
  ) {
    this.settings = new Settings(settings);
    this.reporter = reporter;
    this.input = parts.input ?? NOTHING;
    this.head = parts.head ?? detachedHead();
    this.source = parts.source;
    this.options = options;
    this.modules = modules;
    this.session = new Session(this, modules);
  }

  get version(): PhpVersion {
    return this.reporter.version;
  }

  /** The SAPI no longer knows the script's path when the shutdown functions run. */
  lastModified(): number | undefined {
    return this.hasLeftMain ? undefined : this.options.lastModified();
  }

  /** zend_alter_ini_entry() at run time; a new save handler takes effect at once. */
  changeSetting(key: string, value: string): boolean {
    const isLocked = (): boolean => this.isLocked('Session ini settings');
    if (!this.settings.change(key, value, this.reporter, isLocked)) return false;
    if (key === 'save_handler') this.session.storage.changeModule();
    return true;
  }

  /**
   * Refuses a change while a session is active, or once the headers have left.
   *
   * @param subject - The start of the message: `Session name`, for example.
   * @returns true, with a warning, when it is refused.
   */
  isLocked(subject: string): boolean {
    if (!this.session.isActive) return this.areHeadersSent(subject);
    this.warnActive(`${subject} cannot be changed when a session is active`);
    return true;
  }

  /**
   * Refuses a change once the headers have left.
   *
   * @param subject - The start of the message.
   * @returns true, with a warning, when it is refused.
   */
  areHeadersSent(subject: string): boolean {
    if (!this.head.headersSent) return false;
    warnSent(this, `${subject} cannot be changed after headers have already been sent`);
    return true;
  }

  /** Warns that a function needs an active session, or refuses one. */
  warnActive(text: string): void {
    if (this.version >= '8.5') warnStarted(this, this.session.startedAt, 'E_WARNING', text);
    else this.reporter.warn('E_WARNING', text);
  }
}
