/** Three Galera nodes: one cluster for the whole file, which its tests damage and bring back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createConnection, type ResultSetHeader } from 'mysql2/promise';
import {
  type Answer,
  type Order,
  offerCluster,
} from '../../../src/workshop/machine/galera/host.ts';
import { HANG } from '../../hang.ts';
import { commandLine, Place, until } from './place.ts';

/** The child's end of the connection by which a process shares its cluster. */
class Child {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;
  readonly progress: string[] = [];

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').on('error', () => {});
    this.#lines = createInterface(this.#socket)[Symbol.asyncIterator]();
  }

  /** The next line that is not progress; undefined when the other end has closed. */
  async order(order: Order): Promise<Answer | undefined> {
    this.#socket.write(`${JSON.stringify(order)}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) return undefined;
      const answer = JSON.parse(value) as Answer;
      if (!('progress' in answer)) return answer;
      this.progress.push(answer.progress);
    }
  }

  async nodes(): Promise<string[]> {
    const answer = await this.order({ secret });
    assert.ok(answer && 'nodes' in answer, JSON.stringify(answer));
    return answer.nodes;
  }

  async do(order: Exclude<Order, { secret: string }>): Promise<void> {
    assert.deepEqual(await this.order(order), { done: true });
  }

  async leave(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    await closed;
  }
}

let port: number;
let secret: string;
let child: Child;
let nodes: string[];

before(async () => {
  // These tests are about a process without an offered cluster; this one may have one.
  delete process.env['WORKSHOP_CLUSTER'];
  const [text = '', word = ''] = (await offerCluster()).split('/');
  [port, secret] = [Number(text), word];
  child = new Child(port);
  nodes = await child.nodes();
  await on(0, 'CREATE DATABASE kept');
  await on(0, 'CREATE TABLE kept.notes (n INT PRIMARY KEY, text VARCHAR(20)) ENGINE=InnoDB');
});
// The nodes end with this process.
after(() => child.leave());

/** Runs a statement on one node. */
async function on(
  node: number,
  sql: string,
  { sync = 0 } = {},
): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri: nodes[node] ?? '', connectTimeout: 2_000 });
  connection.on('error', () => {});
  try {
    if (sync) await connection.query('SET wsrep_sync_wait = 1');
    const [rows] = await connection.query<ResultSetHeader>({ sql, timeout: HANG });
    return Array.isArray(rows) ? rows : [];
  } finally {
    connection.destroy();
  }
}

/** Counts what was written anywhere: the read waits for what other nodes have committed. */
async function count(node: number): Promise<unknown> {
  const [row] = await on(node, 'SELECT COUNT(*) AS n FROM kept.notes', { sync: 1 });
  return row?.['n'];
}

/** Waits until a write succeeds: the others take seconds to declare a node dead. */
async function writes(node: number, n: number): Promise<void> {
  await until(async () => {
    const sql = `INSERT IGNORE INTO kept.notes VALUES (${n}, 'from ${node}')`;
    return await on(node, sql).then(
      () => true,
      () => false,
    );
  });
}

async function sees(node: number, size: number): Promise<boolean> {
  const [row] = await on(node, "SHOW STATUS LIKE 'wsrep_cluster_size'").catch(() => []);
  return row?.['Value'] === String(size);
}

const refused = { code: 'ER_UNKNOWN_COM_ERROR', errno: 1047 };

test('a program that sends something else is disconnected, and no other child notices', async () => {
  const stranger = connect(port, '127.0.0.1').on('error', () => {});
  stranger.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  await once(stranger, 'close');
});

test('every node has the writes of every node', async () => {
  for (const node of [0, 1, 2]) await writes(node, node);
  for (const node of [0, 1, 2]) assert.equal(await count(node), 3);
});

test('a lock by name is a lock of one node', async () => {
  const connections = await Promise.all(nodes.slice(0, 2).map((url) => createConnection(url)));
  for (const connection of connections) {
    const [rows] = await connection.query<ResultSetHeader>("SELECT GET_LOCK('x', 0) AS got");
    assert.deepEqual(rows, [{ got: 1 }]);
  }
  for (const connection of connections) connection.destroy();
});

