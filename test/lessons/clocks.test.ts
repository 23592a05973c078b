/** Lesson 24's class on nodes whose clocks differ: each connection to a node has that node's time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPool, type Pool } from 'mysql2/promise';
import type { Bench } from '../../src/workshop/bench/bench.ts';
import { withClass } from './classes.ts';

/** The object of one request. */
interface Request {
  open(path: string, name: string): unknown;
  close(): Promise<boolean>;
  create_sid(): Promise<string>;
  read(id: string): Promise<string | Uint8Array>;
  write(id: string, data: string): Promise<boolean>;
  update(id: string, change: (data: Record<string, number>) => void): Promise<boolean>;
  gc(maxLife: number): Promise<unknown>;
}

/** Three servers, each with its own node first; the clocks are right, ahead, and behind. */
async function withServers(
  seconds: number,
  body: (servers: (() => Request)[], bench: Bench) => Promise<void>,
): Promise<void> {
  await withClass(24, async (bench) => {
    const pools: Pool[] = [];
    const node = (ahead: number): Pool => {
      const made = createPool(bench.database.url);
      pools.push(made);
      made.pool.on('connection', (connection) => {
        connection.query(`SET timestamp = UNIX_TIMESTAMP() + ${ahead}`);
      });
      return made;
    };
    const servers = [0, seconds, -seconds].map((own) => {
      const means = { pool: node(own), reserve: [node(0)], clock: 'database' };
      return (): Request => {
        const request = new (bench.exported as new (means: object) => Request)(means);
        request.open('', 'MySession');
        return request;
      };
    });
    try {
      await body(servers, bench);
    } finally {
      await Promise.all(pools.map((each) => each.end()));
    }
  });
}

async function newSession([first]: (() => Request)[]): Promise<string> {
  const request = first?.() as Request;
  const id = await request.create_sid();
  await request.write(id, 'n|i:0;');
  await request.close();
  return id;
}

const addOne = (data: Record<string, number>): void => {
  data['n'] = (data['n'] ?? 0) + 1;
};

test('nodes whose clocks are ten minutes apart make each update once, and end no session', async () => {
  await withServers(600, async (servers, { database }) => {
    const id = await newSession(servers);
    const work = servers.map(async (server) => {
      for (let at = 0; at < 5; at += 1) assert.equal(await server().update(id, addOne), true);
    });
    await Promise.all(work);
    for (const server of servers) {
      await server().gc(1440);
      assert.equal(String(await server().read(id)), 'n|i:15;');
    }
    const [row] = await database.query(
      'SELECT ABS(updated - UNIX_TIMESTAMP()) AS off FROM sessions',
    );
    assert.ok(Number(row?.['off']) <= 660, 'it was saved by a clock that is ten minutes off');
  });
});

test('nodes an hour apart end each other’s sessions, which the page of lesson 24 says', async () => {
  await withServers(3600, async (servers, { database }) => {
    const id = await newSession(servers);
    const [right, ahead, behind] = servers as [() => Request, () => Request, () => Request];
    assert.deepEqual(
      [await right().update(id, addOne), await ahead().update(id, addOne)],
      [true, false],
    );
    assert.equal(await behind().update(id, addOne), false);
    assert.equal(String(await right().read(id)), 'n|i:1;', 'what was acknowledged is there');
    await behind().gc(1440);
    assert.equal(
      (await database.rows()).length,
      1,
      'rows after a sweep by the clock that is behind',
    );
    await ahead().gc(1440);
    assert.equal(
      (await database.rows()).length,
      0,
      'rows after a sweep by the clock that is ahead',
    );
  });
});
