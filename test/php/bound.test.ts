import assert from 'node:assert/strict';
import { AsyncResource } from 'node:async_hooks';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { runInThisContext } from 'node:vm';
import {
  $_SESSION,
  PHP_SESSION_NONE,
  PhpScopeError,
  type PhpSessionFunctions,
  phpSessionOf,
  session_abort,
  session_create_id,
  session_id,
  session_start,
  session_status,
  withPhpRequest,
} from '#php';
import { commitRequest, knowRequest, prepare, runRequest } from '../../src/php/host.ts';

/** A store in memory, its reads a turn later. */
function memory() {
  const rows = new Map<string, string>();
  return {
    rows,
    open: () => true,
    close: () => true,
    read: async (id: string) => rows.get(id) ?? '',
    write: (id: string, data: string) => rows.set(id, data) === rows,
    destroy: (id: string) => rows.delete(id) || true,
    gc: () => 0,
  };
}

const open = prepare({ onMessage() {}, version: '8.5' });

/** Runs a page as one request that `phpSessionOf()` finds by an object, and commits it. */
async function visit(request: object, page: (bound: PhpSessionFunctions) => unknown) {
  const php = open();
  knowRequest(php, request);
  await runRequest(php, async () => await page(phpSessionOf(request)));
  await commitRequest(php, 'its page has ended');
}

test('bound functions reach their own request from another request’s context', async () => {
  const store = memory();
  await visit({}, async (ann) => {
    ann.session_set_save_handler(store);
    ann.session_id('ann');
    await session_start();
    $_SESSION['user'] = 'ann';
    const inAnnsContext = new AsyncResource('a queue');
    await visit({}, async (bob) => {
      const { $_SESSION: bobs, session_start: start, session_id: id } = bob;
      bob.session_set_save_handler(store);
      id('bob');
      await start();
      await inAnnsContext.runInAsyncScope(async () => {
        assert.equal(session_id(), 'ann');
        assert.equal(id(), 'bob');
        bobs['mark'] = 'bob';
        assert.deepEqual(Object.keys(bobs), ['mark']);
        assert.equal('user' in bobs, false);
        assert.equal(inspect(bobs), "{ mark: 'bob' }");
        delete bobs['none'];
        await bob.session_write_close();
      });
      assert.equal($_SESSION['mark'], 'bob');
    });
    assert.equal($_SESSION['mark'], undefined);
  });
  assert.deepEqual(Object.fromEntries(store.rows), {
    ann: 'user|s:3:"ann";',
    bob: 'mark|s:3:"bob";',
  });
});

test('a bound function works where no request runs', async () => {
  const outside = new AsyncResource('outside');
  await visit({}, async (bound) => {
    bound.session_set_save_handler(memory());
    await outside.runInAsyncScope(async () => {
      await assert.rejects(session_start(), PhpScopeError);
      assert.equal(await bound.session_start(), true);
    });
    assert.equal($_SESSION['n'], undefined);
  });
});

test('in a save handler’s callback a bound function does not wait for its own turn', async () => {
  await visit({}, async (bound) => {
    const handler = {
      ...memory(),
      create_sid: async () => `made-${(await bound.session_create_id()) as string}`,
    };
    bound.session_set_save_handler(handler);
    assert.equal(await bound.session_start(), true);
    assert.match(String(bound.session_id()), /^made-/);
    assert.notEqual(await session_create_id(), false);
  });
});

test('withPhpRequest() gives its program the functions of its own request', async () => {
  const outside = new AsyncResource('outside');
  const store = memory();
  let late: PhpSessionFunctions | undefined;
  const id = await withPhpRequest({}, async (php) => {
    late = php;
    php.session_set_save_handler(store);
    return await outside.runInAsyncScope(async () => {
      await php.session_start();
      php.$_SESSION['user'] = 'ann';
      return php.session_id() as string;
    });
  });
  assert.equal(store.rows.get(id), 'user|s:3:"ann";');
  assert.throws(() => late?.session_id(), PhpScopeError);
});

test('a function of PHP can be the whole program', async () => {
  assert.equal(await withPhpRequest({}, session_status), PHP_SESSION_NONE);
});

test('a message names the line that called the bound function', async () => {
  const messages: string[] = [];
  const php = prepare({ version: '8.5', onMessage: ({ message }) => messages.push(message) })();
  const request = {};
  knowRequest(php, request);
  await runRequest(php, async () => {
    const bound = phpSessionOf(request);
    bound.session_set_save_handler(memory());
    await bound.session_start();
    await session_start();
    await session_abort();
    const page = { filename: 'file:///srv/my%20site/(group)/page.mjs' };
    await runInThisContext('(start) => start()', page)(session_start);
    await session_start();
  });
  await commitRequest(php, 'its page has ended');
  assert.match(messages[0] ?? '', /started from \S*bound\.test\.ts on line \d+/);
  assert.match(messages[1] ?? '', /started from \/srv\/my site\/\(group\)\/page\.mjs on line 1/);
});

test('a request is found by the objects that hold it, and an unknown object is refused', async () => {
  const request = {};
  await visit(request, (bound) => {
    assert.equal(phpSessionOf({ raw: request }), bound);
    assert.equal(phpSessionOf({ req: { raw: request } }), bound);
    assert.equal(phpSessionOf({ request }), bound);
    assert.throws(() => phpSessionOf({}), {
      name: 'PhpScopeError',
      message: /no adapter has wrapped: pass the request/,
    });
  });
});

test('after its request a bound function refuses, as the ambient one does', async () => {
  const php = open();
  const request = {};
  knowRequest(php, request);
  await runRequest(php, () => {});
  await commitRequest(php, 'it was over');
  php.ended = 'it was over';
  const bound = phpSessionOf(request);
  await assert.rejects(bound.session_start(), /after its request had ended: it was over/);
  assert.throws(() => bound.$_SESSION['a'], PhpScopeError);
});
