/**
 * Traces one process from inside: which request ran which callback and which SQL, and when.
 *
 * The statements come from mysql2's tracing channel, because only inside the process is it known
 * which request sent them. `wire/proxy.ts` sees the same statements as the server does.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { isUtf8 } from 'node:buffer';
import { tracingChannel } from 'node:diagnostics_channel';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { locate, namePlace, type Suspect } from './location.ts';
import { hasLock, type LockEffect, lockEffect } from './locks.ts';
import type { Message } from './messages.ts';

interface Scope {
  request: number;
  /** Callbacks that have begun and not ended, the innermost last. */
  running: number[];
}

interface CallbackContext {
  callback: string;
  values?: unknown[] | undefined;
  result?: unknown;
  error?: unknown;
}

interface StatementContext {
  query: string;
  values?: unknown;
  result?: unknown;
  error?: unknown;
}

const scopes = new AsyncLocalStorage<Scope>();
const LONGEST = 400;

/** Milliseconds since 1970, finer than Date.now(). */
const now = (): number => performance.timeOrigin + performance.now();

/** Wraps a listener so that all events within one request are reported under its number. */
export function traceRequests(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  send: (message: Message) => void,
): RequestListener {
  let requests = 0;
  return (incoming, outgoing) => {
    requests += 1;
    const scope: Scope = { request: requests, running: [] };
    send({
      type: 'request',
      request: scope.request,
      method: incoming.method ?? 'GET',
      url: incoming.url ?? '/',
      remotePort: incoming.socket.remotePort ?? 0,
      at: now(),
    });
    outgoing.once('close', () => {
      const { request } = scope;
      // Before a response begins, Node's statusCode is 200.
      const status = outgoing.headersSent ? outgoing.statusCode : undefined;
      send({ type: 'response', request, status, at: now() });
    });
    scopes.run(scope, () => listener(incoming, outgoing));
  };
}

/**
 * Starts to report the session callbacks, which `#php` publishes.
 *
 * @param suspect - The class, to name the line at which a callback failed.
 */
export function traceCallbacks(send: (message: Message) => void, suspect: Suspect): void {
  const seen = new WeakMap<object, { scope: Scope; step: number; asynchronous: boolean }>();
  let steps = 0;
  const finish = (context: CallbackContext) => {
    const known = seen.get(context);
    if (!known) return;
    seen.delete(context);
    const { scope, step } = known;
    scope.running = scope.running.filter((each) => each !== step);
    // A class can throw undefined.
    const failed = 'error' in context;
    send({
      type: 'callback-end',
      request: scope.request,
      step,
      answer: failed ? undefined : describeValue(context.result),
      error: failed ? describeError(context.error) : undefined,
      place: failed ? placeOf(context.error, suspect) : undefined,
      at: now(),
    });
  };
  tracingChannel<unknown, CallbackContext>('phpsessid:callback').subscribe({
    start(context) {
      const scope = scopes.getStore();
      if (!scope) return;
      steps += 1;
      seen.set(context, { scope, step: steps, asynchronous: false });
      scope.running.push(steps);
      send({
        type: 'callback',
        request: scope.request,
        step: steps,
        name: context.callback,
        values: (context.values ?? []).map(describeValue),
        at: now(),
      });
    },
    // After `end` a promise may still be pending: only a synchronous callback is over.
    end(context) {
      if ('result' in context && !(context.result instanceof Promise)) finish(context);
    },
    asyncStart() {},
    asyncEnd: finish,
    error() {},
  });
}

/** Starts to report the statements, which mysql2 publishes. */
export function traceStatements(send: (message: Message) => void): void {
  const seen = new WeakMap<
    object,
    { scope: Scope; statement: number; lock: LockEffect | undefined }
  >();
  let statements = 0;
  const start = (context: StatementContext) => {
    const scope = scopes.getStore();
    if (!scope) return;
    statements += 1;
    const values = Array.isArray(context.values) ? context.values : [];
    const lock = lockEffect(context.query, values);
    seen.set(context, { scope, statement: statements, lock });
    send({
      type: 'sql',
      request: scope.request,
      step: scope.running.at(-1),
      statement: statements,
      sql: context.query.replace(/\s+/g, ' ').trim().slice(0, 2_000),
      values: values.map(describeValue),
      lock,
      at: now(),
    });
  };
  const asyncEnd = (context: StatementContext) => {
    const known = seen.get(context);
    if (!known) return;
    seen.delete(context);
    const failed = context.error !== undefined && context.error !== null;
    const { scope, statement, lock } = known;
    const got = failed ? undefined : hasLock(lock, context.query, context.result);
    const outcome = failed ? describeError(context.error) : describeResult(context.result, got);
    send({ type: 'sql-end', request: scope.request, statement, outcome, failed, got, at: now() });
  };
  for (const name of ['mysql2:query', 'mysql2:execute']) {
    tracingChannel<unknown, StatementContext>(name).subscribe({
      start,
      end() {},
      asyncStart() {},
      asyncEnd,
      error() {},
    });
  }
}

/** Writes a value for the timeline: short, strings in quotes, and bytes as text where they are. */
export function describeValue(value: unknown): string {
  const text =
    value instanceof Uint8Array
      ? describeBytes(value)
      : typeof value === 'string'
        ? JSON.stringify(value.slice(0, LONGEST))
        : typeof value === 'object' && value !== null
          ? (value.constructor?.name ?? 'object')
          : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** A session's data is mostly text; a hash is not, and has no more to show than its size. */
function describeBytes(bytes: Uint8Array): string {
  const text = isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : undefined;
  return text !== undefined && !/\p{Cc}/u.test(text)
    ? JSON.stringify(text.slice(0, LONGEST))
    : `${bytes.byteLength} bytes`;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return describeValue(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`.slice(0, LONGEST);
}

function placeOf(error: unknown, suspect: Suspect): string | undefined {
  const location = error instanceof Error ? locate(error.stack ?? '', suspect) : undefined;
  return location && namePlace(location);
}

function describeResult(result: unknown, got: boolean | undefined): string {
  if (got === false) return 'did not get the lock';
  if (Array.isArray(result)) {
    const [row] = result;
    const values = row && typeof row === 'object' ? Object.values(row) : [];
    const isNumber = values.length === 1 && typeof values[0] === 'number';
    if (result.length === 1) return isNumber ? `1 row: ${values[0]}` : '1 row';
    return `${result.length} rows`;
  }
  if (result && typeof result === 'object' && 'affectedRows' in result) {
    const changed = Number(result.affectedRows);
    const id = 'insertId' in result && Number(result.insertId) > 0 ? `, id ${result.insertId}` : '';
    return `${changed} ${changed === 1 ? 'row' : 'rows'} affected${id}`;
  }
  return 'done';
}