test('a killed node comes back with all that was written meanwhile', async () => {
  await child.do({ node: 1, action: 'kill' });
  await assert.rejects(on(1, 'SELECT 1'), { code: 'ECONNREFUSED' });
  await writes(0, 10);
  await writes(2, 12);
  await child.do({ action: 'bringBack' });
  assert.equal(await count(1), 5);
});

test('a paused node answers nothing, and catches up', async () => {
  await child.do({ node: 1, action: 'pause' });
  await assert.rejects(on(1, 'SELECT 1'), { code: 'ETIMEDOUT' });
  await writes(0, 20);
  await child.do({ node: 1, action: 'resume' });
  await child.do({ action: 'agree' });
  assert.equal(await count(1), 6);
});

test('a node that is cut off refuses, and the other two continue', async () => {
  await child.do({ node: 2, action: 'cutOff' });
  await until(() => sees(0, 2));
  await until(() => sees(2, 1));
  await assert.rejects(on(2, 'SELECT * FROM kept.notes'), refused);
  await writes(0, 30);
  await child.do({ node: 2, action: 'reconnect' });
  await child.do({ action: 'agree' });
  assert.equal(await count(2), 7);
});

test('one of three alone refuses until the others are back', async () => {
  await child.do({ node: 0, action: 'kill' });
  await child.do({ node: 1, action: 'kill' });
  await until(() =>
    on(2, 'SELECT * FROM kept.notes').then(
      () => false,
      (error: { errno?: number }) => error.errno === refused.errno,
    ),
  );
  await child.do({ action: 'bringBack' });
  for (const node of [0, 1, 2]) assert.equal(await count(node), 7);
});

test('an order that cannot be carried out is reported', async () => {
  await child.do({ node: 0, action: 'kill' });
  const answer = await child.order({ node: 0, action: 'pause' });
  assert.deepEqual(answer, { problem: 'n1 does not run' });
});

test('the next child waits for its turn, and finds three nodes whatever the last one did', async () => {
  const next = new Child(port);
  const theirs = next.nodes();
  await until(() => sees(1, 2));
  await child.leave();
  nodes = await theirs;
  child = next;
  for (const node of [0, 1, 2]) assert.ok(await sees(node, 3));
  assert.deepEqual(await on(0, "SHOW DATABASES LIKE 'kept'"), [], 'a new cluster is empty');
  const stranger = new Child(port);
  assert.equal(await stranger.order({ secret: 'guessed' }), undefined);
});

test('kill -9 of the program takes its nodes along', async () => {
  const place = new Place();
  try {
    const owner = place.begin({ CLUSTER: 'yes' });
    await owner.line(/cluster: starting/);
    await until(() => place.processes().some((pid) => /wsrep-node-name=n2/.test(commandLine(pid))));
    await owner.kill('SIGKILL');
    await until(() => place.processes().length === 0 && place.runs().length === 0);
  } finally {
    await place.end();
  }
});

test('without Galera the error says so, with the command for this system', async () => {
  const place = new Place();
  try {
    const bin = join(place.path, 'bin');
    mkdirSync(bin);
    for (const name of ['mariadbd', 'apt-get']) {
      writeFileSync(join(bin, name), '#!/bin/sh\necho "E: no network" >&2\nexit 1\n', {
        mode: 0o755,
      });
    }
    const owner = place.begin({
      CLUSTER: 'asked',
      WORKSHOP_CLUSTER: '',
      PHPSESSID_CACHE: join(place.path, 'nothing-fetched'),
      PATH: `${bin}:${process.env['PATH']}`,
    });
    await owner.line(
      /^MISSING_PROGRAM .*No Galera for MariaDB \(apt-get install mariadb-server-core galera-4\)/,
    );
  } finally {
    await place.end();
  }
});
