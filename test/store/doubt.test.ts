/** A save whose answer is lost while others save: it is known, or reported as unknown; never doubled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadline } from '../../src/store/database/deadline.ts';
import { SessionUnavailable } from '../../src/store/errors.ts';
import { Queues } from '../../src/store/hold/queue.ts';
import type { OpenSession } from '../../src/store/open-session.ts';
import { settleOnce } from '../../src/store/settle-once.ts';
import type { Sessions } from '../../src/store/store.ts';
import type { Wire } from '../../src/workshop/wire/proxy.ts';
import { HANG } from '../hang.ts';
import {
  json,
  newSchema,
  newSession,
  newStore,
  open,
  poolOf,
  query,
  stored,
  storeOn,
  wiredStore,
} from './fixture.ts';

async function update(sessions: Sessions, id: string, mark: string): Promise<void> {
  await using session = await sessions.start(id);
  session.update('marks', (marks) => [...((marks as string[] | undefined) ?? []), mark]);
  assert.notEqual(await session.save(), 'gone');
}

/** Loses the answer of one statement, and lets others act before the row is read again. */
async function loseAnswerOf<Result>(
  wire: Wire,
  statement: RegExp,
  call: () => Promise<Result>,
  between: () => Promise<unknown>,
): Promise<Result> {
  const answer = wire.gate(1, statement, { holds: 'answer', opens: 'by hand' });
  const result = call();
  await answer.arrived;
  const read = wire.gate(1, /^SELECT/, { opens: 'by hand', patience: HANG });
  answer.cut();
  await read.arrived;
  await between();
  read.open();
  return await result;
}

/** Loses the answer of one update. */
async function loseAnswer(
  between: (other: Sessions, id: string) => Promise<unknown>,
): Promise<{ saving: PromiseSettledResult<void>; marks: readonly string[] }> {
  const { sessions, wire } = await wiredStore({ statementTimeout: 20, timeout: 60 });
  const other = newStore();
  await using first = await other.start(undefined);
  first.data['marks'] = [];
  await first.save();
  const id = first.id as string;
  const save = (): Promise<void> => update(sessions, id, 'mine');
  const saving = loseAnswerOf(wire, /^UPDATE/, save, () => between(other, id));
  const [outcome] = await Promise.allSettled([saving]);
  const { marks } = (await stored(other, id)) as { marks: string[] };
  return { saving: outcome, marks };
}

test('an update that others have followed before its lost answer is missed is not made again', async () => {
  const { saving, marks } = await loseAnswer(async (other, id) => {
    for (const mark of ['a', 'b', 'c']) await update(other, id, mark);
  });
  assert.equal(saving.status, 'fulfilled');
  assert.deepEqual(marks, ['mine', 'a', 'b', 'c']);
});

test('an update whose session was renewed before its lost answer is missed is not made again', async () => {
  const { saving, marks } = await loseAnswer(async (other, id) => {
    await using session = await other.start(id);
    await session.renew();
    await update(other, id, 'a');
  });
  assert.equal(saving.status, 'fulfilled');
  assert.deepEqual(marks, ['mine', 'a']);
});

test('an update that many others have followed is reported as unknown, and is not made again', async () => {
  const { saving, marks } = await loseAnswer(async (other, id) => {
    for (const mark of ['a', 'b', 'c', 'd']) await update(other, id, mark);
  });
  assert.deepEqual(marks, ['mine', 'a', 'b', 'c', 'd']);
  assert.ok(saving.status === 'rejected' && saving.reason instanceof SessionUnavailable);
  assert.match(saving.reason.message, /^It is not known whether the session was saved/);
});

for (const many of [1, 2]) {
  test(`after a failover to a replica that was behind, ${many} saves of the lost history at once are merged`, async () => {
    const [sessions, other] = [newStore(), newStore()];
    const opened = await Promise.all(Array.from({ length: many }, () => sessions.start(undefined)));
    const change = async (key: string): Promise<unknown[]> => {
      for (const session of opened) session.data[key] = true;
      return await Promise.all(opened.map((session) => session.save()));
    };
    await change('known');
    await query(`CREATE TABLE behind_${many} AS SELECT * FROM sessions`);
    await change('lost');
    await query(`REPLACE INTO sessions SELECT * FROM behind_${many}`);
    const ids = opened.map(({ id }) => id as string);
    // Each row on the replica gets the version that it had on the lost server.
    for (const id of ids) await update(other, id, 'acknowledged');
    assert.deepEqual(new Set(await change('late')), new Set(['merged']));
    for (const id of ids) {
      const { marks, late } = (await stored(other, id)) as { marks: string[]; late: boolean };
      assert.deepEqual({ marks, late }, { marks: ['acknowledged'], late: true });
    }
    await Promise.all(opened.map((session) => session.close()));
  });
}

