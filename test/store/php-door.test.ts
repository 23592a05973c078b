/** PHP's session functions on the store: locks, strict mode, lazy writes, new ids. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import {
  $_SESSION,
  session_create_id,
  session_destroy,
  session_gc,
  session_id,
  session_regenerate_id,
  session_reset,
  session_set_save_handler,
  session_start,
  withPhpRequest,
} from '#php';
import { gate } from '../../src/contract/case.ts';
import { inputOf } from '../../src/php/host.ts';
import { UnserializableError } from '../../src/serialize/index.ts';
import { SessionLockLost, SessionUnavailable } from '../../src/store/errors.ts';
import type { SessionEvent } from '../../src/store/events.ts';
import type { SaveHandlerOptions } from '../../src/store/save-handler.ts';
import type { Sessions } from '../../src/store/store.ts';
import { newStore, poolOf, query, statementsOn, storeOn, wiredStore } from './fixture.ts';

/** One request of PHP; returns its id, and what PHP said. */
async function request(
  sessions: Sessions,
  id: string | undefined,
  page: () => unknown,
  strategy?: SaveHandlerOptions['strategy'],
): Promise<{ id: string; messages: string[] }> {
  const messages: string[] = [];
  let last = '';
  await withPhpRequest(
    {
      // PHP deletes expired sessions in one request of a hundred, whichever it is.
      settings: { 'session.use_strict_mode': '1', 'session.gc_probability': '0' },
      onMessage: ({ message }) => void messages.push(message),
    },
    async () => {
      session_set_save_handler(sessions.saveHandler({ strategy }));
      await session_start();
      await page();
      last = session_id() || last;
    },
    { input: inputOf({ cookie: id === undefined ? '' : `PHPSESSID=${id}` }) },
  );
  return { id: last, messages };
}

const count = (): void => {
  $_SESSION['n'] = Number($_SESSION['n'] ?? 0) + 1;
};

async function storedCount(sessions: Sessions, id: string): Promise<unknown> {
  let found: unknown;
  await request(sessions, id, () => {
    found = $_SESSION['n'];
  });
  return found;
}

test('$_SESSION lasts from request to request, in the format of PHP', async () => {
  const sessions = newStore();
  const { id, messages } = await request(sessions, undefined, count);
  assert.deepEqual(messages, []);
  assert.match(id, /^[\w-]{43}$/);
  await request(sessions, id, count);
  assert.equal(await storedCount(sessions, id), 2);
  const rows = await query('SELECT d FROM sessions WHERE d=?', ['n|i:2;']);
  assert.equal(rows.length, 1);
});

test("PHP's pages and the store's own share a session, whichever of them began it", async () => {
  const sessions = newStore({ strategy: 'lock' });
  const countHere = async (id: string | undefined): Promise<string> => {
    await using session = await sessions.start(id);
    session.update('n', (n = 0) => Number(n) + 1);
    session.data['list'] = [1.5, { of: 'PHP' }];
    await session.save();
    return session.id as string;
  };
  const { id } = await request(sessions, undefined, count);
  assert.equal(await countHere(id), id);
  await request(sessions, id, () => {
    count();
    assert.deepEqual(Object.entries($_SESSION['list'] as object), [
      ['0', 1.5],
      ['1', { of: 'PHP' }],
    ]);
  });
  assert.equal(await countHere(id), id);
  assert.equal(await storedCount(sessions, id), 4);

  // PHP knows neither the underscore of base64url nor JSON.
  let begun = await countHere(undefined);
  while (!begun.includes('_')) begun = await countHere(undefined);
  const { id: same } = await request(sessions, begun, count);
  assert.equal(same, begun);
  assert.equal(await countHere(begun), begun);
  assert.equal(await storedCount(sessions, begun), 3);
});

test('requests at once wait for each other, in this process and in another', async () => {
  const stores = [newStore(), newStore()] as const;
  const { id } = await request(stores[0], undefined, count);
  await Promise.all(
    Array.from({ length: 20 }, (_, at) => request(stores[at % 2 ? 1 : 0], id, count)),
  );
  assert.equal(await storedCount(stores[0], id), 21);
});

test('strict mode does not adopt an unknown id, and asks for a known one once', async () => {
  const { sessions, wire } = await wiredStore();
  const planted = 'a'.repeat(32);
  const { id } = await request(sessions, planted, count);
  assert.notEqual(id, planted);
  const reads = statementsOn(wire, /^SELECT .*FROM/);
  await request(sessions, id, () => {});
  assert.equal(reads.length, 1);
});

test('an id that can be guessed gets no row, also without strict mode', async () => {
  const sessions = newStore();
  const before = await sessions.count();
  const messages: string[] = [];
  await withPhpRequest({ onMessage: ({ message }) => void messages.push(message) }, async () => {
    session_set_save_handler(sessions.saveHandler());
    session_id('short');
    await session_start();
    count();
  });
  assert.match(messages.join(), /Failed to write session data using user defined save handler/);
  assert.equal(await sessions.count(), before);
});

test('an unchanged request writes nothing', async () => {
  const { sessions, wire } = await wiredStore();
  const { id } = await request(sessions, undefined, count);
  const writes = statementsOn(wire, /^(UPDATE|INSERT|DELETE)/);
  await request(sessions, id, () => {});
  assert.deepEqual(writes, []);
});

