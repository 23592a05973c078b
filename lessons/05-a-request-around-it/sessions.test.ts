import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';
import { session_gc } from '#php';

const { another, clock, database, gate, handler, serve, silence, statements, unawaited } =
  await openBench();
const { Sessions } = await import('#sessions');
const server = await serve({
  settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' },
});
after(() => server.close());

test('a page gives its connection back to the server', async () => {
  const [before, sent] = [await database.connections(), statements().length];
  await server.request();
  const used = new Set(
    statements()
      .slice(sent)
      .map(({ connection }) => connection),
  );
  assert.equal(used.size, 1, 'connections that one page has used');
  const left = `connections at the database: ${(await database.connections()) - before}`;
  assert.equal(left, 'connections at the database: 0', 'after a page that has been answered');
  const late = await unawaited(() => server.request());
  assert.deepEqual(late, [], 'the page was answered before this was over, so an await is missing');
});

test('the counter page counts each visitor alone', async () => {
  const first = await server.request({});
  assert.match(first.body, /<p>Count: 1<\/p>/);
  const second = await server.request({ cookie: first.cookie });
  assert.match(second.body, /<p>Count: 2<\/p>/);
  const stranger = await server.request({});
  assert.match(stranger.body, /<p>Count: 1<\/p>/);
});

test('a first visit runs the callbacks in the order of PHP', async () => {
  const { trace } = await server.request({});
  assert.deepEqual(trace, ['open', 'create_sid', 'read', 'gc', 'write', 'close']);
});

test('a returning visit asks for no new id', async () => {
  const { cookie } = await server.request({});
  const { trace } = await server.request({ cookie });
  assert.deepEqual(trace, ['open', 'read', 'gc', 'write', 'close']);
});

test('a new visitor gets one cookie, for fourteen days', async () => {
  const { setCookie } = await server.request({});
  assert.equal(setCookie.length, 1);
  assert.match(
    setCookie[0] ?? '',
    /^MySession=[^;]+; expires=[^;]+ GMT; Max-Age=1209600; path=\/(; HttpOnly)?(; SameSite=\w+)?$/,
  );
});

test('a returning visitor gets no cookie', async () => {
  const { cookie } = await server.request({});
  const { setCookie } = await server.request({ cookie });
  assert.deepEqual(setCookie, []);
});

test('a visitor may be sent to another server at any time', async () => {
  const servers = [await (await another()).serve(), await (await another()).serve()];
  const visitors = [await servers[0]?.request(), await servers[1]?.request()];
  for (let visit = 2; visit <= 5; visit += 1) {
    const page = servers[visit % 2];
    for (const first of visitors) {
      const { body = '' } = (await page?.request({ cookie: first?.cookie ?? '' })) ?? {};
      assert.match(body, new RegExp(`Count: ${visit}<`), `visit ${visit} of a visitor`);
    }
  }
});

test('the id of a session that has ended is not given to another visitor', async () => {
  await handler.open('', 'MySession');
  const ended = await handler.create_sid();
  await handler.write(ended, 'user|s:3:"Ann";');
  await handler.destroy(ended);
  assert.notEqual(
    await handler.create_sid(),
    ended,
    "Ann's old cookie would open the next visitor's session",
  );
  // The session before it is younger and stays, so a counter that the sweep sets back begins there.
  clock.set(1_800_001_441);
  await handler.create_sid();
  clock.set(1_800_000_000);
  const swept = await handler.create_sid();
  clock.set(1_800_001_441);
  await handler.gc(1440);
  assert.notEqual(await handler.create_sid(), swept, 'the number of a session that was swept');
  await handler.close();
});

test('visitors who come at the same moment get an id each', async (context) => {
  clock.set(1_800_000_000);
  context.mock.method(Math, 'random', () => 0.5);
  const { handler: other } = await another();
  for (const each of [handler, other]) await each.open('', 'MySession');
  gate(2, /^\s*INSERT/i, { holds: 'answer' });
  const clocks = [
    context.mock.method(performance, 'now', () => 1_800_000),
    context.mock.method(process, 'hrtime', () => [1800, 0]),
    context.mock.method(process.hrtime, 'bigint', () => 1_800_000_000_000n),
  ];
  const visitors = [handler, other, handler].map((each) => each.create_sid());
  const ids = await Promise.all(visitors);
  for (const { mock } of clocks) mock.restore();
  for (const each of [handler, other]) await each.close();
  assert.equal(`${new Set(ids).size} of 3 ids`, '3 of 3 ids', 'visitors would share a session');
});

