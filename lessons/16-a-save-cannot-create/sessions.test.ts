import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { containsPart, openBench, type PageResponse, type Server } from '#bench';
import { $_SESSION, session_start, session_unset, session_write_close } from '#php';

const {
  clock,
  database,
  gate,
  handler,
  newId,
  overhear,
  recordDraws,
  serve,
  silence,
  store,
  unawaited,
} = await openBench();
const { Sessions } = await import('#sessions');
const server = await serve();
after(() => server.close());
await handler.open('', 'MySession');

/** A statement that finds a row, with all columns or with some. */
const finding = /\bSELECT\b[\s\S]+\bFROM\s+`?sessions\b/i;
const saving = /^\s*(INSERT|UPDATE|REPLACE)/i;
const count = ({ body }: PageResponse): number => Number(/Count: (\d+)/.exec(body)?.[1]);
const idIn = (cookie: string): string => decodeURIComponent(cookie.split('=')[1] ?? '');
const unreported = 'the page answered 200, and PHP did not warn that nothing was saved';
const isReported = (page: PageResponse | undefined, heard: string): boolean =>
  page?.status === 500 || /Failed to write/.test(heard);
const whoami = (cookie: string): Promise<PageResponse> =>
  server.request({ cookie, path: '/whoami' });

/** Serves a page that does something else at `/login`. */
async function makePage(script: () => Promise<unknown>): Promise<Server> {
  const { Login } = Sessions as { Login?: unknown };
  Object.assign(Sessions, { Login: script });
  const page = await serve();
  Object.assign(Sessions, { Login });
  return page;
}

/** Requests `/login` from a page that does something else there. */
async function requestPage(cookie: string, script: () => Promise<unknown>): Promise<PageResponse> {
  return await (await makePage(script)).request({ cookie, path: '/login' });
}

/** Stops a page at the statement that saves, and returns its response to the end of `meanwhile`. */
async function whileSaving(
  cookie: string,
  meanwhile: () => Promise<unknown>,
  path = '/',
  of = server,
) {
  const saves = gate(1, saving, { opens: 'by hand' });
  const page = of.request({ cookie, path });
  // A page that saves nothing leaves the gate to the next statement.
  if (!(await saves.reached(page))) saves.open();
  await meanwhile();
  saves.open();
  return await page;
}

test('a session that ends while a page is at work does not come back', async () => {
  const ends: Record<string, (id: string) => Promise<unknown>> = {
    'deleted from the table': () => database.query('DELETE FROM sessions'),
    'ended by Destroy elsewhere': (id) => handler.destroy(id),
  };
  for (const [how, end] of Object.entries(ends)) {
    const { cookie } = await server.request({ path: '/login?user=mallory' });
    await whileSaving(cookie, () => end(idIn(cookie)), '/whoami');
    assert.equal(await handler.read(idIn(cookie)), '', `${how}, it was saved by a late page`);
    assert.match((await whoami(cookie)).body, /Nobody/, how);
  }
});

test('a save that is not made is reported', async () => {
  const id = await newId();
  await handler.destroy(id);
  const answer = await handler.write(id, 'count|i:1;').catch((error: unknown) => error);
  assert.notEqual(answer, true, 'the session had ended, and Write said that it was saved');
  const shown = inspect(answer, { depth: 9 });
  assert.ok(!containsPart(shown, id), `its error contains the id, or a part: ${shown}`);
  const empty = await handler.write(id, '').catch(String);
  assert.notEqual(empty, true, 'it had ended, and Write by hand said that it was emptied');
  const { cookie } = await server.request({ path: '/login?user=ann' });
  let page: PageResponse | undefined;
  const heard = await overhear(async () => {
    page = await whileSaving(cookie, () => handler.destroy(idIn(cookie)), '/whoami');
  });
  assert.ok(isReported(page, heard), `${unreported}, by a page that had changed nothing`);
  const told = `its error contains the id, or a part: ${heard}`;
  assert.ok(!containsPart(heard, idIn(cookie)), told);
});

test('a save that meets a newer version changes nothing', async () => {
  const { cookie } = await server.request();
  const id = idIn(cookie);
  // The test saves beside the lock, as a server does that has lost its own.
  let page: PageResponse | undefined;
  const heard = await overhear(async () => {
    page = await whileSaving(cookie, () => handler.write(id, 'count|i:41;'));
  });
  assert.ok(isReported(page, heard), unreported);
  const over = 'a page saved what it had read over what was newer';
  assert.equal(count(await server.request({ cookie })), 42, over);
  const empties = await makePage(async () => session_unset());
  await whileSaving(cookie, () => handler.write(id, 'count|i:51;'), '/login', empties);
  assert.equal(count(await server.request({ cookie })), 52, `${over}, when it emptied its session`);
  const late = await overhear(async () => {
    page = await requestPage(cookie, async () => {
      await handler.write(id, 'count|i:61;');
      $_SESSION['count'] = 7;
    });
  });
  assert.ok(isReported(page, late), unreported);
  assert.equal(count(await server.request({ cookie })), 62, `${over}, before its save had begun`);
});

test('a page that changes nothing keeps its session alive', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  clock.advance(1000);
  await whoami(cookie);
  clock.advance(1000);
  assert.equal(count(await server.request({ cookie })), 2, 'its last page was 1000 s ago');
});

test('a sign-out ends what is newer than the page, too', async () => {
  const { cookie } = await server.request();
  const leaving = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const logout = server.request({ cookie, path: '/logout' });
  await leaving.arrived;
  // The test saves beside the lock, as a server does that has lost its own.
  await handler.write(idIn(cookie), 'count|i:41;');
  leaving.open();
  await logout;
  assert.equal(await handler.read(idIn(cookie)), '', 'it was changed, and did not end');
});

test('a page that empties its session has emptied it', async () => {
  const { cookie } = await server.request();
  await requestPage(cookie, async () => session_unset());
  assert.equal(count(await server.request({ cookie })), 1, 'it was emptied, and is as before');
});

test('a page that opens its session a second time reads it a second time', async () => {
  const { cookie } = await server.request();
  const { status } = await requestPage(cookie, async () => {
    await session_write_close();
    await handler.write(idIn(cookie), 'count|i:41;');
    await session_start();
  });
  assert.equal(status, 200, 'it went on with the row that it had read first');
  assert.equal(count(await server.request({ cookie })), 42);
});

test('an id that was never issued is not saved', async () => {
  const before = (await database.rows()).length;
  const made = randomBytes(32).toString('base64url');
  await handler.write(made, 'user|s:7:"mallory";').catch(() => {});
  assert.equal((await database.rows()).length, before, 'a save has created a session');
});

test('a session that is alive when it is found is read, however late', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  clock.advance(1440);
  const finds = gate(1, finding, { opens: 'by hand', holds: 'answer' });
  const page = server.request({ cookie });
  await finds.reached(page);
  clock.advance(1);
  finds.open();
  assert.equal(count(await page), 2, 'it was alive, and the page went on without its data');
});

test('a request that waits during a sign-in leaves the new cookie alone', async () => {
  const { cookie } = await server.request();
  const ending = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const login = server.request({ cookie, path: '/login?user=ann' });
  await ending.arrived;
  const polls = [whoami(cookie), whoami(cookie), whoami(cookie)];
  const again = server.request({ cookie, path: '/login?user=ann' });
  const counts = server.request({ cookie });
  await database.lockWaits(1, polls[0]);
  let counted: PageResponse | undefined;
  const heard = await overhear(async () => {
    ending.open();
    counted = await counts;
  });
  const [signIn, second, ...polled] = await Promise.all([login, again, ...polls]);
  assert.ok(isReported(counted, heard), unreported);
  assert.equal(signIn.setCookie.length, 1);
  const ended = await newId();
  await handler.destroy(ended);
  const name = cookie.split('=')[0];
  const stranger = await server.request({ cookie: `${name}=${encodeURIComponent(ended)}` });
  assert.equal(stranger.setCookie.length, 1, 'others have waited, and an ended id is accepted');
  const finds = gate(1, finding, { opens: 'by hand', holds: 'answer' });
  const beside = server.request({ cookie: `${name}=${encodeURIComponent(ended)}` });
  await finds.reached(beside);
  const other = await server.request();
  await whileSaving(other.cookie, async () => {
    const waiting = whoami(other.cookie);
    await database.lockWaits(1, waiting);
    polls.push(waiting);
  });
  await polls.at(-1);
  finds.open();
  const { setCookie } = await beside;
  assert.equal(setCookie.length, 1, 'another request waits, and an ended id is accepted');
  for (const { body, setCookie } of polled) {
    assert.match(body, /Nobody/, 'a page whose session has ended names no user');
    assert.deepEqual(setCookie, [], 'its cookie replaces the one of the sign-in');
  }
  assert.match((await whoami(second.cookie)).body, /ann/, 'a double click signs in, too');
});

test('a session that was issued and never saved is not alive', async () => {
  assert.deepEqual(await unawaited(() => newId()), [], 'createId did not wait for its statement');
  await database.withoutTable(async () => {
    await assert.rejects(newId(), 'createId returned an id that has no row');
    const { MaxWait } = Sessions as { MaxWait?: number };
    Object.assign(Sessions, { MaxWait: 1 });
    for (let visitor = 1; visitor <= 11; visitor += 1) await server.request();
    Object.assign(Sessions, { MaxWait });
  });
  // A source of random bytes that begins anew, so that the second id is the first once more.
  const repeated = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    let draws = 0;
    const source = (size: number) => {
      draws += 1;
      return new Uint8Array(size).fill(draws);
    };
    return (await recordDraws(call, source)).result;
  };
  const repeatedId = () => repeated(newId);
  const first = await repeatedId();
  await store(first, 'user|s:3:"Ann";');
  const second = await repeatedId().catch(() => '');
  assert.equal(await handler.read(first), 'user|s:3:"Ann";', 'its id was issued once more');
  assert.equal(await handler.read(second), '', 'createId returned the id of another session');
  await store(first, 'count|i:7;');
  const visitor = await repeated(() => server.request());
  assert.notEqual(count(visitor), 8, 'a new visitor got the session of another');
  const stranger = await Promise.race([server.request(), silence(4000)]);
  assert.equal(stranger?.status, 200, 'eleven ids could not be issued, and kept their connections');
  const id = await newId();
  const name = (await server.request()).cookie.split('=')[0];
  const cookie = `${name}=${encodeURIComponent(id)}`;
  const finds = gate(1, finding, { opens: 'by hand', holds: 'answer' });
  const page = server.request({ cookie });
  await finds.reached(page);
  const waiting = server.request({ cookie });
  await database.lockWaits(1, waiting);
  finds.open();
  assert.equal((await page).setCookie.length, 1);
  assert.equal((await waiting).setCookie.length, 1, 'for a request that has waited for the first');
  await store(id, 'count|i:7;');
  assert.equal(count(await server.request({ cookie })), 8);
});
