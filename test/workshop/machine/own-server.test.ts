/** The user's own server, by DATABASE_URL: its faults are reported, and foreign schemas stay. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import {
  type DatabaseServer,
  obtainServer,
} from '../../../src/workshop/machine/database/server.ts';
import { ask, Owner, until } from './place.ts';

/** Stands for the server that a user runs anyway. */
let own: DatabaseServer;
/** An account with exactly the rights that the workshop asks for. */
let granted: string;

before(async () => {
  delete process.env['WORKSHOP_DATABASE'];
  delete process.env['DATABASE_URL'];
  own = await obtainServer();
  granted = await account('granted', 'p@ss:w/rd', 'GRANT ALL PRIVILEGES ON `phpsessid\\_%`.* TO ?');
});
afterEach(() => {
  delete process.env['DATABASE_URL'];
});
after(() => own.close());

async function account(user: string, password: string, grant: string): Promise<string> {
  const name = `'${user}'@'127.0.0.1'`;
  await ask(own.url, `CREATE USER ${name} IDENTIFIED BY '${password}'`);
  await ask(own.url, grant.replace('?', name));
  const url = new URL(own.url);
  url.username = user;
  url.password = encodeURIComponent(password);
  return url.href;
}

/** The error of a start with this DATABASE_URL. */
async function complaint(url: string): Promise<string> {
  process.env['DATABASE_URL'] = url;
  const error: unknown = await obtainServer().then(
    (server) => server.close().then(() => new Error('it was accepted')),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error);
  return error.message;
}

async function schemas(): Promise<string[]> {
  const rows = await ask(own.url, "SHOW DATABASES LIKE 'phpsessid%'");
  return rows.map((row) => String(Object.values(row)[0])).sort();
}

