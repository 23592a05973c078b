import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { another, database, handler, overhear, unawaited } = await openBench();

/** The connections of a class at the database, beyond those that were there before. */
async function connectionsSince(before: number): Promise<string> {
  return `connections at the database: ${(await database.connections()) - before}`;
}

/** An account with every odd character in its password; the database refuses it until it is created. */
function newAccount() {
  const url = new URL(database.url);
  const password = 'p#s/s:w@r%d?ä+';
  url.username = `odd_${url.pathname.slice(-12)}`;
  url.password = encodeURIComponent(password);
  const name = url.username;
  return {
    url: url.href,
    async create() {
      await database.query(`CREATE USER ${name} IDENTIFIED BY '${password}'`);
      await database.query(`GRANT SELECT ON sessions TO ${name}`);
    },
    drop: () => database.query(`DROP USER IF EXISTS ${name}`),
  };
}

test('opening twice keeps one connection', async () => {
  const away = await another('mysql://nobody@127.0.0.1:1/nowhere');
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const open = away.handler.open('', 'MySession');
    await assert.rejects(open, `Open, try ${attempt}, while the database is away`);
  }
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

test('a password may have any character, percent-encoded', async () => {
  const { url, create, drop } = newAccount();
  const odd = await another(url);
  await create();
  try {
    const opened = await odd.handler.open('', 'MySession').catch((error: Error) => error.message);
    assert.equal(opened, true, 'of an account with # and % in its password');
    await odd.handler.close();
  } finally {
    await drop();
  }
});

test('a closed handler opens again', async () => {
  await handler.open('', 'MySession');
  await handler.close();
  const before = await database.connections();
  await handler.open('', 'MySession');
  assert.equal(await connectionsSince(before), 'connections at the database: 1');
  assert.equal(await handler.close(), true);
  assert.equal(await handler.close(), true, 'closing what is closed is not an error');
  const { url, create, drop } = newAccount();
  const { handler: refused } = await another(url);
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const open = refused.open('', 'MySession');
    await assert.rejects(open, `Open, try ${attempt}, while the database refuses the account`);
  }
  await create();
  try {
    const opened = await refused.open('', 'MySession').catch((error: Error) => error.message);
    assert.equal(opened, true, 'the database takes the account now, which it has refused twice');
    assert.equal(await connectionsSince(before), 'connections at the database: 1');
  } finally {
    await refused.close().catch(() => {});
    await drop();
  }
});

test('Close returns once the connection has ended', async () => {
  await handler.open('', 'MySession');
  const late = await unawaited(() => handler.close());
  assert.deepEqual(late, [], 'Close returned before this was over, so an await is missing');
});

test('no error and no log contains the password of the database', async () => {
  await handler.open('', 'MySession');
  await handler.close();
  const { password } = new URL(database.url);
  assert.ok(password.length > 8, 'the bench has a password');
  const working = await overhear(async () => {
    const { handler: started } = await another(database.url);
    for (const call of ['open', 'open', 'close', 'close'] as const) {
      await started[call]('', 'MySession');
    }
  });
  // Text that is cut off, such as the first 20 characters of the address, has a part of it.
  for (let at = 0; at + 6 <= password.length; at += 1) {
    const isSaid = working.includes(password.slice(at, at + 6));
    assert.ok(!isSaid, `the class said the password, or a part of it: ${working}`);
  }
  const heard: string[] = [];
  // Three of these letters in a row are a part of the password and of nothing else.
  const secret = 'qJxKvZwQgXjHzV';
  const away = '127.0.0.1:1/nowhere';
  for (const address of [
    `mysql://ann:${secret}@${away}`,
    `mysql://ann:${secret}@nowhere.invalid/nowhere`,
    // A ':' or an '@' in the password ends it too early for a pattern that hides it.
    `mysql://ann:${secret}:1@${away}`,
    `mysql://ann:1@${secret}@${away}`,
    // A pattern made of the decoded password does not find the encoded one.
    `mysql://ann:${secret}%23@${away}`,
    // '#' and '/' end the host of a URL, so 'ann:password' would be a host and a port: not a URL.
    `mysql://ann:${secret}#1@${away}`,
    `mysql://ann:${secret}:1#1@${away}`,
    `mysql://ann:${secret}/1@${away}`,
    // The database answers, and refuses the account.
    Object.assign(new URL(database.url), { password: secret }).href,
  ]) {
    heard.push(
      await overhear(async () => await (await another(address)).handler.open('', 'MySession')),
    );
  }
  const parts = Array.from({ length: secret.length - 2 }, (_, at) => secret.slice(at, at + 3));
  for (const text of heard) {
    const isSaid = parts.some((part) => text.includes(part));
    assert.ok(!isSaid, `Open said the password, or a part of it: ${text}`);
  }
});
