/** The session functions and `$_SESSION` of one request, whatever async context calls them. */
import { PhpScopeError } from '../messages.ts';
import { callThrough } from '../session/caller.ts';
import type { PhpRequest } from '../session/request.ts';
import { currentVariables, insideOwn } from '../session/scope.ts';
import { session_get_cookie_params, session_set_cookie_params } from './cookie-params.ts';
import {
  session_abort,
  session_commit,
  session_create_id,
  session_decode,
  session_destroy,
  session_gc,
  session_regenerate_id,
  session_reset,
  session_start,
  session_write_close,
} from './lifecycle.ts';
import { session_set_save_handler } from './set-save-handler.ts';
import {
  ini_get,
  ini_set,
  session_cache_expire,
  session_cache_limiter,
  session_module_name,
  session_name,
  session_save_path,
} from './settings.ts';
import {
  type PhpSession,
  sessionVariables,
  setSessionVariables,
  superglobalOf,
} from './superglobal.ts';
import {
  register_shutdown_function,
  SID,
  session_encode,
  session_id,
  session_register_shutdown,
  session_status,
  session_unset,
} from './values.ts';

/** The session functions of one request, by PHP's names. Each may be taken out of the object. */
export interface PhpSessionFunctions {
  /** {@link ini_get} of this request. */
  readonly ini_get: typeof ini_get;
  /** {@link ini_set} of this request. */
  readonly ini_set: typeof ini_set;
  /** {@link register_shutdown_function} of this request. */
  readonly register_shutdown_function: typeof register_shutdown_function;
  /** {@link session_abort} of this request. */
  readonly session_abort: typeof session_abort;
  /** {@link session_cache_expire} of this request. */
  readonly session_cache_expire: typeof session_cache_expire;
  /** {@link session_cache_limiter} of this request. */
  readonly session_cache_limiter: typeof session_cache_limiter;
  /** {@link session_commit} of this request. */
  readonly session_commit: typeof session_commit;
  /** {@link session_create_id} of this request. */
  readonly session_create_id: typeof session_create_id;
  /** {@link session_decode} of this request. */
  readonly session_decode: typeof session_decode;
  /** {@link session_destroy} of this request. */
  readonly session_destroy: typeof session_destroy;
  /** {@link session_encode} of this request. */
  readonly session_encode: typeof session_encode;
  /** {@link session_gc} of this request. */
  readonly session_gc: typeof session_gc;
  /** {@link session_get_cookie_params} of this request. */
  readonly session_get_cookie_params: typeof session_get_cookie_params;
  /** {@link session_id} of this request. */
  readonly session_id: typeof session_id;
  /** {@link session_module_name} of this request. */
  readonly session_module_name: typeof session_module_name;
  /** {@link session_name} of this request. */
  readonly session_name: typeof session_name;
  /** {@link session_regenerate_id} of this request. */
  readonly session_regenerate_id: typeof session_regenerate_id;
  /** {@link session_register_shutdown} of this request. */
  readonly session_register_shutdown: typeof session_register_shutdown;
  /** {@link session_reset} of this request. */
  readonly session_reset: typeof session_reset;
  /** {@link session_save_path} of this request. */
  readonly session_save_path: typeof session_save_path;
  /** {@link session_set_cookie_params} of this request. */
  readonly session_set_cookie_params: typeof session_set_cookie_params;
  /** {@link session_set_save_handler} of this request. */
  readonly session_set_save_handler: typeof session_set_save_handler;
  /** {@link session_start} of this request. */
  readonly session_start: typeof session_start;
  /** {@link session_status} of this request. */
  readonly session_status: typeof session_status;
  /** {@link session_unset} of this request. */
  readonly session_unset: typeof session_unset;
  /** {@link session_write_close} of this request. */
  readonly session_write_close: typeof session_write_close;
  /** {@link sessionVariables} of this request. */
  readonly sessionVariables: typeof sessionVariables;
  /** {@link setSessionVariables} of this request. */
  readonly setSessionVariables: typeof setSessionVariables;
  /** The variables of this request's session. */
  readonly $_SESSION: PhpSession;
  /** The constant SID of this request. */
  readonly SID: typeof SID;
}

const functions: Omit<PhpSessionFunctions, '$_SESSION' | 'SID'> = {
  ini_get,
  ini_set,
  register_shutdown_function,
  session_abort,
  session_cache_expire,
  session_cache_limiter,
  session_commit,
  session_create_id,
  session_decode,
  session_destroy,
  session_encode,
  session_gc,
  session_get_cookie_params,
  session_id,
  session_module_name,
  session_name,
  session_regenerate_id,
  session_register_shutdown,
  session_reset,
  session_save_path,
  session_set_cookie_params,
  session_set_save_handler,
  session_start,
  session_status,
  session_unset,
  session_write_close,
  sessionVariables,
  setSessionVariables,
};

