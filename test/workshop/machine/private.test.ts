/** The private server: its start, its isolation, and every way in which its owner can end. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { ask, commandLine, Place, serverProcess, until } from './place.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

/** A cache in which no workshop has run before. */
async function emptyPlace(): Promise<Place> {
  await place.end();
  place = new Place({ borrow: ['packages'] });
  return place;
}

test('a start reports its steps, and prepares a data folder only once', async () => {
  await emptyPlace();
  const owner = await place.owner();
  const progress = owner.lines.filter((line) => line.startsWith('progress')).join('\n');
  assert.match(progress, /database: starting (mariadb|mysql) \d+\.\d+/);
  assert.match(progress, /database: preparing an empty data folder/);
  assert.match(progress, /database: ready after [\d.]+ s/);
  const later = await place.owner();
  assert.doesNotMatch(later.lines.join('\n'), /preparing|fetching/);
});

test('the server listens on loopback only, needs a password, and has utf8mb4 and strict mode', async () => {
  const { url } = await place.owner();
  assert.match(url, /^mysql:\/\/\w+:\w{24}@127\.0\.0\.1:\d+\/$/);
  const [settings] = await ask(
    url,
    'SELECT @@bind_address AS address, @@character_set_server AS charset, @@sql_mode AS mode',
  );
  assert.equal(settings?.['address'], '127.0.0.1');
  assert.equal(settings?.['charset'], 'utf8mb4');
  assert.match(String(settings?.['mode']), /STRICT_TRANS_TABLES/);
  for (const stranger of ['workshop:x@', 'root@']) {
    const wrong = url.replace(/\/\/.*@/, `//${stranger}`);
    await assert.rejects(ask(wrong, 'SELECT 1'), { code: 'ER_ACCESS_DENIED_ERROR' });
  }
});

test('the start of a server spares the temporary tables of one that runs', async () => {
  const { url, schema } = await place.owner();
  const connection = await createConnection({ uri: url, database: schema });
  try {
    // MariaDB makes such a table by itself for the columns of information_schema.
    await connection.query('CREATE TEMPORARY TABLE held (text LONGTEXT) ENGINE=MyISAM');
    await place.owner();
    await connection.query("INSERT INTO held VALUES ('kept')");
    await connection.query('FLUSH TABLES');
    const [rows] = await connection.query('SELECT text FROM held');
    assert.deepEqual(rows, [{ text: 'kept' }]);
    await connection.query('DROP TEMPORARY TABLE held');
    const [warnings] = await connection.query('SHOW WARNINGS');
    assert.deepEqual(warnings, []);
  } finally {
    await connection.end();
  }
});

test('a shared server is borrowed while it lives, and left as it was', async () => {
  const [hidden, shared] = [await place.owner(), await place.owner({ SHARE: 'yes' })];
  const borrower = await place.owner({ BORROW: 'yes' });
  assert.equal(borrower.url, shared.url);
  assert.notEqual(borrower.url, hidden.url);
  assert.deepEqual(await borrower.kill('SIGINT'), { code: null, signal: 'SIGINT' });
  const schemas = await ask(shared.url, "SHOW DATABASES LIKE 'phpsessid\\_%'");
  assert.deepEqual(
    schemas.map((row) => Object.values(row)[0]),
    [shared.schema],
  );
  const stranger = await place.owner();
  assert.notEqual(stranger.url, shared.url, 'only a command that asks for it borrows');
  await shared.kill('SIGKILL');
  const later = await place.owner({ BORROW: 'yes' });
  assert.notEqual(later.url, shared.url);
});

test('a shared server that no longer answers is not borrowed', async () => {
  const shared = await place.owner({ SHARE: 'yes' });
  const [folder = ''] = place.runs();
  assert.equal(statSync(join(folder, 'address')).mode & 0o777, 0o600);
  writeFileSync(join(folder, 'address'), shared.url.replace(/:\d+\/$/, ':1/'));
  const borrower = await place.owner({ BORROW: 'yes' });
  assert.notEqual(borrower.url, shared.url);
});

