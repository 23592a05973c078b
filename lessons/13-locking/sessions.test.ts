import assert from 'node:assert/strict';
import { after, test } from 'node:test';
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
  assert.ok(!told.some((value) => value.includes(id)), 'the name of the lock contains the id');
});

test('a request waits for its own session only, and for no longer than that lives', async () => {
  const { cookie } = await server.request();
  const saving = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand', patience: 8000 });
  const first = server.request({ cookie });
  await saving.arrived;

  const second = server.request({ cookie });
  const crowd = Array.from({ length: 12 }, () => server.request({ cookie }));
  const hasWaited = await database.lockWaits(1, second);

  // With one lock for all sessions, another visitor would wait as long as this, in vain.
  Object.assign(Sessions, { MaxWait: 3 });
  const stranger = await server.request();
  Object.assign(Sessions, { MaxWait: 10 });
  // The first request ends with its connection, as in a crash: it cannot release its lock.
  saving.cut();
  const [, ...others] = await Promise.all([first, second, ...crowd]);
  assert.equal(hasWaited, true, 'the second request did not wait for the first');
  assert.ok(
    others.some(({ body }) => /Count: 2\b/.test(body)),
    'no request continued from there',
  );
  assert.match(stranger.body, /Count: 1/);
});

test('a request that fails lets go of its session', async () => {
  const { cookie } = await server.request();
  await database.query('RENAME TABLE sessions TO sessions_elsewhere');
  const failed = await server.request({ cookie });
  await database.query('RENAME TABLE sessions_elsewhere TO sessions');
  assert.equal(failed.status, 500);
  Object.assign(Sessions, { MaxWait: 3 });
  const next = await server.request({ cookie });
  Object.assign(Sessions, { MaxWait: 10 });
  assert.match(next.body, /Count: 2/, 'the session is still locked');
});

test('a request that waits in vain fails, and changes nothing', async () => {
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
  // If each request holds a connection and waits for a second one, none ever ends.
  const pages = await Promise.all(Array.from({ length: 30 }, () => server.request()));
  assert.ok(pages.every(({ status }) => status === 200));
});
