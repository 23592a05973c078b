/**
 * `$_SESSION` in a callback that has waited in a driver's queue. Drivers that return promises, or bind
 * their callbacks, keep a request's context; in the others the explicit form is right and the
 * ambient form meets another visitor's session, as docs/the-request.md says.
 */

import assert from 'node:assert/strict';
import { AsyncResource } from 'node:async_hooks';
import { Agent, get, type ServerResponse } from 'node:http';
import { after, test } from 'node:test';
import { createPool, createPoolCluster, type Pool } from 'mysql2';
import {
  $_SESSION,
  session_id,
  session_set_save_handler,
  session_start,
  session_write_close,
} from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { gate } from '../../src/contract/case.ts';
import { obtainServer } from '../../src/workshop/machine/database/server.ts';
import { Memory, quiet, serve } from './fixture.ts';
import { bobsArrival, overlap } from './overlap.ts';
import { load } from './queue-packages.ts';

const server = await obtainServer();
after(() => server.close());

function pool(): Pool {
  const created = createPool({ uri: server.url, connectionLimit: 1 });
  after(() => created.end());
  return created;
}

test('mysql2, callbacks of a pool that waited for a connection: only the explicit form is right', async () => {
  const shared = pool();
  const seen = await overlap((callback) => shared.query('SELECT SLEEP(0.05)', () => callback()));
  assert.deepEqual(seen, { ambient: 'ann', explicit: 'bob' });
});

test('mysql2, a connection that a callback gets: only the explicit form is right', async () => {
  const shared = pool();
  const seen = await overlap((callback) => {
    shared.getConnection((_error, connection) => {
      void bobsArrival().then(() => connection.release());
      callback();
    });
  });
  assert.deepEqual(seen, { ambient: 'ann', explicit: 'bob' });
});

test('mysql2, callbacks on an idle connection that another page has opened: only the explicit form is right', async () => {
  const shared = pool();
  const { closed: opened, open } = gate();
  let isFirst = true;
  const seen = await overlap((callback) => {
    const query = (): void => void shared.query('SELECT 1', () => callback());
    if (!isFirst) opened.then(query);
    else shared.query('SELECT 1', () => setImmediate(open));
    if (isFirst) setImmediate(callback);
    isFirst = false;
  });
  assert.deepEqual(seen, { ambient: 'ann', explicit: 'bob' });
});

test('mysql2, callbacks of a pool cluster: only the explicit form is right', async () => {
  const cluster = createPoolCluster();
  after(() => cluster.end());
  cluster.add('only', { uri: server.url, connectionLimit: 1 });
  const seen = await overlap((callback) => {
    cluster.of('*').query('SELECT SLEEP(0.05)', () => callback());
  });
  assert.deepEqual(seen, { ambient: 'ann', explicit: 'bob' });
});

test('mysql2, rows as a stream: only the explicit form is right', async () => {
  const shared = pool();
  const seen = await overlap((callback) => {
    shared
      .query('SELECT SLEEP(0.05)')
      .stream()
      .once('data', () => callback());
  });
  assert.deepEqual(seen, { ambient: 'ann', explicit: 'bob' });
});

/** The server's address as the other drivers take it. */
function address(): object {
  const { hostname: host, port, username: user, password } = new URL(server.url);
  return { host, port: Number(port), user, password, connectionLimit: 1 };
}

test('mysql, callbacks of a pool: only the explicit form is right', async () => {
  const shared = load('mysql').createPool(address());
  after(() => shared.end());
  const seen = await overlap((callback) => shared.query('SELECT SLEEP(0.05)', () => callback()));
  assert.deepEqual(seen, { ambient: 'ann', explicit: 'bob' });
});

test('mariadb, callbacks of a pool: the ambient form throws, outside any request', async () => {
  const shared = load('mariadb/callback').createPool(address());
  after(() => shared.end(() => {}));
  await overlap((callback) => {
    const bound = AsyncResource.bind(callback);
    shared.query('SELECT SLEEP(0.05)', () => {
      assert.throws(() => session_id(), /outside a request/);
      bound();
    });
  });
});

test('mariadb with promises keeps the context', async () => {
  const shared = load('mariadb').createPool(address());
  after(() => shared.end());
  const seen = await overlap((callback) => void shared.query('SELECT SLEEP(0.05)').then(callback));
  assert.deepEqual(seen, { ambient: 'bob', explicit: 'bob' });
});

test('mysql2 with promises keeps the context', async () => {
  const shared = pool().promise();
  const seen = await overlap((callback) => void shared.query('SELECT SLEEP(0.05)').then(callback));
  assert.deepEqual(seen, { ambient: 'bob', explicit: 'bob' });
});

test('an HTTP agent that keeps its connections alive keeps the context', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  after(() => agent.destroy());
  const url = await serve((_request, response) => setTimeout(() => response.end('ok'), 20));
  const seen = await overlap((callback) => {
    get(url, { agent }, (answer) => answer.resume().once('end', callback));
  });
  assert.deepEqual(seen, { ambient: 'bob', explicit: 'bob' });
});

test('a callback that used a stranger’s session cannot answer its own visitor with it', async () => {
  const memory = new Memory();
  memory.rows.set('ann', `secret|s:8:"of Ann's";`);
  const shared = pool();
  const { closed: annWaits, open: annBegins } = gate();
  const { closed: bobDone, open: bobIsDone } = gate();
  const errors: string[] = [];
  const url = await serve(
    withPhpSession(
      async (request, response) => {
        session_set_save_handler(memory);
        await session_start();
        const answer = (): void => void response.end(`secret: ${$_SESSION['secret']}`);
        if (request.url === '/bob') {
          shared.query('SELECT 1', () => {
            answer();
            bobIsDone();
          });
          return;
        }
        const query = new Promise((resolve) => shared.query('SELECT SLEEP(0.05)', resolve));
        annBegins();
        await Promise.all([query, bobDone]);
        answer();
      },
      {
        ...quiet,
        onError(error, _request, response) {
          errors.push((error as Error).message);
          response.end('refused');
        },
      },
    ),
  );
  const visit = async (name: string): Promise<string> =>
    (await fetch(`${url}/${name}`, { headers: { cookie: `PHPSESSID=${name}` } })).text();
  const [toAnn, toBob] = await Promise.all([visit('ann'), annWaits.then(() => visit('bob'))]);
  assert.equal(toAnn, "secret: of Ann's");
  assert.equal(toBob, 'refused');
  assert.match(errors.join(), /in the context of another request.*phpSessionOf\(request\)/);
});

test('a page may answer other visitors whose sessions are closed', async () => {
  const memory = new Memory();
  const waiting: ServerResponse[] = [];
  const url = await serve(
    withPhpSession(async (request, response) => {
      session_set_save_handler(memory);
      await session_start();
      if (request.url === '/wait') {
        await session_write_close();
        waiting.push(response);
        return;
      }
      $_SESSION['name'] = 'ann';
      for (const each of waiting) each.end(`${$_SESSION['name']} says hello`);
      response.end('said');
    }, quiet),
  );
  const greeting = fetch(`${url}/wait`);
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await (await fetch(`${url}/say`)).text(), 'said');
  assert.equal(await (await greeting).text(), 'ann says hello');
});
