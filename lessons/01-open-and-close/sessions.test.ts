import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { another, database, handler, overhear, unawaited } = await openBench();

/** The connections of a class at the database, beyond those that were there before. */
async function connectionsSince(before: number): Promise<string> {
  return `connections at the database: ${(await database.connections()) - before}`;
}

test('opening twice keeps one connection', async () => {
  const away = await another('mysql://nobody@127.0.0.1:1/nowhere');
  await assert.rejects(away.handler.open('', 'MySession'), 'it returned, and the database is away');
  const before = await database.connections();
  assert.equal(await handler.open('', 'MySession'), true);
  assert.equal(await handler.open('', 'MySession'), true);
  assert.equal(await connectionsSince(before), 'connections at the database: 1');
  await handler.close();
});

test('closing gives the connection back to the server', async () => {
  const before = await database.connections();
  await handler.open('', 'MySession');
  assert.equal(await handler.close(), true);
  assert.equal(await connectionsSince(before), 'connections at the database: 0');
});

test('a closed handler opens again', async () => {
  await handler.open('', 'MySession');
  await handler.close();
  const before = await database.connections();
  await handler.open('', 'MySession');
  assert.equal(await connectionsSince(before), 'connections at the database: 1');
  assert.equal(await handler.close(), true);
  assert.equal(await handler.close(), true, 'closing what is closed is not an error');
});

test('Close returns once the connection has ended', async () => {
  await handler.open('', 'MySession');
  const late = await unawaited(() => handler.close());
  assert.deepEqual(late, [], 'Close returned before this was over, so an await is missing');
});

test('a password may have any character, percent-encoded', async () => {
  const account = new URL(database.url);
  const name = `odd_${account.pathname.slice(-12)}`;
  const password = 'p#s/s:w@r%d?';
  await database.query(`CREATE USER ${name} IDENTIFIED BY '${password}'`);
  try {
    await database.query(`GRANT SELECT ON sessions TO ${name}`);
    account.username = name;
    account.password = encodeURIComponent(password);
    const odd = await another(account.href);
    assert.equal(await odd.handler.open('', 'MySession'), true, 'with # and % in its password');
    await odd.handler.close();
  } finally {
    await database.query(`DROP USER ${name}`);
  }
});

test('no error and no log contains the password of the database', async () => {
  await handler.open('', 'MySession');
  await handler.close();
  const { password } = new URL(database.url);
  assert.ok(password.length > 8, 'the bench has a password');
  const heard = [await overhear(() => handler.open('', 'MySession'))];
  await handler.close();
  for (const host of ['127.0.0.1:1', 'nowhere.invalid']) {
    const away = await another(`mysql://ann:${password}@${host}/nowhere`);
    heard.push(await overhear(() => away.handler.open('', 'MySession')));
  }
  // '#' ends the host of a URL, so 'ann:password' would be a host and a port: not a URL.
  const invalid = await another(`mysql://ann:${password}#1@127.0.0.1:1/nowhere`);
  heard.push(await overhear(() => invalid.handler.open('', 'MySession')));
  for (const text of heard) assert.ok(!text.includes(password), `Open said the password: ${text}`);
});
