/** The module "user": a program's own callbacks. ext/session/mod_user.c. */
import { tracingChannel } from 'node:diagnostics_channel';
import { type Awaitable, isThenable, whenReady } from '../awaitable.ts';
import type { CallbackName, SessionCallbacks } from '../save-handler.ts';
import { createId } from '../session/identifiers.ts';
import { insideHandler } from '../session/scope.ts';
import { textOf, textOrBytes, typeName } from '../zend/conversions.ts';
import type { HandlerContext, OpenHandler, Opening, UserModule } from './save-module.ts';

/** A message of the tracing channel `phpsessid:callback`, published for each callback. */
export interface CallbackTrace {
  /** The callback, by its name in a list of callbacks. */
  readonly callback: CallbackName;
  /** The arguments of the call. */
  readonly values: readonly unknown[];
  /** The request as the adapter has it; undefined outside HTTP. */
  readonly request: unknown;
}

const channel = tracingChannel<CallbackTrace>('phpsessid:callback');

function isTraced(): boolean {
  const { start, end, asyncStart, asyncEnd, error } = channel;
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/** Limits a callback's recursion: PHP's process dies of it, here it would use all memory. */
const DEEPEST = 100;

/** C's IS_UNDEF: the callback was not called, because another one is still running. */
const UNDEFINED = Symbol('undefined');

/** The callbacks of one request. */
export class Callbacks implements UserModule {
  readonly name = 'user';
  callbacks: Partial<SessionCallbacks> = {};
  className: string | undefined;
  isCalling = false;
  readonly disposables: Set<AsyncDisposable> = new Set();

  open(context: HandlerContext, savePath: string, name: string): Awaitable<Opening> {
    const handler = new OpenCallbacks(this, context);
    return whenReady(handler.open(savePath, name), (ok) => ({ ok, handler }));
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

  open(savePath: string, name: string): Awaitable<boolean> {
    return this.#ask('open', savePath, name);
  }

  read(id: string): Awaitable<Buffer | undefined> {
    return whenReady(this.#call('read', [id]), (answer) => {
      if (typeof answer === 'string') return Buffer.from(answer, 'utf8');
      return answer instanceof Uint8Array ? Buffer.from(answer) : undefined;
    });
  }

  write(id: string, data: Buffer): Awaitable<boolean> {
    return this.#ask('write', id, textOrBytes(data));
  }

  touch(id: string, data: Buffer): Awaitable<boolean> {
    const name = this.#module.callbacks.update_timestamp ? 'update_timestamp' : 'write';
    return this.#ask(name, id, textOrBytes(data));
  }

  destroy(id: string): Awaitable<boolean> {
    return this.#ask('destroy', id);
  }

  gc(maxLifetime: number): Awaitable<number> {
    return whenReady(this.#call('gc', [maxLifetime]), (answer) => {
      if (typeof answer === 'bigint') return Number(answer);
      if (typeof answer === 'number' && Number.isInteger(answer)) return answer;
      return answer === true ? 1 : -1;
    });
  }

  createId(): Awaitable<string | undefined> {
    if (!this.#module.callbacks.create_sid) return createId(this.#context);
    return whenReady(this.#call('create_sid', []), (answer) => {
      if (typeof answer === 'string') return answer;
      if (answer instanceof Uint8Array) return textOf(Buffer.from(answer));
      this.#context.reporter.throwLater(this.#whyNoId(answer));
      return undefined;
    });
  }

  #whyNoId(answer: unknown): Error {
    if (answer === UNDEFINED) return new Error('No session id returned by function');
    if (this.#context.reporter.version < '8.6') return new Error('Session id must be a string');
    // zend_zval_type_name(), as in 8.2: true and false are "bool".
    const given = typeName(answer, '8.2');
    return new TypeError(`Session id must be of type string, ${given} given`);
  }

  validateId(id: string): Awaitable<boolean> {
    return this.canValidate ? this.#ask('validate_sid', id) : true;
  }

  close(): Awaitable<boolean> {
    return this.#context.options.containFailures ? this.#closeAnyway() : this.#ask('close');
  }

  /** Closes although an exception is pending, or has ended the last phase. */
  async #closeAnyway(): Promise<boolean> {
    const { reporter } = this.#context;
    const pending = reporter.exception;
    reporter.exception = undefined;
    if (reporter.callbackDepth === 0) this.#module.isCalling = false;
    try {
      return await this.#ask('close');
    } finally {
      reporter.exception = pending ?? reporter.exception;
    }
  }

  /** The program owns the resources of its callbacks. */
  release(): void {}

  callbackName(operation: 'write' | 'touch'): string {
    const { className, callbacks } = this.#module;
    // Up to 8.5 the message names updateTimestamp() also where write() was called in its place.
    const isTouch = callbacks.update_timestamp || this.#context.reporter.version < '8.6';
    const isWrite = operation === 'write' || !isTouch;
    if (className === undefined) return isWrite ? 'write' : 'update_timestamp';
    return `${className}::${isWrite ? 'write' : 'updateTimestamp'}`;
  }

  #ask(name: CallbackName, ...values: readonly unknown[]): Awaitable<boolean> {
    return whenReady(this.#call(name, values), (answer) => this.#succeeded(answer));
  }

  /** ps_call_handler(), mod_user.c L22. An exception is kept, as EG(exception) is. */
  #call(name: CallbackName, values: readonly unknown[]): Awaitable<unknown> {
    const { reporter } = this.#context;
    const module = this.#module;
    if (module.isCalling) {
      module.isCalling = false;
      reporter.warn('E_WARNING', 'Cannot call session save handler in a recursive manner');
      return UNDEFINED;
    }
    // zend_call_function() calls nothing while an exception is pending.
    if (reporter.exception) return null;
    if (reporter.callbackDepth >= DEEPEST) {
      const text =
        `The save handler's ${name}() was called ${DEEPEST} levels deep: a callback calls a session ` +
        'function that calls the callback again; call session functions from the page instead';
      reporter.keep(new Error(text));
      return null;
    }
    const outer = reporter.activeFunction;
    module.isCalling = true;
    reporter.callbackDepth += 1;
    let answer: unknown;
    try {
      answer = this.#run(name, values);
    } catch (error) {
      return this.#fail(outer, error);
    }
    if (!isThenable(answer)) return this.#succeed(outer, answer);
    return Promise.resolve(answer).then(
      (value) => this.#succeed(outer, value),
      (error: unknown) => this.#fail(outer, error),
    );
  }

  #leave(outer: string): void {
    const { reporter } = this.#context;
    reporter.callbackDepth -= 1;
    reporter.activeFunction = outer;
  }

  #succeed(outer: string, answer: unknown): unknown {
    this.#leave(outer);
    this.#module.isCalling = false;
    return answer;
  }

  #fail(outer: string, error: unknown): null {
    this.#leave(outer);
    // zend_bailout() leaves the flag as it is.
    this.#context.reporter.keep(error);
    this.#module.isCalling = false;
    return null;
  }

  /** Runs a callback in its own scope, and traces it if the channel has a subscriber. */
  #run(name: CallbackName, values: readonly unknown[]): unknown {
    const callback = this.#module.callbacks[name] as
      | ((...values: readonly unknown[]) => unknown)
      | undefined;
    return insideHandler(() => {
      if (!isTraced()) return callback?.(...values);
      const trace = { callback: name, values, request: this.#context.source };
      return channel.tracePromise(async () => await callback?.(...values), trace);
    });
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