test('an id that was issued is swept when it is as old as a session, and not before', async () => {
  clock.set(1_800_000_000);
  await handler.open('', 'MySession');
  await database.query('DELETE FROM sessions');
  await handler.create_sid();
  const issued = (await database.rows()).length;
  const left: number[] = [];
  for (const seconds of [0, 1440, 1]) {
    clock.advance(seconds);
    await handler.gc(1440);
    left.push((await database.rows()).length);
  }
  await handler.close();
  const when = 'rows after a sweep at once, one 1440 s later, and one after 1441 s';
  assert.deepEqual(left, [issued, issued, 0], when);
});

test('a page that signs out ends the session', async () => {
  await database.query('DELETE FROM sessions');
  const { cookie } = await server.request({ path: '/login?user=ann' });
  assert.match((await server.request({ path: '/whoami', cookie })).body, /ann/);
  await server.request({ path: '/logout', cookie });
  assert.equal((await database.rows()).length, 0, 'rows after the only visitor has signed out');
  assert.match((await server.request({ path: '/whoami', cookie })).body, /Nobody/);
});

test('a page whose save or sign-out fails answers 500', async () => {
  const page = await serve();
  const changes = ['INSERT', 'UPDATE', 'DELETE'];
  for (const path of ['/', '/logout']) {
    const { cookie } = await page.request();
    // The statement fails as it would without the table, which a transaction does not let the test rename.
    for (const change of changes) {
      await database.query(`CREATE TRIGGER fail_${change} BEFORE ${change} ON sessions FOR EACH ROW
        SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO = 1146, MESSAGE_TEXT = 'by the test'`);
    }
    const response = page.request({ path, cookie });
    const answer = await Promise.race([response, silence(3000)]);
    for (const change of changes) await database.query(`DROP TRIGGER fail_${change}`);
    await response;
    assert.equal(
      answer?.status,
      500,
      `the database refused what ${path} changes; let the callback reject, as PHP only warns of false`,
    );
  }
  const { cookie } = await page.request();
  const { Read } = Sessions as { Read?: unknown };
  let isAsked = false;
  Object.assign(Sessions, {
    async Read() {
      isAsked = true;
      throw new Error('the test lets Read fail');
    },
  });
  const unread = await page.request({ path: '/whoami', cookie });
  Object.assign(Sessions, { Read });
  // A later lesson's handler is an object, without a static Read.
  if (isAsked) assert.equal(unread.status, 500, 'of a page whose Read fails');
  const { Login } = Sessions as { Login?: unknown };
  let swept: unknown;
  Object.assign(Sessions, {
    async Login() {
      swept = await database.withoutTable(() => session_gc().catch(() => false));
    },
  });
  const sweeper = await serve();
  Object.assign(Sessions, { Login });
  await sweeper.request({ path: '/login' });
  assert.equal(swept, false, 'session_gc() on a page, and the test had taken the table away');
  const away = await (await another('mysql://nobody@127.0.0.1:1/nowhere')).serve();
  const { status } = await away.request({ path: '/whoami' });
  assert.equal(status, 500, 'of a page that only reads, while the database is away');
});

test('a page that sweeps deletes what is over', async () => {
  await server.request();
  await database.query('UPDATE sessions SET updated = 1');
  await server.request();
  const old = (await database.rows()).filter(({ updated }) => Number(updated) === 1);
  assert.equal(
    `old rows: ${old.length}`,
    'old rows: 0',
    'last saved in 1970, after a page that sweeps',
  );
  const strict = await serve({
    settings: {
      'session.gc_probability': '1',
      'session.gc_divisor': '1',
      'session.gc_maxlifetime': '60',
    },
  });
  await strict.request();
  await database.query('UPDATE sessions SET updated = updated - 100');
  await strict.request();
  const left = (await database.rows()).length;
  assert.equal(
    `rows: ${left}`,
    'rows: 1',
    'session.gc_maxlifetime is 60, and the old ones are 100 s old',
  );
});