async function portOf(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

test('the server of DATABASE_URL is used as it is, each workshop with schemas of its own', async () => {
  process.env['DATABASE_URL'] = `${granted}some_schema`;
  const server = await obtainServer();
  assert.equal(server.origin, 'DATABASE_URL');
  assert.equal(server.version, own.version);
  assert.equal(server.url, granted);
  const schema = await server.createSchema('Bench 1');
  assert.match(schema.name, /^phpsessid_[0-9a-z]{10}_bench1_\d+$/);
  assert.equal(schema.url, granted + schema.name);
  const [row] = await ask(schema.url, 'SELECT @@character_set_database AS charset');
  assert.equal(row?.['charset'], 'utf8mb4');
  const other = await server.createSchema('bench');
  await other.drop();
  await other.drop();
  assert.deepEqual(await schemas(), [schema.name]);
  await server.close();
  assert.deepEqual(await schemas(), []);
});

test('a port with nothing behind it is named', async () => {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  assert.match(
    await complaint(`mysql://u:secret@127.0.0.1:${port}/`),
    new RegExp(`^DATABASE_URL: nothing listens on port ${port} of 127\\.0\\.0\\.1`),
  );
});

test('a host that does not exist is named', async () => {
  assert.match(
    await complaint('mysql://u:secret@no-such-host.invalid/'),
    /^DATABASE_URL: the host "no-such-host\.invalid" was not found/,
  );
});

test('a wrong password is reported without the password', async () => {
  const message = await complaint(granted.replace(/:[^:]+@/, ':hunter2@'));
  assert.match(message, /^DATABASE_URL: 127\.0\.0\.1 refused the user "granted" or the password/);
  assert.doesNotMatch(message, /hunter2/);
});

test('an account or a server that requires TLS gets the reason and the remedy', async () => {
  const remedy = /or requires TLS\. .*connects without TLS\. Give the account REQUIRE NONE/;
  const url = await account('secured', 'x', 'GRANT ALL PRIVILEGES ON *.* TO ? REQUIRE SSL');
  assert.match(await complaint(url), remedy);
  await ask(own.url, "ALTER USER 'secured'@'127.0.0.1' REQUIRE NONE");
  process.env['DATABASE_URL'] = url;
  await (await obtainServer()).close();
  const root = await createConnection(own.url);
  await root.query('SET GLOBAL require_secure_transport = ON');
  try {
    assert.match(await complaint(url), remedy);
  } finally {
    await root.query('SET GLOBAL require_secure_transport = OFF');
    await root.end();
  }
});

test('a user without the right to make schemas gets the GRANT line, and it helps', async () => {
  const url = await account('bare', 'x', 'GRANT USAGE ON *.* TO ?');
  const message = await complaint(url);
  assert.match(message, /^DATABASE_URL: the user "bare" may not create schemas on 127\.0\.0\.1/);
  const grant = /GRANT .*;/.exec(message)?.[0] ?? '';
  await ask(own.url, grant);
  process.env['DATABASE_URL'] = url;
  await (await obtainServer()).close();
});

test('a text that is not the URL of a server is refused with the reason', async () => {
  const complaints: [string, RegExp][] = [
    ['localhost:3306', /does not begin with mysql:\/\//],
    ['postgres://u:secret@localhost/', /is a postgres address/],
    ['mysql://u:se#cret@localhost/', /cannot be read as a URL.*%23/],
    ['mysql://u:secret@localhost:port/', /cannot be read as a URL/],
    ['mysql://u:secret@localhost/?ssl={}', /asks for TLS .*connects without TLS/],
    ['mysql://localhost/', /names no user/],
    ['mysql:///schema', /names no host/],
    ['mysql://u:100%@localhost/', /a % in the password must be written %25/],
  ];
  for (const [text, expected] of complaints) {
    const message = await complaint(text);
    assert.match(message, expected, text);
    assert.match(message, /^DATABASE_URL/);
    assert.doesNotMatch(message, /secret|se#cret|100%@/);
  }
});

test('a server that speaks another protocol is reported as no MySQL server', async () => {
  const web = createServer((socket) => socket.end('SSH-2.0-nothing\r\n'));
  const port = await portOf(web);
  const message = await complaint(`mysql://u:secret@127.0.0.1:${port}/`);
  web.close();
  assert.match(message, /^DATABASE_URL: the server on port \d+ of 127\.0\.0\.1 does not speak/);
});

test('the schemas of killed workshops are swept, and nothing else', async () => {
  const foreign = ['phpsessid', 'phpsessid_mine', 'phpsessid_0123456789_shop', 'phpsessid_X_a_1'];
  const leftover = 'phpsessid_0123456789_bench_1';
  for (const name of [...foreign, leftover]) await ask(own.url, `CREATE DATABASE \`${name}\``);
  const alive = new Owner({ DATABASE_URL: granted });
  const killed = new Owner({ DATABASE_URL: granted });
  try {
    await Promise.all([alive.ready(), killed.ready()]);
    assert.ok((await schemas()).includes(killed.schema), 'both have a schema');
    await killed.kill('SIGKILL');
    // The server notices a moment later that the connection is gone, and with it the lock.
    await until(async () => {
      const rows = await ask(own.url, 'SHOW PROCESSLIST');
      return rows.filter((row) => row['User'] === 'granted').length === 1;
    });
    process.env['DATABASE_URL'] = granted;
    await (await obtainServer()).close();
    assert.deepEqual(await schemas(), [...foreign, alive.schema].sort());
  } finally {
    await alive.kill('SIGTERM');
    await killed.kill('SIGKILL');
  }
  assert.deepEqual(await schemas(), foreign.sort(), 'SIGTERM drops what is ours');
  for (const name of foreign) await ask(own.url, `DROP DATABASE \`${name}\``);
});

test('a workshop that lost its connection still holds its schemas', async () => {
  process.env['DATABASE_URL'] = granted;
  const server = await obtainServer();
  const schema = await server.createSchema('held');
  const rows = await ask(own.url, 'SHOW PROCESSLIST');
  for (const row of rows) if (row['User'] === 'granted') await ask(own.url, `KILL ${row['Id']}`);
  const lock = `phpsessid_${schema.name.split('_')[1]}`;
  await until(async () => {
    const [row] = await ask(own.url, `SELECT IS_USED_LOCK('${lock}') AS holder`);
    return row?.['holder'] !== null;
  });
  await (await obtainServer()).close();
  assert.deepEqual(await schemas(), [schema.name]);
  await server.close();
  assert.deepEqual(await schemas(), []);
});

test('WORKSHOP_DATABASE has precedence: a child uses its parent’s server and leaves it running', async () => {
  process.env['DATABASE_URL'] = 'mysql://not@used/';
  process.env['WORKSHOP_DATABASE'] = own.url;
  try {
    const server = await obtainServer();
    assert.equal(server.origin, 'inherited');
    const { name } = await server.createSchema('child');
    assert.deepEqual(await schemas(), [name]);
    await server.close();
    assert.deepEqual(await schemas(), []);
  } finally {
    delete process.env['WORKSHOP_DATABASE'];
  }
  await ask(own.url, 'SELECT 1');
});
