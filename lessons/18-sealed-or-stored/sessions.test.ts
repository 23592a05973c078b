import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { unsealData } from 'iron-session';
import { openBench } from '#bench';

const {
  another,
  clock,
  database,
  gate,
  handler,
  newId,
  overhear,
  recordDraws,
  serve,
  statements,
  store,
} = await openBench();
/** A statement that finds a row, with all columns or with some. */
const finding = /\bSELECT\b[\s\S]+\bFROM\s+`?sessions\b/i;
const fortnight = 14 * 24 * 60 * 60;
await handler.open('', 'MySession');

test('a row inserted from outside opens for no visitor', async () => {
  const token = randomBytes(32).toString('base64url');
  const key = createHash('sha256').update(token).digest();
  const insert = 'INSERT INTO sessions (id, d, updated) VALUES (?,?,?)';
  await database.query(insert, [key, 'user|s:5:"admin";', clock.now()]);
  assert.equal(await handler.read(token), '');
});

test('a damaged seal is refused without asking the database', async () => {
  const id = await newId();
  const told = await overhear(async () => {
    await store(id, 'user|s:3:"Ann";');
    await handler.read(id);
  });
  // `41 6e 6e` is Ann in a Buffer that is printed.
  assert.doesNotMatch(told, /Ann|41 6e 6e/, 'what is in a session is in the log');
  const asked = statements().length;
  const damaged = [...id].map((letter, place) => {
    return id.slice(0, place) + (letter === 'A' ? 'B' : 'A') + id.slice(place + 1);
  });
  const answers: string[] = [];
  const heard = await overhear(async () => {
    for (const each of damaged) answers.push(await handler.read(each).catch(String));
  });
  for (const [place, answer] of answers.entries()) {
    assert.equal(answer, '', `with another character at place ${place}`);
  }
  assert.equal(answers.length, id.length);
  // One wrong character away from the id; all seals begin alike.
  const pieces = Array.from({ length: id.length - 31 }, (_, at) => id.slice(at + 20, at + 32));
  assert.ok(!pieces.some((piece) => heard.includes(piece)), 'a damaged seal is in the log');
  for (const more of ['abc', '\n', '~2']) {
    const answer = await handler.read(id + more).catch(String);
    assert.equal(answer, '', `with ${JSON.stringify(more)} behind the seal`);
    assert.equal(await handler.destroy(id + more), true);
  }
  assert.equal(await handler.read(` ${id}`).catch(String), '', 'with a space before the seal');
  assert.equal(statements().length - asked, 0, 'statements for forged seals');
  assert.equal(await handler.read(id), 'user|s:3:"Ann";');
});

test('an old password still opens, and the new one seals', async () => {
  const [first, second] = ['first '.repeat(6), 'second '.repeat(6)];
  const use = (passwords: Record<string, string>): void => {
    process.env['SESSION_PASSWORDS'] = JSON.stringify(passwords);
  };
  try {
    use({ 1: first });
    const tokens = new Set<unknown>();
    for (const odd of [-1, 0, 15, 16, 31]) {
      // Two ids of the same random bytes, but for one of the first 32, which are the token's.
      let drawn = -1;
      const source = (size: number) =>
        new Uint8Array(size).map(() => {
          drawn += 1;
          return drawn === odd ? 1 : 0;
        });
      await database.query('DELETE FROM sessions');
      const { result } = await recordDraws(() => newId(), source);
      tokens.add((await unsealData<{ token?: string }>(result, { password: { 1: first } })).token);
    }
    assert.equal(tokens.size, 5, 'tokens of five times 32 random bytes, each with another byte');
    const early = await newId();
    const sealed = await unsealData<{ token?: string }>(early, { password: { 1: first } });
    assert.match(String(sealed.token), /^[\w-]{43}$/, 'the member `token` of the sealed object');
    await store(early, 'count|i:1;');
    use({ 1: first, 2: second });
    assert.equal(await handler.read(early), 'count|i:1;');
    const late = await newId();
    await store(late, 'count|i:2;');
    use({ 2: second });
    assert.equal(await handler.read(late), 'count|i:2;');
    let answer: unknown;
    const heard = await overhear(async () => {
      answer = await handler.read(early);
    });
    assert.equal(answer, '', 'opened by a password that is no longer there');
    // Another server may have the password still.
    assert.ok(!heard.includes(early), 'a seal that it refuses is in its log');
    use({ 1: first, 2: second });
    assert.equal(await handler.read(early), 'count|i:1;', 'the old password is back');
    use({ 9: first, 10: second });
    const latest = await newId();
    await store(latest, 'count|i:3;');
    use({ 10: second });
    assert.equal(await handler.read(latest), 'count|i:3;', '9 has sealed, and 10 is the highest');
  } finally {
    delete process.env['SESSION_PASSWORDS'];
  }
});

test('a process without passwords has one that nobody else knows', async (context) => {
  const [here, elsewhere] = await Promise.all([serve(), serve({ apart: true })]);
  const { cookie } = await elsewhere.request({ path: '/login?user=ann' });
  const whoami = { cookie, path: '/whoami' };
  assert.match((await elsewhere.request(whoami)).body, /ann/);
  assert.match((await here.request(whoami)).body, /Nobody/, 'the password is in the program');
  // The class twice more in this process, for the same database, and still without passwords. The
  // clocks and Math.random are fixed, so a password made from them does not vary.
  clock.set(1_800_000_000);
  context.mock.method(Math, 'random', () => 0.5);
  const stopped = [
    context.mock.method(performance, 'now', () => 1),
    context.mock.method(process.hrtime, 'bigint', () => 1n),
  ];
  const [one, two] = [await another(), await another()];
  for (const { mock } of stopped) mock.restore();
  delete process.env['SESSION_PASSWORDS'];
  for (const { handler: each } of [one, two]) await each.open('', 'MySession');
  const id = await one.handler.create_sid();
  await one.handler.write(id, 'user|s:3:"ann";');
  assert.equal(await two.handler.read(id), '', 'the password can be computed');
});

test('a seal older than its cookie opens nothing', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  clock.advance(fortnight - 60);
  await database.query('UPDATE sessions SET updated = ?', [clock.now()]);
  assert.equal(await handler.read(id), 'user|s:3:"Ann";');
  clock.advance(180);
  await database.query('UPDATE sessions SET updated = ?', [clock.now()]);
  assert.equal(await handler.read(id), '', 'a session that is used lives for ever');
});

test('a seal that ends while a page is at work loses no save', async () => {
  clock.set(1_800_000_000);
  await database.query('DELETE FROM sessions');
  const page = await serve({ settings: { 'session.gc_maxlifetime': String(2 * fortnight) } });
  const { cookie } = await page.request();
  clock.advance(fortnight - 60);
  const finds = gate(1, finding, { opens: 'by hand', holds: 'answer' });
  const visit = page.request({ cookie });
  await finds.reached(visit);
  clock.advance(180);
  finds.open();
  const { status, body } = await visit;
  assert.equal(status, 200, body.trim());
  const saved = (await database.rows()).some(({ d }) => String(d) === 'count|i:2;');
  assert.ok(saved, `${body.trim()}, and it was not saved`);
});

test('a secret that is wrong is reported, and not shown', async () => {
  const secret = 'Tr0ub4dor';
  const shown: string[] = [];
  const good = 'good enough '.repeat(3);
  const rows = (await database.rows()).length;
  for (const passwords of [
    `{"1": "${good}", "2": "${secret}"}`,
    `{"1": "${secret}", "2": "${good}"}`,
    `{"one": "${secret} ${good}"}`,
    `{"1": "${secret}`,
    `{"1": "${secret}"}`,
    `["${secret}"]`,
    `["${secret} ${good}"]`,
    `${secret}`,
  ]) {
    process.env['SESSION_PASSWORDS'] = passwords;
    let answer: unknown;
    const heard = await overhear(async () => {
      answer = await newId().catch((error: unknown) => error);
    });
    delete process.env['SESSION_PASSWORDS'];
    assert.ok(answer instanceof Error, `SESSION_PASSWORDS=${passwords} made an id`);
    shown.push(inspect(answer, { depth: 9 }), heard);
  }
  assert.equal((await database.rows()).length, rows, 'rows of ids that were not sealed');
  for (const text of shown) assert.ok(!text.includes(secret.slice(0, 5)), `it is in: ${text}`);
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  const asks: Record<string, () => Promise<unknown>> = {
    'a new id': () => newId(),
    'Read returned': () => handler.read(id),
    'Write returned': () => handler.write(id, 'user|s:3:"Bob";'),
    'Destroy returned': () => handler.destroy(id),
  };
  const list = JSON.stringify({ 1: Array(32).fill('x') });
  const oneShort = JSON.stringify({ 1: good, 2: 'short' });
  const noNumber = JSON.stringify({ '1st': good });
  const short = `{"1": "${'é'.repeat(31)}"}`;
  for (const passwords of ['', '{}', 'null', '5', short, list, oneShort, noNumber]) {
    for (const [what, ask] of Object.entries(asks)) {
      process.env['SESSION_PASSWORDS'] = passwords;
      const answer = await ask().catch((error: unknown) => error);
      delete process.env['SESSION_PASSWORDS'];
      const silent = `SESSION_PASSWORDS=${passwords}, ${what} ${String(answer)}`;
      assert.ok(answer instanceof Error, silent);
    }
  }
  process.env['SESSION_PASSWORDS'] = JSON.stringify({ 1: 'x'.repeat(32) });
  const shortest = await newId().catch(String);
  assert.match(shortest, /^Fe26/, 'with a password of 32 characters');
  delete process.env['SESSION_PASSWORDS'];
});
