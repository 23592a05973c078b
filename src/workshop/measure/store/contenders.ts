/** Ours and its peers on one database: the same session, read and changed in each one's own way. */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import session, { type Store } from 'express-session';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { createSessions, type Sessions } from '../../../store/index.ts';

/** The sessions of each contender; clients take turns at them. */
export const SESSIONS = 1024;

/** A session's number to each contender's key of it, and its operations. */
export interface Contender {
  /** Reads a session. */
  read(at: number): Promise<unknown>;
  /** Reads a session, changes it and saves it. */
  change(at: number): Promise<unknown>;
  /** Raises the counter of session 0 by one. */
  add(pause: number): Promise<unknown>;
  /** The counter of session 0. */
  count(): Promise<number>;
  close(): Promise<void>;
}

/** The application's own work in a request. */
const work = (pause: number): Promise<void> | undefined => (pause === 0 ? undefined : delay(pause));

/** About as many bytes as asked for, as a session of strings has them. */
function payloadOf(bytes: number): { n: number; cart: string[] } {
  const cart = Array.from({ length: Math.max(1, Math.round(bytes / 40)) }, (_, at) =>
    `item ${at} of a cart, ${'x'.repeat(20)}`.slice(0, 37),
  );
  return { n: 0, cart };
}

/** The bytes with another counter. */
function counted(bytes: Buffer, turn: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(String(turn % 10), copy.indexOf('"n":') + 4);
  return copy;
}

let turn = 0;

/** Our store: bytes for the reads and changes, values for the counter. */
export async function openOurs(url: string, bytes: number): Promise<Contender> {
  const sessions: Sessions<{ n: number }> = createSessions({
    url,
    secrets: ['a benchmark keeps no secret: it is known'],
    gc: false,
  });
  await sessions.createTable();
  const data = Buffer.from(JSON.stringify(payloadOf(bytes)));
  const ids = Array.from({ length: SESSIONS }, () => sessions.newId());
  await inTurns(ids, async (id) => await (await sessions.create(id, data)).close());
  const open = async (at: number) => {
    const found = await sessions.open(ids[at]);
    if (found === undefined) throw new Error('a session of the benchmark is gone');
    return found;
  };
  return {
    read: async (at) => (await open(at)).data,
    async change(at) {
      const found = await open(at);
      turn += 1;
      const answer = await found.save(counted(found.data, turn));
      if (answer !== 'saved') throw new Error(`the save was answered ${answer}`);
      await found.close();
    },
    async add(pause) {
      const found = await sessions.start(ids[0]);
      await work(pause);
      found.update('n', (n) => (n ?? 0) + 1);
      await found.save();
      await found.close();
    },
    count: async () => (await sessions.start(ids[0])).data.n ?? 0,
    close: () => sessions.close(),
  };
}

/** mysql2 by hand: `execute` to read, four statements to change without a loss. */
export async function openMysql2(url: string, bytes: number): Promise<Contender> {
  const pool = createPool({ uri: url, connectionLimit: 10 });
  await pool.query(
    'CREATE TABLE by_hand (id VARBINARY(32) PRIMARY KEY, d MEDIUMBLOB NOT NULL, ' +
      'expires BIGINT NOT NULL, KEY (expires)) ENGINE=InnoDB',
  );
  const data = Buffer.from(JSON.stringify(payloadOf(bytes)));
  const ids = Array.from({ length: SESSIONS }, (_, at) => Buffer.alloc(32, `session ${at}`));
  await inTurns(ids, (id) => pool.execute('INSERT INTO by_hand VALUES (?,?,?)', [id, data, END]));
  const select = 'SELECT d FROM by_hand WHERE id=? AND expires>?';
  const change = async (at: number, edit: (data: Buffer) => Promise<Buffer> | Buffer) => {
    const connection = await pool.getConnection();
    try {
      await connection.query('BEGIN');
      const [rows] = await connection.execute<RowDataPacket[]>(`${select} FOR UPDATE`, [
        ids[at] as Buffer,
        Date.now(),
      ]);
      await connection.execute('UPDATE by_hand SET d=?,expires=? WHERE id=?', [
        await edit(rows[0]?.['d'] as Buffer),
        END,
        ids[at] as Buffer,
      ]);
      await connection.query('COMMIT');
    } finally {
      connection.release();
    }
  };
  const read = async (at: number): Promise<Buffer> => {
    const [rows] = await pool.execute<RowDataPacket[]>(select, [ids[at] as Buffer, Date.now()]);
    return rows[0]?.['d'] as Buffer;
  };
  return {
    read,
    change(at) {
      turn += 1;
      const now = turn;
      return change(at, (found) => counted(found, now));
    },
    add: (pause) =>
      change(0, async (found) => {
        await work(pause);
        const value = JSON.parse(found.toString()) as { n: number };
        return Buffer.from(JSON.stringify({ ...value, n: value.n + 1 }));
      }),
    count: async () => (JSON.parse((await read(0)).toString()) as { n: number }).n,
    close: () => pool.end(),
  };
}

