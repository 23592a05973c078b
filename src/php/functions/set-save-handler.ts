/** session_set_save_handler(). session.c L1969–2246. */

import type { PhpVersion } from '../../serialize/index.ts';
import { emitAsWarning, PhpArgumentCountError } from '../messages.ts';
import type {
  AnySessionHandler,
  CallbackName,
  SessionCallbacks,
  SessionHandlerInterface,
} from '../save-handler.ts';
import { performSync } from '../session/calls.ts';
import type { PhpRequest } from '../session/request.ts';
import { setProcessDefault } from '../session/run.ts';
import { hasScope } from '../session/scope.ts';
import { registerHandlerShutdown } from '../session/shutdown.ts';
import { parseArguments } from '../zend/arguments.ts';
import { whyNoCallback } from '../zend/callable.ts';
import { isPlain, typeName } from '../zend/conversions.ts';
import { Reporter } from '../zend/reporter.ts';
import { SessionHandler } from './session-handler.ts';

const NAME = 'session_set_save_handler';
const MANDATORY = ['open', 'close', 'read', 'write', 'destroy', 'gc'] as const;
const OPTIONAL = ['create_sid', 'validate_sid', 'update_timestamp'] as const;
/** The optional callbacks as an object's methods. */
const METHODS = {
  create_sid: 'create_sid',
  validate_sid: 'validateId',
  update_timestamp: 'updateTimestamp',
} as const;

const DEPRECATED =
  'Providing individual callbacks instead of an object implementing SessionHandlerInterface ' +
  'is deprecated';

const WRONG_COUNT = `Wrong parameter count for ${NAME}()`;

type Method = (...values: never[]) => unknown;

/** Classes whose missing methods a request has warned of, as PHP does when it links a class. */
const linkedClasses = new WeakMap<PhpRequest, WeakSet<object>>();

/**
 * Sets the save handler, whose methods may be async.
 *
 * Outside a request, this sets the handler of every later request of the process.
 *
 * As in PHP, close() is not called after an exception. An object's `[Symbol.asyncDispose]()` is called
 * at the end of each request, so that no lock outlasts it.
 *
 * @param handler - The object; the optional methods `create_sid`, `validateId` and
 *   `updateTimestamp` are found by name.
 * @param register_shutdown - Whether a shutdown function writes the session, after those that the
 *   program has registered. True by default.
 * @returns true; false with a warning if a session is active or the headers have left.
 * @throws TypeError for a handler that lacks a method.
 * @see {@link https://php.net/session_set_save_handler | PHP's manual}
 * @example
 * const rows = new Map<string, string>();
 * const handler: SessionHandlerInterface = {
 *   open: () => true,
 *   close: () => true,
 *   read: (id) => rows.get(id) ?? '',
 *   write: (id, data: string) => rows.set(id, data) === rows,
 *   destroy: (id) => rows.delete(id) || true,
 *   gc: () => 0,
 * };
 * session_set_save_handler(handler); // true
 * session_id('known');
 * await session_start();
 * $_SESSION['count'] = 3;
 * await session_write_close();
 * rows.get('known'); // 'count|i:3;'
 */
export function session_set_save_handler(
  handler: SessionHandlerInterface,
  register_shutdown?: boolean | undefined,
): boolean;
/**
 * Sets the save handler as six to nine functions, which may be async. PHP deprecates this from 8.4 on:
 * pass an object.
 *
 * An optional callback that is null or missing leaves the one that was set before.
 *
 * @param open - Prepares the storage, as {@link SessionHandlerInterface.open}.
 * @param close - Releases what `open` acquired, as {@link SessionHandlerInterface.close}.
 * @param read - Reads a session, as {@link SessionHandlerInterface.read}.
 * @param write - Writes a session, as {@link SessionHandlerInterface.write}.
 * @param destroy - Deletes a session, as {@link SessionHandlerInterface.destroy}.
 * @param gc - Deletes old sessions, as {@link SessionHandlerInterface.gc}.
 * @param create_sid - Creates an id, as {@link SessionIdInterface.create_sid}. By default PHP does.
 * @param validate_sid - Checks whether a session exists, as
 *   {@link SessionUpdateTimestampHandlerInterface.validateId}. By default each id is accepted.
 * @param update_timestamp - Records the use of an unchanged session, as
 *   {@link SessionUpdateTimestampHandlerInterface.updateTimestamp}. By default `write` is called.
 * @returns true; false with a warning if a session is active or the headers have left.
 * @throws TypeError for a callback that is not a function.
 */
