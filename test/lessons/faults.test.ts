/** The database goes away, or its owner is killed, in the middle of a request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { gate } from '../../src/contract/case.ts';
import type { Bench } from '../../src/workshop/bench/bench.ts';
import { HANG } from '../hang.ts';
import { serverProcess, until } from '../workshop/machine/place.ts';
import { classesFrom, idIn, ownServer, withClass } from './classes.ts';

/** A server of this file's own, since it is killed. */
const server = await ownServer();

const saving = /^\s*(INSERT|UPDATE)/i;
const count = (body: string): number => Number(/Count: (\d+)/.exec(body)?.[1]);

/** The server's numbers of the class's connections that wait for a lock by name. */
async function waitingThreads({ database }: Bench): Promise<number[]> {
  const rows = await database.query(
    `SELECT ID AS id FROM information_schema.PROCESSLIST
     WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND STATE = 'User lock'`,
  );
  return rows.map(({ id }) => Number(id));
}

for (const { number, title } of classesFrom(13)) {
  test(`a holder whose connection is killed loses its save and nothing else: ${number}, ${title}`, () =>
    withClass(number, async (bench) => {
      const { database, gate, serve } = bench;
      const page = await serve();
      const { cookie } = await page.request();
      const held = gate(1, saving, { opens: 'by hand', patience: HANG });
      const first = page.request({ cookie });
      await held.arrived;
      const second = page.request({ cookie });
      await until(async () => (await waitingThreads(bench)).length === 1);
      await database.query(`KILL ${held.statements[0]?.thread}`);
      assert.equal(count((await second).body), 2, 'the second has not seen what was saved before');
      held.open();
      assert.equal((await first).status, 500, 'its page says that nothing was saved');
      assert.equal(count((await page.request({ cookie })).body), 3);
    }));

  test(`a request that is killed while it waits leaves no lock behind: ${number}, ${title}`, () =>
    withClass(number, async (bench) => {
      const { database, gate, serve } = bench;
      const page = await serve();
      const { cookie } = await page.request();
      for (const kill of ['KILL', 'KILL QUERY']) {
        const held = gate(1, saving, { opens: 'by hand', patience: HANG });
        const first = page.request({ cookie });
        await held.arrived;
        const second = page.request({ cookie });
        await until(async () => (await waitingThreads(bench)).length === 1);
        const [waiting] = await waitingThreads(bench);
        await database.query(`${kill} ${waiting}`);
        assert.equal((await second).status, 500, kill);
        held.open();
        assert.equal((await first).status, 200);
      }
      assert.equal(count((await page.request({ cookie })).body), 4);
    }));
}

test('a killed web server leaves no session locked', async () => {
  for (const { number } of classesFrom(13)) {
    await withClass(number, async ({ gate, serve }) => {
      const [victim, other] = await Promise.all([serve({ apart: true }), serve()]);
      const { cookie } = await other.request();
      const held = gate(1, saving, { opens: 'by hand', patience: HANG });
      const lost = victim.request({ cookie }).catch(String);
      await held.arrived;
      await victim.kill();
      held.cut();
      assert.match(String(await lost), /socket hang up|ECONNRESET/);
      assert.equal(count((await other.request({ cookie })).body), 2);
    });
  }
});

test('a restart of the database loses the request it meets, and no session', async () => {
  const { closed: restarted, open: announce } = gate();
  const works: Promise<void>[] = [];
  for (const { number } of classesFrom(6)) {
    // One after the other up to the restart, which all of them share.
    await new Promise<void>((arrived, fail) => {
      const work = survivesRestart(number, arrived, restarted);
      works.push(work);
      work.catch(fail);
    });
  }
  await restart();
  announce();
  await Promise.all(works);
});

async function survivesRestart(
  number: number,
  arrived: () => void,
  restarted: Promise<void>,
): Promise<void> {
  let survived = false;
  const work = withClass(number, async ({ gate, handler, newId, serve, store }) => {
    const page = await serve();
    const id = await newId();
    await store(id, 'user|s:3:"Ann";');
    const { cookie } = await page.request();
    const held = gate(1, saving, { opens: 'by hand', patience: HANG });
    const met = page.request({ cookie });
    await held.arrived;
    arrived();
    await restarted;
    held.open();
    const { status, body } = await met;
    assert.equal(status, 500);
    assert.ok(!body.includes(idIn(cookie)));
    // Connections that the restart has ended may be found out one by one.
    await until(async () => (await page.request({ cookie })).status === 200);
    assert.equal(count((await page.request({ cookie })).body), 3);
    assert.equal(await handler.read(id), 'user|s:3:"Ann";');
    survived = true;
  });
  // The bench's own connection has ended as well, and complains when it is closed.
  await work.catch((error: unknown) => {
    if (!survived) throw error;
  });
}

/** Kills the server as the system would for want of memory, and waits until it is up again. */
async function restart(): Promise<void> {
  const up = new Promise<void>((resolve) => {
    server.onChange((state) => {
      if (state === 'up') resolve();
    });
  });
  process.kill(await serverProcess(server.url), 'SIGKILL');
  await up;
}

test('a web server whose clock is an hour off keeps its sessions as long as any other', async () => {
  for (const { number } of classesFrom(11)) {
    for (const off of [-3600, 3600]) {
      await withClass(number, async ({ clock, database, handler, newId, store }) => {
        const [row] = await database.query('SELECT UNIX_TIMESTAMP() AS now');
        clock.set(Number(row?.['now']) + off);
        const id = await newId();
        await store(id, 'count|i:1;');
        clock.advance(1440);
        await handler.gc(1440);
        assert.equal(await handler.read(id), 'count|i:1;', `${off} s off`);
        clock.advance(1);
        assert.equal(await handler.read(id), '', `${off} s off`);
        await handler.gc(1440);
        assert.deepEqual(await database.rows(), [], `${off} s off`);
      });
    }
  }
});

test('no error message contains an id', async () => {
  for (const { number } of classesFrom(9)) {
    await withClass(number, async (bench) => {
      const { database, handler, newId, store } = bench;
      const id = await newId();
      await store(id, 'count|i:1;');
      const errors: string[] = [];
      const listen = async (promise: Promise<unknown>): Promise<void> => {
        await promise.catch((error: unknown) => errors.push(inspect(error, { depth: 9 })));
      };
      await listen(handler.write(id, 'x'.repeat(2 ** 24 + 1)));
      await database.query('ALTER TABLE sessions MODIFY d varbinary(1)').catch(() => {});
      await listen(handler.write(id, 'longer'));
      await database.query('RENAME TABLE sessions TO gone');
      await listen(handler.read(id));
      await listen(handler.write(id, 'x'));
      await listen(handler.destroy(id));
      assert.ok(errors.length >= 4, `${errors.length} errors`);
      for (const text of errors) assert.ok(!text.includes(id), text);
    });
  }
});