test('a new id with the old one deleted, and the end of a session', async () => {
  const sessions = newStore();
  const { id } = await request(sessions, undefined, count);
  const { id: renewed } = await request(sessions, id, () => session_regenerate_id(true));
  assert.notEqual(renewed, id);
  assert.equal(await storedCount(sessions, renewed), 1);
  assert.equal(await storedCount(sessions, id), undefined);
  await request(sessions, renewed, () => session_destroy());
  assert.equal(await storedCount(sessions, renewed), undefined);
});

test('a lock that is not free in time fails session_start() with the warning of PHP', async () => {
  const sessions = newStore({ lockTimeout: 1 });
  const { id } = await request(sessions, undefined, count);
  const [started, over] = [gate(), gate()];
  const holder = request(sessions, id, async () => {
    count();
    started.open();
    await over.closed;
  });
  await started.closed;
  const { id: seen, messages } = await request(sessions, id, () => {});
  assert.match(messages.join(), /session_start\(\): Failed to read session data: user/);
  assert.equal(seen, '');
  over.open();
  await holder;
  assert.equal(await storedCount(sessions, id), 2, 'the waiting request has overwritten nothing');
});

test('a session that was revoked while a page ran is not brought back, and PHP warns', async () => {
  const sessions = newStore();
  const { id } = await request(sessions, undefined, count);
  const { messages } = await request(sessions, id, async () => {
    count();
    await query("DELETE FROM sessions WHERE d='n|i:1;'");
  });
  assert.match(messages.join(), /Failed to write session data/);
  assert.equal(await storedCount(sessions, id), undefined);
});

for (const strategy of ['lock', 'row'] as const) {
  test(`${strategy}: a session whose save has thrown is free for the next request`, async () => {
    const { sessions, wire } = await wiredStore();
    const { id } = await request(sessions, undefined, count);
    const failing = request(
      sessions,
      id,
      () => {
        count();
        wire.cut();
      },
      strategy,
    );
    await assert.rejects(failing, SessionLockLost);
    const { messages } = await request(sessions, id, count, strategy);
    assert.deepEqual(messages, []);
    assert.equal(await storedCount(sessions, id), 2);
  });
}

test('a value that cannot be saved leaves the session free for the next request', async () => {
  const sessions = newStore();
  const { id } = await request(sessions, undefined, count);
  const failing = request(sessions, id, () => {
    $_SESSION['when'] = new Date();
  });
  await assert.rejects(failing, UnserializableError);
  await request(sessions, id, count);
  assert.equal(await storedCount(sessions, id), 2);
});

test('the lock is waited for once, though strict mode asks for the session before its read', async () => {
  const sessions = newStore({ lockTimeout: 1 });
  const { id } = await request(sessions, undefined, count);
  await request(sessions, id, async () => {
    const { sessions: behind, wire } = await wiredStore({ lockTimeout: 1 });
    const waits = statementsOn(wire, /\bGET_LOCK\(/);
    const { messages } = await request(behind, id, () => {});
    assert.match(messages.join(), /Failed to read session data/);
    assert.equal(waits.length, 1, waits.join());
  });
});

test('an id made beside an open session leaves that its lock', async () => {
  const sessions = newStore({ lockTimeout: 5 });
  const { id } = await request(sessions, undefined, count);
  let other: Promise<unknown> = Promise.resolve();
  await request(sessions, id, async () => {
    assert.match((await session_create_id()) || '', /^[\w-]{43}$/);
    assert.match((await session_create_id('p-')) || '', /^p-[\w-]{43}$/);
    other = request(newStore(), id, count);
    await Promise.race([other, wait(100)]);
    count();
  });
  await other;
  assert.equal(await storedCount(sessions, id), 3);
});

test('a database that does not answer costs no visitor their id', async () => {
  const working = newStore();
  const { id } = await request(working, undefined, count);
  const failing = storeOn(poolOf('mysql://root@127.0.0.1:1/none'), { timeout: 0.05 });
  const headers = new Map<string, unknown>();
  await assert.rejects(
    withPhpRequest(
      { settings: { 'session.use_strict_mode': '1' } },
      async () => {
        session_set_save_handler(failing.saveHandler());
        await session_start();
      },
      {
        input: inputOf({ cookie: `PHPSESSID=${id}` }),
        head: {
          headersSent: false,
          getHeader: () => undefined,
          setHeader: (name, value) => void headers.set(name, value),
          removeHeader: () => {},
        },
      },
    ),
    SessionUnavailable,
  );
  assert.equal(headers.has('Set-Cookie'), false);
});

test('a collection that finds no connection free fails no page', async () => {
  const sessions = newStore({}, { connectionLimit: 1 });
  const { id } = await request(sessions, undefined, count);
  const failed = new Promise<SessionEvent>((resolve) => sessions.on('gc-failed', resolve));
  await request(sessions, id, async () => {
    assert.equal(await session_gc(), false);
    count();
  });
  assert.ok((await failed).error instanceof SessionUnavailable);
  assert.equal(await storedCount(sessions, id), 2);
});

test('session_reset() reads the session again, under a lock again', async () => {
  const sessions = newStore();
  const { id } = await request(sessions, undefined, count);
  const { messages } = await request(sessions, id, async () => {
    $_SESSION['n'] = 'changed';
    assert.equal(await session_reset(), true);
    assert.equal($_SESSION['n'], 1);
    count();
  });
  assert.deepEqual(messages, []);
  assert.equal(await storedCount(sessions, id), 2);
});

test('one handler for two requests at once is refused', async () => {
  const handler = newStore().saveHandler();
  assert.equal(await handler.open('', ''), true);
  assert.throws(() => handler.open('', ''), /call sessions.saveHandler\(\) in each request/);
  await handler.close();
  assert.equal(await handler.open('', ''), true);
});