export function session_set_save_handler(
  open: SessionCallbacks['open'],
  close: SessionCallbacks['close'],
  read: SessionCallbacks['read'],
  write: SessionCallbacks['write'],
  destroy: SessionCallbacks['destroy'],
  gc: SessionCallbacks['gc'],
  create_sid?: SessionCallbacks['create_sid'] | null | undefined,
  validate_sid?: SessionCallbacks['validate_sid'] | null | undefined,
  update_timestamp?: SessionCallbacks['update_timestamp'] | null | undefined,
): boolean;
export function session_set_save_handler(...values: unknown[]): boolean {
  const isObject = values.length <= 2;
  if (!hasScope()) {
    if (isObject) requireHandler(values);
    else {
      requireCallbacks(values, new Reporter());
      emitAsWarning({ level: 'E_DEPRECATED', message: `${NAME}(): ${DEPRECATED}` });
    }
    let isFirst = true;
    const known: ObjectCallbacks = new Map();
    setProcessDefault((request) => {
      const handler = values[0] as AnySessionHandler;
      if (isObject && isFirst) {
        warnOfClass(request, handler);
        warnOfObject(request, handler);
      }
      isFirst = false;
      if (isObject) setObject(request, handler, values[1] !== false, known);
      else setCallbacks(request, values);
    });
    return true;
  }
  return performSync(NAME, (request) => {
    if (isObject) {
      const shutdown = requireHandler(values, request);
      warnOfClass(request, values[0] as AnySessionHandler);
      if (request.isLocked('Session save handler')) return false;
      warnOfObject(request, values[0] as AnySessionHandler);
      setObject(request, values[0] as AnySessionHandler, shutdown);
    } else {
      if (request.version >= '8.4') request.reporter.warn('E_DEPRECATED', DEPRECATED);
      if (request.reporter.exception) return false;
      requireCallbacks(values, request.reporter);
      if (request.isLocked('Session save handler')) return false;
      setCallbacks(request, values);
    }
    return true;
  });
}

/** @returns Whether to register a shutdown function. */
function requireHandler(values: readonly unknown[], request?: PhpRequest): boolean {
  if (values.length === 0) {
    if (request && request.version < '8.3') throw new PhpArgumentCountError(WRONG_COUNT);
    throw new PhpArgumentCountError(`${NAME}() expects at least 1 argument, 0 given`);
  }
  const handler = values[0];
  const isHandler =
    typeof handler === 'object' &&
    handler !== null &&
    MANDATORY.every((name) => typeof (handler as Record<string, unknown>)[name] === 'function');
  if (!isHandler) {
    const given = typeName(handler, request?.version ?? '8.4');
    throw new TypeError(
      `${NAME}(): Argument #1 ($open) must be of type SessionHandlerInterface, ${given} given`,
    );
  }
  if (!request || values[1] === undefined) return true;
  const [, shutdown] = parseArguments(
    request.reporter,
    [[], values[1]],
    1,
    'array $open',
    'bool $close',
  );
  return shutdown ?? true;
}

function requireCallbacks(values: readonly unknown[], reporter: Reporter): void {
  const { version } = reporter;
  if (values.length < 6 || values.length > 9) {
    if (version < '8.3') throw new PhpArgumentCountError(WRONG_COUNT);
    const bound = values.length < 6 ? 'at least 6' : 'at most 9';
    throw new PhpArgumentCountError(`${NAME}() expects ${bound} arguments, ${values.length} given`);
  }
  for (const [at, name] of [...MANDATORY, ...OPTIONAL].entries()) {
    if (at >= values.length || typeof values[at] === 'function') continue;
    const isOptional = at >= MANDATORY.length;
    const mayBeMissing = isOptional && (version >= '8.3' || values[at] === undefined);
    if (mayBeMissing && (values[at] ?? null) === null) continue;
    const kind = isOptional && version >= '8.3' ? 'a valid callback or null' : 'a valid callback';
    throw new TypeError(
      `${NAME}(): Argument #${at + 1} ($${name}) must be ${kind}, ${whyNoCallback(values[at], reporter)}`,
    );
  }
}

