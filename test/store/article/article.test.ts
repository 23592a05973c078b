/** The profile `article`: real PHP with the article's own class on the same table at the same time. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import {
  SessionConflict,
  SessionSetupError,
  SessionUnavailable,
} from '../../../src/store/errors.ts';
import type { Strategy } from '../../../src/store/options.ts';
import { createSessions, type Sessions } from '../../../src/store/store.ts';
import { obtainPhpCli, type Php, withIni } from '../../../src/workshop/machine/php.ts';
import { run } from '../../../src/workshop/machine/program.ts';
import { openWire } from '../../../src/workshop/wire/proxy.ts';
import { atEnd, newSchema, poolOf, secrets } from '../fixture.ts';

const articleClass = new URL(
  '../../../lessons/05-a-request-around-it/sessions.php',
  import.meta.url,
);
const counts = fileURLToPath(new URL('./counts.php', import.meta.url));
const exactIds = new URL('../../../lessons/07-exact-ids/schema.sql', import.meta.url);

let php: Php;
before(async () => {
  const found = await obtainPhpCli();
  assert.ok(!('reason' in found), 'reason' in found ? found.reason : '');
  php = found;
});

interface Counts {
  node: number;
  php: number;
}

interface Place {
  url: string;
  pool: Pool;
  open: (strategy?: Strategy) => Sessions<Counts>;
}

/** A schema with the table of a lesson. */
async function place(schemaFile = exactIds): Promise<Place> {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const [table = ''] = readFileSync(schemaFile, 'utf8').split(';');
  await pool.query(table);
  const open = (strategy: Strategy = 'merge'): Sessions<Counts> =>
    createSessions<Counts>({ pool: poolOf(url), secrets, profile: 'article', strategy });
  return { url, pool, open };
}

async function runPhp(url: string, ...values: string[]): Promise<void> {
  const environment = {
    ...{ PATH: process.env['PATH'], ...php.env, DATABASE_URL: url },
    ARTICLE_CLASS: fileURLToPath(articleClass),
  };
  const args = [...withIni(php.ini), counts, ...values];
  const { code, stderr } = await run(php.path, args, { environment, timeout: 60_000 });
  assert.equal(code, 0, stderr);
}

async function begin(sessions: Sessions<Counts>): Promise<string> {
  await using session = await sessions.start(undefined);
  session.data.node = 0;
  await session.save();
  return session.id as string;
}

async function countUp(sessions: Sessions<Counts>, id: string, key: keyof Counts): Promise<void> {
  await using session = await sessions.start(id);
  session.update(key, (count = 0) => count + 1);
  assert.notEqual(await session.save(), 'gone');
}

async function countsOf(sessions: Sessions<Counts>, id: string): Promise<Partial<Counts>> {
  await using session = await sessions.start(id);
  return { ...session.data };
}

test('PHP and Node count in one key under one lock, and every count is there', async () => {
  const { url, open } = await place();
  const stores = [open('lock'), open('lock')] as const;
  const id = await begin(stores[0]);
  await Promise.all([
    runPhp(url, id, '20', 'node', 'lock'),
    runPhp(url, id, '20', 'node', 'lock'),
    ...Array.from({ length: 40 }, (_, at) => countUp(stores[at % 2 ? 1 : 0], id, 'node')),
  ]);
  assert.deepEqual(await countsOf(stores[0], id), { node: 80 });
});

test('without a lock Node loses none of the counts of PHP, and PHP can only lose those of Node', async () => {
  const { url, open } = await place();
  const [one, other] = [open(), open()];
  const id = await begin(one);
  let isOver = false;
  let counted = 0;
  const node = (async () => {
    while (!isOver) {
      await Promise.all([countUp(one, id, 'node'), countUp(other, id, 'node')]);
      counted += 2;
    }
  })();
  await runPhp(url, id, '100', 'php');
  isOver = true;
  await node;
  const found = await countsOf(one, id);
  assert.equal(found.php, 100);
  assert.ok(counted > 0 && (found.node ?? 0) <= counted);
});

test('processes of Node alone lose nothing, by the bytes that they have read', async () => {
  const { open } = await place();
  const stores = [open(), open()] as const;
  const id = await begin(stores[0]);
  const all = Array.from({ length: 40 }, (_, at) => countUp(stores[at % 2 ? 1 : 0], id, 'node'));
  await Promise.all(all);
  assert.deepEqual(await countsOf(stores[1], id), { node: 40 });
});