/** Milliseconds since 1970, far away: all of the benchmark's sessions are alive. */
const END = 4e12;

type MySqlStore = new (options: object, pool: Pool) => Store & { onReady(): Promise<void> };

/** The sessions of express-mysql-session, which is what most applications have. */
export async function openExpress(url: string, bytes: number): Promise<Contender> {
  const require = createRequire(import.meta.url);
  const make = require('express-mysql-session') as (sessions: typeof session) => MySqlStore;
  const pool = createPool({ uri: url, connectionLimit: 10 });
  const store = new (make(session))(
    { schema: { tableName: 'express_sessions' }, clearExpired: false },
    pool,
  );
  await store.onReady();
  type Value = { n: number; cart: string[] };
  const get = (id: string): Promise<Value> =>
    new Promise((resolve, reject) => {
      store.get(id, (error, value) => (error ? reject(error) : resolve(value as never)));
    });
  const set = (id: string, value: Value): Promise<void> =>
    new Promise((resolve, reject) => {
      store.set(id, value as never, (error) => (error ? reject(error) : resolve()));
    });
  const value = payloadOf(bytes);
  const ids = Array.from({ length: SESSIONS }, (_, at) => `session ${at}`);
  await inTurns(ids, (id) => set(id, value));
  return {
    read: (at) => get(ids[at] as string),
    async change(at) {
      const found = await get(ids[at] as string);
      turn += 1;
      await set(ids[at] as string, { ...found, n: turn % 10 });
    },
    async add(pause) {
      const found = await get(ids[0] as string);
      await work(pause);
      await set(ids[0] as string, { ...found, n: found.n + 1 });
    },
    count: async () => (await get(ids[0] as string)).n,
    close: () => pool.end(),
  };
}

/** Adds small sessions to the table of each contender: the tables' trees get a level more. */
export async function growTables(url: string, count: number): Promise<void> {
  const pool = createPool({ uri: url });
  const fill = async (columns: string, values: string): Promise<void> => {
    await pool.query(`INSERT INTO ${columns} SELECT ${values} FROM seq_1_to_${count}`);
  };
  const data = "REPEAT('x',100)";
  await fill('by_hand', `UNHEX(SHA2(seq,256)),${data},${END}`);
  await fill('express_sessions (session_id,expires,data)', `SHA2(seq,256),${END / 1000},${data}`);
  await fill(
    'sessions (id,d,version,token,created,updated,expires)',
    `UNHEX(SHA2(seq,256)),${data},1,'',0,0,${END}`,
  );
  await pool.end();
}

/** Does something for each of many, 32 at a time. */
async function inTurns<Item>(
  items: readonly Item[],
  each: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = items.values();
  const lane = async (): Promise<void> => {
    for (const item of left) await each(item);
  };
  await Promise.all(Array.from({ length: 32 }, lane));
}
