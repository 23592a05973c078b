import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { inSteps, ready, type Steps, whenReady } from '../../src/php/awaitable.ts';

/** In Jest's sandbox, the promises of Node's own modules are of another class than `Promise`. */
const foreign = (): Promise<number> => runInNewContext('Promise.resolve(7)') as Promise<number>;

function* steps(): Steps<number> {
  return (yield* ready(foreign())) + 1;
}

test('a promise of another realm is waited for', async () => {
  assert.equal(await whenReady(foreign(), (value) => value + 1), 8);
  assert.equal(await inSteps(steps()), 8);
});