test("a session of PHP's is found in Node and goes on in PHP, in the article's own table, too", async () => {
  const first = new URL('../../../lessons/01-open-and-close/schema.sql', import.meta.url);
  const { url, pool, open } = await place(first);
  await pool.query("INSERT INTO sessions (id,d,updated) VALUES (7,'',UNIX_TIMESTAMP())");
  await runPhp(url, '7', '2', 'php');
  const sessions = open();
  await countUp(sessions, '7', 'node');
  await runPhp(url, '7', '1', 'php');
  assert.deepEqual(await countsOf(sessions, '7'), { php: 3, node: 1 });
  for (const like of ['7x', '07', '7-', ' 7']) {
    assert.equal(await sessions.open(like), undefined, like);
  }
});

test('bytes are compared as bytes: a change of case, or of spaces at the end, is a change', async () => {
  const { open } = await place();
  const sessions = open();
  const id = sessions.newId();
  await sessions.create(id, Buffer.from('n|s:1:"a";'));
  const [one, other] = [await sessions.open(id), await sessions.open(id)];
  assert.equal(await one?.save(Buffer.from('n|s:1:"A";')), 'saved');
  const decide = (): false => false;
  await assert.rejects(
    other?.save(Buffer.from('n|s:1:"b";'), { decide }) ?? assert.fail(),
    SessionConflict,
  );
});

test('a session ends by the time of its last write, and a late save revives none', async () => {
  const { pool, open } = await place();
  const sessions = open();
  const id = await begin(sessions);
  const late = await sessions.open(id);
  await pool.query('UPDATE sessions SET updated=updated-1790');
  assert.ok(await sessions.open(id));
  await pool.query('UPDATE sessions SET updated=updated-10');
  assert.equal(await sessions.open(id), undefined);
  assert.equal(await late?.save(Buffer.from('n|i:1;')), 'gone');
  assert.equal(await sessions.count(), 0);
  assert.equal(await sessions.gc(), 1);
});

test('a renewed id is the only one; users and what the table cannot hold are refused', async () => {
  const { open } = await place();
  const sessions = open();
  const id = await begin(sessions);
  await using session = await sessions.start(id);
  await session.renew();
  assert.notEqual(session.id, id);
  assert.equal(await sessions.open(id), undefined);
  assert.deepEqual(await countsOf(sessions, session.id as string), { node: 0 });
  await assert.rejects(session.renew({ user: '42' }), /no columns for users/);
  await assert.rejects(sessions.of('42').list(), SessionSetupError);
  await session.destroy();
  assert.equal(await sessions.open(session.id), undefined);
});

test('a save whose answer was lost is in doubt once the row has changed', async () => {
  const { url, open } = await place();
  const id = await begin(open());
  const wire = await openWire(url);
  atEnd(() => wire.close());
  const pool = poolOf(wire.url);
  const sessions = createSessions<Counts>({ pool, secrets, profile: 'article' });
  const unsent = wire.gate(1, /^UPDATE/, { opens: 'by hand' });
  const first = countUp(sessions, id, 'node');
  await unsent.arrived;
  unsent.cut();
  await first;
  assert.deepEqual(await countsOf(open(), id), { node: 1 }, 'it had not reached the server');
  const answer = wire.gate(1, /^UPDATE/, { holds: 'answer', opens: 'by hand' });
  const second = countUp(sessions, id, 'node');
  await answer.arrived;
  answer.cut();
  await assert.rejects(second, SessionUnavailable);
  assert.deepEqual(await countsOf(open(), id), { node: 2 }, 'and was not made twice');
});

test('options that need other columns are refused, by the types and at run time', () => {
  const base = { url: 'mysql://localhost/app', secrets, profile: 'article' } as const;
  const refused: [() => unknown, RegExp][] = [
    // @ts-expect-error PHP could not read it
    [() => createSessions({ ...base, seal: { keys: secrets } }), /^seal cannot be used/],
    // @ts-expect-error the class reads PHP's formats
    [() => createSessions({ ...base, format: 'json' }), /^format cannot be used/],
    // @ts-expect-error no column for it
    [() => createSessions({ ...base, absolute: 60 }), /^absolute cannot be used/],
    // @ts-expect-error no such profile
    [() => createSessions({ ...base, profile: 'wordpress' }), /^profile takes article/],
  ];
  for (const [open, message] of refused) {
    assert.throws(open, { name: 'SessionSetupError', message });
  }
});

test('createTable() makes a table that the class can use', async () => {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const sessions = createSessions<Counts>({ pool, secrets, profile: 'article' });
  await sessions.createTable();
  const id = await begin(sessions);
  await runPhp(url, id, '1', 'php');
  assert.deepEqual(await countsOf(sessions, id), { node: 0, php: 1 });
  const [rows] = await pool.query<RowDataPacket[]>('SELECT id FROM sessions');
  assert.equal(String(rows[0]?.['id']), id);
});
