/** The module "user": a program's own callbacks. ext/session/mod_user.c. */
import { tracingChannel } from 'node:diagnostics_channel';
import type { CallbackName, SessionCallbacks } from '../save-handler.ts';
import { createId } from '../session/identifiers.ts';
import { insideHandler } from '../session/scope.ts';
import { textOf, textOrBytes, typeName } from '../zend/conversions.ts';
import type { HandlerContext, OpenHandler, Opening, UserModule } from './save-module.ts';

/** What is published of each callback on the tracing channel `phpsessid:callback`. */
export interface CallbackTrace {
  /** The callback, by its name in a list of callbacks. */
  readonly callback: CallbackName;
  /** Its arguments. */
  readonly values: readonly unknown[];
  /** The request as the adapter has it; undefined outside HTTP. */
  readonly request: unknown;
}

const channel = tracingChannel<CallbackTrace>('phpsessid:callback');

function isTraced(): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channel;
  return [start, end, asyncStart, asyncEnd, error].some((each) => each.hasSubscribers);
}

/** PHP's process dies of an endless recursion at once; here it would take all memory first. */
const DEEPEST = 100;

/** C's IS_UNDEF: the callback was not called, because another one is still running. */
const UNDEFINED = Symbol('undefined');

/** The callbacks of one request. */
export class Callbacks implements UserModule {
  readonly name = 'user';
  callbacks: Partial<SessionCallbacks> = {};
  className: string | undefined;
  isCalling = false;

  async open(context: HandlerContext, savePath: string, name: string): Promise<Opening> {
    const handler = new OpenCallbacks(this, context);
    const ok = await handler.open(savePath, name);
    return { ok, handler };
  }

  unopened(context: HandlerContext): OpenHandler {
    return new OpenCallbacks(this, context);
  }
}

/** Callbacks between open and close. */
class OpenCallbacks implements OpenHandler {
  readonly #module: Callbacks;
  readonly #context: HandlerContext;

  constructor(module: Callbacks, context: HandlerContext) {
    this.#module = module;
    this.#context = context;
  }

  get canValidate(): boolean {
    return this.#module.callbacks.validate_sid !== undefined;
  }

  open(savePath: string, name: string): Promise<boolean> {
    return this.#ask('open', savePath, name);
  }

  async read(id: string): Promise<Buffer | undefined> {
    const answer = await this.#call('read', [id]);
    if (typeof answer === 'string') return Buffer.from(answer, 'utf8');
    if (answer instanceof Uint8Array) return Buffer.from(answer);
    return undefined;
  }

  write(id: string, data: Buffer): Promise<boolean> {
    return this.#ask('write', id, textOrBytes(data));
  }

  touch(id: string, data: Buffer): Promise<boolean> {
    const name = this.#module.callbacks.update_timestamp ? 'update_timestamp' : 'write';
    return this.#ask(name, id, textOrBytes(data));
  }

  destroy(id: string): Promise<boolean> {
    return this.#ask('destroy', id);
  }

  async gc(maxLifetime: number): Promise<number> {
    const answer = await this.#call('gc', [maxLifetime]);
    if (typeof answer === 'bigint') return Number(answer);
    if (typeof answer === 'number' && Number.isInteger(answer)) return answer;
    return answer === true ? 1 : -1;
  }

  async createId(): Promise<string | undefined> {
    if (!this.#module.callbacks.create_sid) return createId(this.#context);
    const answer = await this.#call('create_sid', []);
    if (typeof answer === 'string') return answer;
    if (answer instanceof Uint8Array) return textOf(Buffer.from(answer));
    const reason =
      answer === UNDEFINED ? 'No session id returned by function' : 'Session id must be a string';
    this.#context.reporter.throwLater(new Error(reason));
    return undefined;
  }

  async validateId(id: string): Promise<boolean> {
    return this.canValidate ? await this.#ask('validate_sid', id) : true;
  }

  async close(): Promise<boolean> {
    const { reporter, containFailures } = this.#context;
    if (!containFailures) return await this.#ask('close');
    // An exception that is pending, or has ended the last phase, does not keep it from being called.
    const pending = reporter.exception;
    reporter.exception = undefined;
    if (reporter.callbackDepth === 0) this.#module.isCalling = false;
    try {
      return await this.#ask('close');
    } finally {
      reporter.exception = pending ?? reporter.exception;
    }
  }

  /** A callback's resources are its program's own. */
  async release(): Promise<void> {}

  callbackName(operation: 'write' | 'touch'): string {
    const { className } = this.#module;
    if (className === undefined) return operation === 'write' ? 'write' : 'update_timestamp';
    return `${className}::${operation === 'write' ? 'write' : 'updateTimestamp'}`;
  }

  async #ask(name: CallbackName, ...values: readonly unknown[]): Promise<boolean> {
    return this.#succeeded(await this.#call(name, values));
  }

  /** ps_call_handler(), mod_user.c L22. An exception is kept, as EG(exception) is. */
  async #call(name: CallbackName, values: readonly unknown[]): Promise<unknown> {
    const { reporter, source } = this.#context;
    const module = this.#module;
    if (module.isCalling) {
      module.isCalling = false;
      reporter.warn('E_WARNING', 'Cannot call session save handler in a recursive manner');
      return UNDEFINED;
    }
    // zend_call_function() calls nothing while an exception is pending.
    if (reporter.exception) return null;
    if (reporter.callbackDepth >= DEEPEST) {
      reporter.keep(
        new Error(
          `The save handler's ${name}() was called ${DEEPEST} levels deep: a callback calls a session ` +
            'function that calls the callback again; call session functions from the page instead',
        ),
      );
      return null;
    }
    const callback = module.callbacks[name] as
      | ((...values: readonly unknown[]) => unknown)
      | undefined;
    module.isCalling = true;
    reporter.callbackDepth += 1;
    const outer = reporter.activeFunction;
    try {
      const answer = await insideHandler(async () => {
        const call = async (): Promise<unknown> => await callback?.(...values);
        if (!isTraced()) return await call();
        return await channel.tracePromise(call, { callback: name, values, request: source });
      });
      module.isCalling = false;
      reporter.callbackDepth -= 1;
      return answer;
    } catch (error) {
      reporter.callbackDepth -= 1;
      // zend_bailout() leaves the flag as it is.
      reporter.keep(error);
      module.isCalling = false;
      return null;
    } finally {
      reporter.activeFunction = outer;
    }
  }

  /** verify_bool_return_type_userland_calls(), mod_user.c L50. */
  #succeeded(value: unknown): boolean {
    const { reporter } = this.#context;
    if (value === UNDEFINED || value === false) return false;
    if (value === true) return true;
    const given = typeName(value, reporter.version);
    const text = `Session callback must have a return value of type bool, ${given} returned`;
    if (value === 0 || value === -1 || value === 0n || value === -1n) {
      reporter.warn('E_DEPRECATED', text);
      return Number(value) === 0;
    }
    if (!reporter.exception) reporter.throwLater(new TypeError(text));
    return false;
  }
}