const originals: ReadonlySet<unknown> = new Set(Object.values(functions));

/**
 * Whether a value is one of PHP's functions, which refuse an argument that they do not have.
 *
 * @param value - Any value.
 */
export function isSessionFunction(value: unknown): boolean {
  return originals.has(value);
}

/** Returns the object that it is given, so that a derived class adds its private field to it. */
const Given = function given(object: object): object {
  return object;
} as unknown as new (
  object: object,
) => object;

/**
 * An object that a program has of a request. As private as an entry of a WeakMap, whose objects
 * would survive V8's quick garbage collection, with all that they refer to.
 */
class Known extends Given {
  #request: PhpRequest;

  private constructor(object: object, request: PhpRequest) {
    super(object);
    this.#request = request;
  }

  static add(object: object, request: PhpRequest): void {
    if (#request in object) object.#request = request;
    else new Known(object, request);
  }

  static requestOf(object: object): PhpRequest | undefined {
    return #request in object ? object.#request : undefined;
  }
}

const bindings = new WeakMap<PhpRequest, PhpSessionFunctions>();

/**
 * Lets {@link phpSessionOf} find a request by an object that a program has of it.
 *
 * @param request - PHP's request.
 * @param object - The framework's request, the raw request beneath it, or the response.
 */
export function knowRequest(request: PhpRequest, object: object): void {
  Known.add(object, request);
}

/**
 * Returns the session functions and `$_SESSION` of one request, bound to it.
 *
 * The ambient forms (`session_start()`, `$_SESSION`) follow the async context. Code after an `await`
 * has its own request's. A function that a library calls later may have another request's, and the
 * ambient `$_SESSION` is another visitor's there: the callback of a `mysql2` pool's
 * `query(sql, callback)` or of `async.queue`, the rows of a stream, the function given to `p-queue` or
 * `bottleneck`, a listener of an emitter that requests share. The bound forms are always this
 * request's: use them in every such function.
 *
 * @param request - The object that the adapter was given: node:http's or Express's request or response, a Fetch
 *   Request, or an object that holds one as `raw`, `req` or `request` (Hono's and h3's context, a
 *   Socket.IO socket).
 * @returns The functions, the same object for the same request.
 * @throws PhpScopeError for an object of a request that no adapter has wrapped.
 * @example
 * import { createServer } from 'node:http';
 *
 * createServer(
 *   withPhpSession(async (request, response) => {
 *     const { $_SESSION, session_start } = phpSessionOf(request);
 *     await session_start();
 *     setTimeout(() => {
 *       $_SESSION['visited'] = true;
 *       response.end(`Visited: ${$_SESSION['visited']}`);
 *     });
 *   }),
 * ).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Visited: true'
 */
export function phpSessionOf(request: object): PhpSessionFunctions {
  const found = findRequest(request, 3);
  if (found === undefined) {
    throw new PhpScopeError(
      'phpSessionOf() was given an object of a request that no adapter has wrapped: ' +
        'pass the request that withPhpSession() or phpSession() has seen',
    );
  }
  return functionsOf(found);
}

/**
 * Returns the functions that are bound to a request, and binds them at the first call.
 *
 * @param request - PHP's request.
 */
export function functionsOf(request: PhpRequest): PhpSessionFunctions {
  let bound = bindings.get(request);
  if (bound === undefined) {
    bound = bindFunctions(request);
    bindings.set(request, bound);
  }
  return bound;
}

function findRequest(object: unknown, depth: number): PhpRequest | undefined {
  if (typeof object !== 'object' || object === null || depth === 0) return undefined;
  const known = Known.requestOf(object);
  if (known !== undefined) return known;
  const { raw, req, request } = object as { raw?: unknown; req?: unknown; request?: unknown };
  for (const inner of [raw, req, request]) {
    const found = findRequest(inner, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

type AnyFunction = (...values: unknown[]) => unknown;

function bindFunctions(request: PhpRequest): PhpSessionFunctions {
  const bind = (original: AnyFunction): AnyFunction => {
    const bound: AnyFunction = (...values) =>
      callThrough(bound, () => insideOwn(request, () => original(...values)));
    return bound;
  };
  const bound = Object.entries(functions).map(([name, each]) => [name, bind(each as AnyFunction)]);
  return {
    ...Object.fromEntries(bound),
    $_SESSION: superglobalOf(() => insideOwn(request, currentVariables)),
    SID: { toString: () => insideOwn(request, () => String(SID)) },
  };
}
