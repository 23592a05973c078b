/**
 * Adapts the export of `#sessions` to one handler.
 *
 * Tests use this shape from the first lesson to the last, so no test is edited when the static
 * class becomes an object, and a callback that is not ported yet fails with a sentence.
 */
import type { SessionHandlerInterface } from '../../php/index.ts';
import type { Means, SessionsExport } from '../sandbox/contract.ts';
import { handlerClassOf } from '../sandbox/handler-class.ts';
import { type Callback, METHODS } from '../sandbox/methods.ts';
import { NotPorted } from '../sandbox/not-ported.ts';

/** The session callbacks of the class under test, each of them async. */
export interface BenchHandler {
  open(path: string, name: string): Promise<boolean>;
  close(): Promise<boolean>;
  /** The session's data; bytes that the class returned are decoded as UTF-8. */
  read(id: string): Promise<string>;
  /** The same call, for data that is not text. */
  readBytes(id: string): Promise<Uint8Array>;
  write(id: string, data: string | Uint8Array): Promise<boolean>;
  destroy(id: string): Promise<boolean>;
  gc(maxLife: number): Promise<number | boolean>;
  create_sid(): Promise<string>;
}

/** The last callback a test reached, for a report that must name a place in the class. */
export interface LastCall {
  /** The method as the file spells it: `Read`, or `read` in an object. */
  method: string | undefined;
  /** The class's first error within a page, where the test sees only a status of 500. */
  error: unknown;
}

type Method = (...values: unknown[]) => unknown;

export interface AdaptedHandler {
  handler: BenchHandler;
  /** True when the class has this callback. */
  has(callback: Callback): boolean;
  lastCall: LastCall;
}

/**
 * Adapts a lesson's export to one handler.
 *
 * @param sessions - The static class, a handler's constructor, or a handler.
 * @param onCall - Receives the name of each method before its call.
 * @param means - The parts for a handler's constructor.
 * @returns The handler, its callbacks and its last call.
 * @throws TypeError when `sessions` is neither a class nor an object.
 */
export function adaptHandler(
  sessions: SessionsExport,
  onCall: (method: string) => void = () => {},
  means: Means = {},
): AdaptedHandler {
  if (sessions === null || (typeof sessions !== 'function' && typeof sessions !== 'object')) {
    throw new TypeError(
      `The class's file must export a class named Sessions; its export is ${describe(sessions)}.`,
    );
  }
  const make = handlerClassOf(sessions, means);
  const isObject = make !== undefined || ('open' in sessions && 'read' in sessions);
  const lastCall: LastCall = { method: undefined, error: undefined };
  const names = (callback: Callback) => {
    const article = METHODS.find((method) => method.callback === callback);
    return !isObject && article
      ? article
      : { name: callback as string, example: `async ${callback}(…)` };
  };
  const receiver = (): object => (make ? new make(means) : sessions);
  const find = (callback: Callback, object = receiver()): Method | undefined => {
    const method = (object as Record<string, unknown>)[names(callback).name];
    return typeof method === 'function' ? (method as Method) : undefined;
  };
  let opened: unknown[] | undefined;
  const call = async (callback: Callback, ...values: unknown[]): Promise<unknown> => {
    lastCall.method = names(callback).name;
    onCall(lastCall.method);
    if (callback === 'open') opened = values;
    try {
      const object = receiver();
      const method = find(callback, object);
      if (!method) throw new NotPorted(names(callback));
      return make
        ? await inRequest(object as SessionHandlerInterface, callback, method, values, opened)
        : await method.apply(object, values);
    } catch (error) {
      throw explainDirectCall(error);
    }
  };
  const handler: BenchHandler = {
    open: async (path, name) => (await call('open', path, name)) as boolean,
    close: async () => (await call('close')) as boolean,
    read: async (id) => toText(await call('read', id)) as string,
    readBytes: async (id) => toBytes(await call('read', id)),
    write: async (id, data) => (await call('write', id, data)) as boolean,
    destroy: async (id) => (await call('destroy', id)) as boolean,
    gc: async (maxLife) => (await call('gc', maxLife)) as number | boolean,
    create_sid: async () => (await call('create_sid')) as string,
  };
  return { handler, has: (callback) => find(callback) !== undefined, lastCall };
}

/**
 * PHP's functions need a request, and the error for a request that is missing is about servers. A test
 * that calls a method directly has none, as a script may.
 */
function explainDirectCall(error: unknown): unknown {
  if (error instanceof Error && error.name === 'PhpScopeError') {
    error.message = error.message.replace(
      /was used outside a request:[\s\S]*/,
      'was used outside a request: this test calls the method directly, without a page around it. ' +
        "Call PHP's functions in initCallbacks and keep the result; " +
        'a method that is called without a page needs a default, such as a static property',
    );
  }
  return error;
}

/** @throws NotPorted for an export that takes no parts. */
export function requireConstructor(sessions: SessionsExport): void {
  if (handlerClassOf(sessions)) return;
  throw new NotPorted({
    name: 'constructor',
    example: 'constructor({ pool, now, random, maxLife }: Means = {})',
  });
}

/** Calls one method as a request of its own, since a handler object serves one request. */
async function inRequest(
  handler: SessionHandlerInterface,
  callback: Callback,
  method: Method,
  values: unknown[],
  opened: unknown[] | undefined,
): Promise<unknown> {
  if (callback !== 'open' && opened) await handler.open(String(opened[0]), String(opened[1]));
  try {
    return await method.apply(handler, values);
  } finally {
    await handler.close();
  }
}

/** Bytes as text; any other value is unchanged, so that a test can see a `null`. */
function toText(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
}

function toBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  throw new TypeError(`Read must return a string or bytes, got ${describe(value)}`);
}

function describe(value: unknown): string {
  return value === undefined || value === null ? String(value) : `a ${typeof value}`;
}