/** Loses the answer of a change on READ UNCOMMITTED, which the server rolls back afterwards. */
async function rollBack(change: (session: OpenSession) => Promise<unknown>): Promise<void> {
  const { url, name } = await newSchema();
  const pool = poolOf(url);
  const dirty = 'SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED';
  pool.on('connection', (connection) => void connection.query(dirty));
  const sessions = storeOn(pool, { statementTimeout: 1, timeout: 4 });
  await sessions.createTable();
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  const holder = await pool.getConnection();
  await holder.query(`SELECT GET_LOCK('${name}', 0)`);
  // The row is changed by then; the statement waits, and is rolled back.
  await pool.query(
    'CREATE TRIGGER waits AFTER UPDATE ON sessions FOR EACH ROW BEGIN ' +
      `SET @got = GET_LOCK('${name}', 600); SIGNAL SQLSTATE '45000'; END`,
  );
  await assert.rejects(change(session), SessionUnavailable);
  await holder.query(`SELECT RELEASE_LOCK('${name}')`);
  await holder.query('DROP TRIGGER waits');
  holder.release();
  assert.deepEqual(await stored(sessions, id), { n: 0 });
}

/** Loses the answer of a login. */
async function loseLogin(
  between: (other: Sessions, id: string) => Promise<unknown>,
): Promise<{ session: OpenSession; other: Sessions }> {
  const { sessions, wire } = await wiredStore({ statementTimeout: 20, timeout: 60 });
  const other = newStore();
  const id = sessions.newId();
  const login = (): Promise<OpenSession> => sessions.create(id, json({ mine: 1 }), { user: id });
  const session = await loseAnswerOf(wire, /^INSERT/, login, () => between(other, id));
  return { session, other };
}

test('a login that was ended before its lost answer is missed is made again', async () => {
  const { session, other } = await loseLogin(async (store, id) => await store.of(id).revokeAll());
  assert.deepEqual(await stored(other, session.id), { mine: 1 });
  assert.equal(await session.save(json({ mine: 2 })), 'saved');
});

test('a login that others have saved before its lost answer is missed is the same session', async () => {
  const { session, other } = await loseLogin(async (store, id) => {
    assert.equal(await (await open(store, id)).save(json({ mine: 1, theirs: 1 })), 'saved');
  });
  assert.equal(await session.save(json({ mine: 2 })), 'merged');
  assert.deepEqual(await stored(other, session.id), { mine: 2, theirs: 1 });
});

test('a save that READ UNCOMMITTED shows and that is rolled back is not acknowledged', async () => {
  await rollBack((session) => session.save(json({ n: 1 })));
});

test('a renewal that READ UNCOMMITTED shows and that is rolled back is not acknowledged', async () => {
  await rollBack((session) => session.renew());
});

test('an error that passes is repeated: offline mode, wait_timeout, a proxy that lost its server', async () => {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  const session = await open(sessions, await newSession(sessions, { n: 0 }));
  // MyISAM keeps the row of a statement that fails, on whichever connection it ran.
  await pool.query('CREATE TABLE failures (errno INT) ENGINE=MyISAM');
  const passing = [2006, 2013, 3032, 4031, 9001];
  for (const errno of passing) {
    await pool.query(
      `CREATE TRIGGER fails BEFORE UPDATE ON sessions FOR EACH ROW
       IF (SELECT COUNT(*) FROM failures WHERE errno=${errno}) < 2 THEN
         INSERT INTO failures VALUES (${errno});
         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO=${errno};
       END IF`,
    );
    assert.equal(await session.save(json({ n: errno })), 'saved');
    await pool.query('DROP TRIGGER fails');
  }
  const [failures] = await pool.query('SELECT errno FROM failures ORDER BY errno');
  assert.deepEqual(
    failures,
    passing.flatMap((errno) => [{ errno }, { errno }]),
  );
});

test('a request that was aborted already takes no turn', async () => {
  const queues = new Queues();
  const reason = new Error('the client has gone');
  const client = new AbortController();
  const deadline = new Deadline(1000, client.signal, 1000);
  client.abort(reason);
  const wait = queues.enter(Buffer.from('key'), deadline);
  await assert.rejects(wait, reason);
  assert.equal(queues.size, 0);
});

test('a limit whose signal was aborted already ends when its caller is ready for that', async () => {
  const reason = new Error('the client has gone');
  const ended = await new Promise((resolve) => {
    const settle = settleOnce(60_000, AbortSignal.abort(reason), (why) => resolve([why, settle()]));
  });
  assert.deepEqual(ended, [reason, false]);
});