test('two workshops that start at once on an empty cache have a server each', async () => {
  await emptyPlace();
  const [one, two] = await Promise.all([place.owner(), place.owner()]);
  assert.notEqual(one.url, two.url);
  assert.deepEqual(await ask(two.url, `SHOW DATABASES LIKE '${one.schema}'`), []);
  assert.equal(place.runs().length, 2);
  const templates = readdirSync(join(place.cache, 'templates'));
  assert.equal(templates.length, 1, `one template and no drafts: ${templates}`);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} has its default effect on the program, after its server has ended`, async () => {
    const owner = await place.owner();
    const server = await serverProcess(owner.url);
    assert.deepEqual(await owner.kill(signal), { code: null, signal });
    assert.equal(commandLine(server), '');
    assert.deepEqual(place.runs(), []);
    // The supervisor kills its watcher, which is gone a moment later.
    await until(() => place.processes().length === 0);
  });
}

test('Ctrl-C while the server is being prepared leaves no process', async () => {
  await emptyPlace();
  const owner = place.begin();
  await owner.line(/preparing an empty data folder/);
  assert.deepEqual(await owner.kill('SIGINT'), { code: null, signal: 'SIGINT' });
  await until(() => place.processes().length === 0);
  assert.deepEqual(place.runs(), []);
});

test('kill -9 of the program takes its server along', async () => {
  const owner = await place.owner();
  const server = await serverProcess(owner.url);
  await owner.kill('SIGKILL');
  await until(() => commandLine(server) === '');
  await until(() => place.processes().length === 0 && place.runs().length === 0);
});

test('kill -9 of everything but the server: the next start sweeps', async () => {
  const owner = await place.owner();
  const server = await serverProcess(owner.url);
  // Else it may stop the server itself, in the moment between the two kills.
  await owner.freeze();
  for (const pid of place.processes()) if (pid !== server) process.kill(pid, 'SIGKILL');
  await owner.kill('SIGKILL');
  assert.notEqual(commandLine(server), '', 'the server is left over');
  const next = await place.owner();
  assert.equal(commandLine(server), '');
  assert.equal(place.runs().length, 1);
  assert.notEqual(next.url, owner.url);
});

test('sweeping does not kill a process that has got the id of an earlier server', async () => {
  const folder = join(place.cache, 'runs');
  const dead = await place.owner();
  const [name = ''] = readdirSync(folder);
  await dead.kill('SIGKILL');
  await until(() => place.processes().length === 0 && place.runs().length === 0);
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'server.pid'), String(process.pid));
  await place.owner();
  assert.equal(existsSync(join(folder, name)), false, 'the folder was swept');
});

test('sweeping spares the folder of a workshop on another machine', async () => {
  const stranger = join(place.cache, 'runs', '00000000-000000-1-aaaa-000000');
  mkdirSync(stranger, { recursive: true });
  await place.owner();
  assert.ok(existsSync(stranger));
});

test('a server that is killed comes back on the same port with its data', async () => {
  const owner = await place.owner();
  await ask(owner.url, `CREATE TABLE ${owner.schema}.kept (n int)`);
  await ask(owner.url, `INSERT INTO ${owner.schema}.kept VALUES (7)`);
  const server = await serverProcess(owner.url);
  process.kill(server, 'SIGKILL');
  await owner.line(/^down$/);
  await owner.line(/^up$/);
  assert.deepEqual(await ask(owner.url, `SELECT n FROM ${owner.schema}.kept`), [{ n: 7 }]);
  assert.notEqual(await serverProcess(owner.url), server);
});

test('a server whose supervisor is killed is replaced, not doubled', async () => {
  const owner = await place.owner();
  const server = await serverProcess(owner.url);
  const shells = place.processes().filter((pid) => commandLine(pid).includes('supervisor.sh'));
  for (const pid of shells) process.kill(pid, 'SIGKILL');
  await owner.line(/^up$/);
  assert.equal(commandLine(server), '');
});

test('a server that keeps dying is not restarted, and a message says so', async () => {
  const owner = await place.owner();
  for (let death = 1; death <= 6; death++) {
    await until(() => owner.lines.filter((line) => line === 'up').length === death - 1);
    process.kill(await serverProcess(owner.url), 'SIGKILL');
  }
  await owner.line(/ended 5 times within a minute and is not started again/);
  assert.equal(owner.lines.filter((line) => line === 'down').length, 6);
});

test('an installed server is tried first, and a broken one is skipped', async () => {
  const bin = join(place.path, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'mariadbd'), '#!/bin/sh\necho "I am broken" >&2\nexit 1\n', {
    mode: 0o755,
  });
  const owner = await place.owner({ PATH: `${bin}:${process.env['PATH']}` });
  const progress = owner.lines.join('\n');
  assert.match(progress, /installed server: .*bin\/mariadbd --version failed: I am broken/);
  assert.match(progress, /database: ready/);
});

test('without any server one message has the command for this system, and the exit code is 1', async () => {
  const bin = join(place.path, 'bin');
  mkdirSync(bin);
  for (const name of ['mariadbd', 'apt-get', 'brew', 'dnf', 'apk', 'pacman', 'docker']) {
    writeFileSync(join(bin, name), '#!/bin/sh\necho "E: no network" >&2\nexit 1\n', {
      mode: 0o755,
    });
  }
  const owner = place.begin({
    PHPSESSID_CACHE: join(place.path, 'nothing-fetched'),
    PATH: `${bin}:${process.env['PATH']}`,
  });
  await owner.line(/^failed No MySQL or MariaDB server could be found, fetched or started/);
  const { code } = await owner.kill('SIGCONT');
  assert.equal(code, 1);
  const message = owner.lines.join('\n');
  assert.match(message, /Install one .*:\n +sudo apt-get install mariadb-server-core\n/);
  assert.match(message, /DATABASE_URL=mysql:\/\/user:password@/);
});
