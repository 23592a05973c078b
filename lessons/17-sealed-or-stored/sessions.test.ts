import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, handler, newId, serve, statements, store } = await openBench();
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
  await store(id, 'user|s:3:"Ann";');
  const asked = statements().length;
  for (let place = 0; place < id.length; place += 1) {
    const other = id[place] === 'A' ? 'B' : 'A';
    const damaged = id.slice(0, place) + other + id.slice(place + 1);
    const answer = await handler.read(damaged).catch(String);
    assert.equal(answer, '', `with ${other} at place ${place}`);
  }
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
    const early = await newId();
    await store(early, 'count|i:1;');
    use({ 1: first, 2: second });
    assert.equal(await handler.read(early), 'count|i:1;');
    const late = await newId();
    await store(late, 'count|i:2;');
    use({ 2: second });
    assert.equal(await handler.read(late), 'count|i:2;');
    assert.equal(await handler.read(early), '', 'opened by a password that is no longer there');
  } finally {
    delete process.env['SESSION_PASSWORDS'];
  }
});

test('a process without passwords has one that nobody else knows', async () => {
  const [here, elsewhere] = await Promise.all([serve(), serve({ apart: true })]);
  const { cookie } = await elsewhere.request({ path: '/login?user=ann' });
  const whoami = { cookie, path: '/whoami' };
  assert.match((await elsewhere.request(whoami)).body, /ann/);
  assert.match((await here.request(whoami)).body, /Nobody/, 'the password is in the program');
});
