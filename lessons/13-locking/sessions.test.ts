import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { openBench } from '#bench';

const { database, gate, serve, statements } = await openBench();
const { Sessions } = await import('#sessions');
const server = await serve();
after(() => server.close());

test('eight requests at once add eight', async () => {
  const { cookie } = await server.request();
  const pages = await Promise.all(Array.from({ length: 8 }, () => server.request({ cookie })));
  const counts = pages.map(({ body }) => Number(/Count: (\d+)/.exec(body)?.[1]));
  assert.deepEqual(
    counts.sort((one, other) => one - other),
    [2, 3, 4, 5, 6, 7, 8, 9],
  );
  const id = decodeURIComponent(cookie.split('=')[1] ?? '');
  const told = statements().flatMap(({ values }) => values.map(String));
  assert.ok(!told.some((value) => value.includes(id)), 'the name of the lock tells the id');
});

test('a request waits for its own session only, and for no longer than that lives', async () => {
  const { cookie } = await server.request();
  const saving = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand', patience: 8000 });
  const first = server.request({ cookie });
  await saving.arrived;

  let isOver = false;
  const second = server.request({ cookie }).finally(() => {
    isOver = true;
  });
  const crowd = Array.from({ length: 12 }, () => server.request({ cookie }));
  while (!isOver && !(await someoneWaits())) await setTimeout(10);
  const hasWaited = !isOver;

  const stranger = server.request();
  const late = setTimeout(2000, undefined, { ref: false });
  const served = await Promise.race([stranger, late]);
  // The first request dies with its connection, as in a crash: it can give nothing back.
  saving.cut();
  const [, , ...others] = await Promise.all([first, stranger, second, ...crowd]);
  assert.equal(hasWaited, true, 'the second request did not wait for the first');
  assert.ok(
    others.some(({ body }) => /Count: 2\b/.test(body)),
    'nobody went on from there',
  );
  assert.match(served?.body ?? 'no answer', /Count: 1/);
});

test('a request that fails lets go of its session', async () => {
  const { cookie } = await server.request();
  await database.query('RENAME TABLE sessions TO sessions_elsewhere');
  const failed = await server.request({ cookie });
  await database.query('RENAME TABLE sessions_elsewhere TO sessions');
  assert.equal(failed.status, 500);
  const next = server.request({ cookie });
  const late = setTimeout(2000, undefined, { ref: false });
  const served = await Promise.race([next, late]);
  assert.match(served?.body ?? 'no answer: somebody holds the session', /Count: 2/);
});

test('who has waited in vain is told so, and changes nothing', async () => {
  const { cookie } = await server.request();
  const saving = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand', patience: 8000 });
  const first = server.request({ cookie });
  await saving.arrived;
  Object.assign(Sessions, { MaxWait: 0 });
  const second = await server.request({ cookie });
  Object.assign(Sessions, { MaxWait: 10 });
  saving.open();
  await first;
  assert.equal(second.status, 500, 'it went on with what another request holds');
  assert.match((await server.request({ cookie })).body, /Count: 3\b/);
});

test('more visitors than connections are all served', async () => {
  const pages = Promise.all(Array.from({ length: 30 }, () => server.request()));
  const late = setTimeout(5000, undefined, { ref: false });
  const served = await Promise.race([pages, late]);
  assert.equal(served?.length, 30, 'each has a connection and waits for another one');
});

/** Whether a statement of this schema waits for a lock, by name or of a row. */
async function someoneWaits(): Promise<boolean> {
  const rows = await database.query(
    `SELECT ID FROM information_schema.PROCESSLIST
     WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND STATE IN ('User lock', 'Statistics')`,
  );
  return rows.length > 0;
}
