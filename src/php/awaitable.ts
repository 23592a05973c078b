/**
 * Values that may be promises. A handler that answers at once then makes no promise, to which Node
 * 20 would copy the async context, and its session is saved before the response's end() returns.
 */
import { types } from 'node:util';

/** A value, or a promise of it. */
export type Awaitable<Value> = Value | Promise<Value>;

/**
 * Whether a value is a promise, of any library.
 *
 * @param value - Any value.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/**
 * Whether a value is a native promise, from any realm: in Jest's sandbox, the promises of
 * Node's own modules are not instances of `Promise`.
 *
 * @param value - Any value.
 */
export const isPromise: (value: unknown) => value is Promise<unknown> = types.isPromise;

/**
 * Continues with a value: at once, or when its promise is fulfilled.
 *
 * @param value - A value now, or a promise of it.
 * @param next - The continuation.
 * @returns Its result, as a promise only where there was one to wait for.
 */
export function whenReady<Value, Result>(
  value: Awaitable<Value>,
  next: (value: Value) => Awaitable<Result>,
): Awaitable<Result> {
  return isPromise(value) ? value.then(next) : next(value);
}

/**
 * A function in steps: as an async function, with `yield* ready(…)` in place of `await …`.
 *
 * Not to be written as a closure: V8 gives every generator function a hidden class of its own, and
 * one for each request fills the old generation of the heap.
 */
export type Steps<Result> = Generator<Promise<unknown>, Result, unknown>;

/**
 * Waits for a value, within a function in steps.
 *
 * @param value - A value now, or a promise of it.
 * @returns The value.
 * @throws The reason of a promise that is rejected.
 */
export function* ready<Value>(value: Awaitable<Value>): Steps<Value> {
  return isPromise(value) ? ((yield value) as Value) : value;
}

/**
 * Runs a function in steps.
 *
 * @param steps - The generator that the function has returned.
 * @returns Its result, as a promise only where there was one to wait for.
 */
export function inSteps<Result>(steps: Steps<Result>): Awaitable<Result> {
  const step = steps.next();
  return step.done ? step.value : follow(steps, step);
}

async function follow<Result>(
  steps: Steps<Result>,
  first: IteratorResult<Promise<unknown>, Result>,
): Promise<Result> {
  let step = first;
  while (!step.done) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}
