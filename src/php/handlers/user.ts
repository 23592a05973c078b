/** The module "user": a program's own callbacks. ext/session/mod_user.c. */
import { tracingChannel } from 'node:diagnostics_channel';
import type { CallbackName } from '../save-handler.ts';
import { createId } from '../session/identifiers.ts';
import type { PhpRequest } from '../session/request.ts';
import type { SaveModule } from '../session/save-module.ts';
import { insideHandler } from '../session/scope.ts';
import { textOf, textOrBytes, typeName } from '../zend/conversions.ts';

/** What is published of each callback on the tracing channel `phpsessid:callback`. */
export interface CallbackTrace {
  /** Which callback is called, by its name in a list of callbacks. */
  readonly callback: CallbackName;
  /** What it is called with. */
  readonly values: readonly unknown[];
  /** The request as the adapter has it; undefined outside HTTP. */
  readonly request: unknown;
}

const channel = tracingChannel<CallbackTrace>('phpsessid:callback');

/** C's IS_UNDEF: the callback was not called, because another one is still running. */
const UNDEFINED = Symbol('undefined');

/** ps_call_handler(), mod_user.c L22. A throw is kept, as EG(exception) is. */
async function callHandler(
  request: PhpRequest,
  name: CallbackName,
  values: readonly unknown[],
): Promise<unknown> {
  if (request.inSaveHandler) {
    request.inSaveHandler = false;
    request.warn('E_WARNING', 'Cannot call session save handler in a recursive manner');
    return UNDEFINED;
  }
  // zend_call_function() calls nothing while an exception is on its way.
  if (request.exception) return null;
  const callback = request.callbacks[name] as
    | ((...values: readonly unknown[]) => unknown)
    | undefined;
  request.inSaveHandler = true;
  request.callbackDepth += 1;
  const outer = request.activeFunction;
  try {
    const answer = await insideHandler(request, async () => {
      const call = async (): Promise<unknown> => await callback?.(...values);
      if (!isWatched()) return await call();
      return await channel.tracePromise(call, { callback: name, values, request: request.source });
    });
    request.inSaveHandler = false;
    request.callbackDepth -= 1;
    return answer;
  } catch (error) {
    request.callbackDepth -= 1;
    // zend_bailout() leaves the flag as it is.
    if (request.bailsOut) throw error;
    request.inSaveHandler = false;
    request.exception = { error };
    return null;
  } finally {
    request.activeFunction = outer;
  }
}

function isWatched(): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channel;
  return [start, end, asyncStart, asyncEnd, error].some((each) => each.hasSubscribers);
}

/** verify_bool_return_type_userland_calls(), mod_user.c L50. */
function succeeded(request: PhpRequest, value: unknown): boolean {
  if (value === UNDEFINED || value === false) return false;
  if (value === true) return true;
  const given = typeName(value, request.version);
  const text = `Session callback must have a return value of type bool, ${given} returned`;
  if (value === 0 || value === -1 || value === 0n || value === -1n) {
    if (!request.exception) request.warn('E_DEPRECATED', text);
    return Number(value) === 0;
  }
  if (!request.exception) request.throwLater(new TypeError(text));
  return false;
}

async function ask(
  request: PhpRequest,
  name: CallbackName,
  ...values: readonly unknown[]
): Promise<boolean> {
  return succeeded(request, await callHandler(request, name, values));
}

/** The module that PHP calls "user". */
export const userHandler: SaveModule = {
  name: 'user',

  async open(request, savePath, name) {
    const answer = await callHandler(request, 'open', [savePath, name]);
    request.userHandlerOpen = true;
    return succeeded(request, answer);
  },

  async close(request) {
    if (!request.userHandlerOpen) return true;
    try {
      return succeeded(request, await callHandler(request, 'close', []));
    } finally {
      request.userHandlerOpen = false;
    }
  },

  async read(request, id) {
    const answer = await callHandler(request, 'read', [id]);
    if (typeof answer === 'string') return Buffer.from(answer, 'utf8');
    if (answer instanceof Uint8Array) return Buffer.from(answer);
    return undefined;
  },

  write: (request, id, data) => ask(request, 'write', id, textOrBytes(data)),

  destroy: (request, id) => ask(request, 'destroy', id),

  async gc(request, maxLifetime) {
    const answer = await callHandler(request, 'gc', [maxLifetime]);
    if (typeof answer === 'bigint') return Number(answer);
    if (typeof answer === 'number' && Number.isInteger(answer)) return answer;
    return answer === true ? 1 : -1;
  },

  async createId(request) {
    if (!request.callbacks.create_sid) {
      const { settings } = request;
      const bits = settings.get('sid_bits_per_character');
      return createId(settings.get('sid_length'), bits, request.randomBytes);
    }
    const answer = await callHandler(request, 'create_sid', []);
    if (typeof answer === 'string') return answer;
    if (answer instanceof Uint8Array) return textOf(Buffer.from(answer));
    const reason =
      answer === UNDEFINED ? 'No session id returned by function' : 'Session id must be a string';
    request.throwLater(new Error(reason));
    return undefined;
  },

  async validateId(request, id) {
    return request.callbacks.validate_sid ? await ask(request, 'validate_sid', id) : true;
  },

  updateTimestamp(request, id, data) {
    const name = request.callbacks.update_timestamp ? 'update_timestamp' : 'write';
    return ask(request, name, id, textOrBytes(data));
  },
};