/** SessionHandler has validateId() from PHP 8.6 on; a subclass inherits it only there. */
function hasMethod(
  { version }: PhpRequest,
  handler: AnySessionHandler,
  name: (typeof METHODS)[keyof typeof METHODS],
): boolean {
  const method = handler[name];
  if (version < '8.6' && method === SessionHandler.prototype.validateId) return false;
  return typeof method === 'function';
}

/** The optional methods without which PHP 8.6 warns, and PHP 9 refuses a handler. */
function missingMethods(request: PhpRequest, handler: AnySessionHandler): string[] {
  if (request.version < '8.6') return [];
  return (['create_sid', 'validateId'] as const).filter(
    (name) => !hasMethod(request, handler, name),
  );
}

/** Warns once a request of each class. An object literal counts as a class of its own. */
function warnOfClass(request: PhpRequest, handler: AnySessionHandler): void {
  const missing = missingMethods(request, handler);
  if (missing.length === 0) return;
  const linked = linkedClasses.get(request) ?? new WeakSet();
  linkedClasses.set(request, linked);
  const key = isPlain(handler) ? handler : handler.constructor;
  if (linked.has(key)) return;
  linked.add(key);
  for (const name of missing) {
    const text =
      `Class ${classNameOf(handler)} implementing SessionHandlerInterface is missing the ` +
      `${name}() method which will be required in PHP 9.0`;
    request.reporter.warn('E_WARNING', text, '');
  }
}

function warnOfObject(request: PhpRequest, handler: AnySessionHandler): void {
  for (const name of missingMethods(request, handler)) {
    const text =
      `${NAME}(): Providing an object to argument #1 ($sessionhandler) which does not have the ` +
      `${name}() method defined is deprecated`;
    request.reporter.warn('E_DEPRECATED', text, '');
  }
}

/** The namespace of a module, which has a handler's functions, has no constructor. */
function classNameOf(handler: object): string {
  return (handler.constructor as { name: string } | undefined)?.name ?? 'Object';
}

function nameUserModule(request: PhpRequest): void {
  const { storage } = request.session;
  if (storage.module.name === 'user') return;
  request.settings.useCallbacks();
  storage.changeModule();
}

/** The callbacks of an object, by the PHP release whose methods they are. */
type ObjectCallbacks = Map<PhpVersion, Partial<SessionCallbacks>>;

function setObject(
  request: PhpRequest,
  handler: AnySessionHandler,
  shutdown: boolean,
  known?: ObjectCallbacks,
): void {
  const { user } = request.modules;
  user.className = classNameOf(handler);
  user.callbacks = known?.get(request.version) ?? callbacksOf(request, handler);
  known?.set(request.version, user.callbacks);
  if (Symbol.asyncDispose in handler) user.disposables.add(handler as object as AsyncDisposable);
  registerHandlerShutdown(request, shutdown);
  nameUserModule(request);
}

function callbacksOf(request: PhpRequest, handler: AnySessionHandler): Partial<SessionCallbacks> {
  const methods = handler as unknown as Record<string, Method | undefined>;
  const callbacks: Record<string, Method> = {};
  // The method is looked up at each call: PHP keeps the object and the method's name.
  const bind = (callback: CallbackName, method: string): void => {
    callbacks[callback] = (...values: never[]) => methods[method]?.apply(handler, values);
  };
  for (const name of MANDATORY) bind(name, name);
  for (const name of OPTIONAL) {
    if (hasMethod(request, handler, METHODS[name])) bind(name, METHODS[name]);
  }
  return callbacks;
}

function setCallbacks(request: PhpRequest, values: readonly unknown[]): void {
  request.modules.user.className = undefined;
  registerHandlerShutdown(request, false);
  nameUserModule(request);
  // Optional callbacks that are not given stay: an earlier object's methods, for example.
  const callbacks: Record<string, unknown> = { ...request.modules.user.callbacks };
  for (const [at, name] of [...MANDATORY, ...OPTIONAL].entries()) {
    if (typeof values[at] === 'function') callbacks[name] = values[at];
  }
  request.modules.user.callbacks = callbacks;
}
