/** The wire reads the traffic, changes none of it, and holds the packets that a gate asks for. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { type Connection, createConnection, type ResultSetHeader } from 'mysql2/promise';
import { obtainServer, type Schema } from '../../../src/workshop/machine/database/server.ts';
import { openWire, type Wire, type WireEvent } from '../../../src/workshop/wire/proxy.ts';
import type { Statement } from '../../../src/workshop/wire/statement.ts';

const server = await obtainServer();
after(() => server.close());

let schema: Schema;
let wire: Wire;
let statements: Statement[];
let clients: Connection[];

beforeEach(async () => {
  schema = await server.createSchema('wire');
  wire = await openWire(schema.url);
  statements = [];
  clients = [];
  wire.watch((event) => {
    if (event.kind === 'ended') statements.push(event.statement);
  });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await wire.close();
  await schema.drop();
});

async function connect(): Promise<Connection> {
  const client = await createConnection({ uri: wire.url, multipleStatements: true });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

const table = 'CREATE TABLE t (id int auto_increment primary key, d longblob)';

test('a text query is reported with its outcome', async () => {
  const client = await connect();
  await client.query(table);
  await client.query('INSERT INTO t (d) VALUES (?), (?)', ['a', 'b']);
  await client.query('SELECT * FROM t');
  assert.deepEqual(
    statements.map(({ protocol, sql, outcome }) => [protocol, sql, outcome]),
    [
      ['text', table, { kind: 'done', affectedRows: 0, insertId: 0 }],
      [
        'text',
        "INSERT INTO t (d) VALUES ('a'), ('b')",
        { kind: 'done', affectedRows: 2, insertId: 1 },
      ],
      ['text', 'SELECT * FROM t', { kind: 'rows', rows: 2, bytes: 8 }],
    ],
  );
  const [first] = statements;
  assert.ok(first?.ended !== undefined && first.ended >= first.sent);
  assert.equal(first.thread, wire.threads()[0]);
});

test('a prepared statement is reported with its values, each with its type', async () => {
  const client = await connect();
  const values = ['é', 7, -1.5, null, true, 9007199254740993n, Buffer.from([0xff, 0xfe, 0])];
  const sql = `SELECT ${values.map(() => '?').join(', ')}`;
  await client.execute(sql, values);
  const [statement] = statements;
  assert.equal(statement?.protocol, 'prepared');
  assert.equal(statement?.sql, sql);
  const [text, whole, float, nothing, yes, big, bytes] = statement?.values ?? [];
  assert.equal(text, 'é');
  assert.equal(Number(whole), 7);
  assert.equal(Number(float), -1.5);
  assert.equal(nothing, null);
  assert.equal(Number(yes), 1);
  assert.equal(BigInt(String(big)), 9007199254740993n);
  assert.deepEqual(bytes, new Uint8Array([0xff, 0xfe, 0]));
});

test('a date is reported as the server stores it', async () => {
  const client = await connect();
  await client.execute('SELECT ?', [new Date(2026, 10, 23, 4, 5, 6, 789)]);
  assert.match(String(statements[0]?.values[0]), /^2026-11-23 04:05:06\.789(000)?$/);
});

test('a statement that is executed twice is prepared once and reported twice', async () => {
  const client = await connect();
  await client.execute('SELECT ? AS a', ['x']);
  await client.execute('SELECT ? AS a', ['y']);
  assert.deepEqual(
    statements.map(({ values }) => values),
    [['x'], ['y']],
  );
});

test('an error is reported with code and state, and reaches the client unchanged', async () => {
  const client = await connect();
  await assert.rejects(client.query('SELECT * FROM missing'), { errno: 1146 });
  await assert.rejects(client.execute('SELECT nonsense'), { errno: 1054 });
  assert.equal(statements.length, 1, 'what cannot be prepared is never executed');
  const outcome = statements[0]?.outcome;
  assert.equal(outcome?.kind, 'error');
  assert.equal(outcome?.kind === 'error' && outcome.code, 1146);
  assert.equal(outcome?.kind === 'error' && outcome.state, '42S02');
});

test('several result sets of one query end with the last one', async () => {
  const client = await connect();
  const [results] = await client.query('SELECT 1; SELECT 2 UNION SELECT 3; DO 0');
  assert.equal((results as unknown[]).length, 3);
  await client.query('SELECT 4');
  assert.deepEqual(
    statements.map(({ sql }) => sql),
    ['SELECT 1; SELECT 2 UNION SELECT 3; DO 0', 'SELECT 4'],
  );
});

test('a value of more than one packet passes both ways unharmed', async () => {
  const client = await connect();
  await client.query(table);
  const [limit] = await client.query("SHOW VARIABLES LIKE 'max_allowed_packet'");
  const largest = Number((limit as { Value: string }[])[0]?.Value);
  // Above 16 MiB a packet continues in the next one; a server may take less than that.
  const bytes = Buffer.alloc(Math.min(18_000_000, largest - 1000), 'x');
  await client.execute('INSERT INTO t (d) VALUES (?)', [bytes]);
  const [rows] = await client.query('SELECT d FROM t');
  assert.ok((rows as { d: Buffer }[])[0]?.d.equals(bytes));
  const sent = bytes.length + 4; // And its length before it
  assert.deepEqual(statements.at(-1)?.outcome, { kind: 'rows', rows: 1, bytes: sent });
});

test('a gate holds statements until all have arrived, and then lets them go together', async () => {
  const [one, two] = [await connect(), await connect()];
  await one.query(table);
  const gate = wire.gate(2, /^INSERT/);
  const first = one.query("INSERT INTO t (d) VALUES ('1')");
  await two.ping();
  const second = two.query("INSERT INTO t (d) VALUES ('2')");
  assert.equal(await gate.arrived, true);
  await Promise.all([first, second]);
  const [left, right] = gate.statements;
  assert.ok(left && right && left.sent >= right.started, 'the first waited for the second');
});

test('a gate that is opened by hand keeps what it holds until then', async () => {
  const [one, two] = [await connect(), await connect()];
  await one.query(table);
  const gate = wire.gate(1, /^INSERT/, { opens: 'by hand' });
  const write = one.query("INSERT INTO t (d) VALUES ('held')");
  assert.equal(await gate.arrived, true);
  const [before] = await two.query('SELECT COUNT(*) AS n FROM t');
  gate.open();
  await write;
  const [later] = await two.query('SELECT COUNT(*) AS n FROM t');
  assert.deepEqual([before, later], [[{ n: 0 }], [{ n: 1 }]]);
});

test('a gate that does not fill opens after its patience', async () => {
  const client = await connect();
  const gate = wire.gate(2, /^DO/, { patience: 30 });
  await client.query('DO 1');
  assert.equal(await gate.arrived, false);
});

test('a gate is reached by a statement that its call has not waited for', async () => {
  const client = await connect();
  const gate = wire.gate(1, /^DO/, { opens: 'by hand' });
  let statement: Promise<unknown> | undefined;
  const call = Promise.resolve().then(() => {
    statement = client.query('DO 1');
  });
  assert.equal(await gate.reached(call), true);
  gate.open();
  await statement;
  const other = wire.gate(1, /^DO/);
  assert.equal(await other.reached(client.query('SELECT 1')), false);
  assert.equal(await other.reached(Promise.reject(new Error('its caller sees it'))), false);
});

test('a gate waits longer for a client that is still at work', async () => {
  const [one, two] = [await connect(), await connect()];
  const gate = wire.gate(2, /^DO/, { patience: 1000 });
  const first = one.query('DO 1');
  // Twenty answers take longer than the patience, and none of them alone does.
  for (let turn = 1; turn <= 20; turn += 1) await two.query('SELECT SLEEP(0.06)');
  await two.query('DO 2');
  await first;
  assert.equal(await gate.arrived, true);
});

test('a gate sees a statement behind comments and settings of its own', async () => {
  const client = await connect();
  for (const before of [
    '/* cart.ts */ ',
    '-- cart.ts\n',
    '/*M! SET STATEMENT max_statement_time=2 FOR */ ',
  ]) {
    const gate = wire.gate(1, /^DO/);
    await client.query(`${before}DO 1`);
    assert.deepEqual(
      gate.statements.map(({ sql }) => sql),
      [`${before}DO 1`],
    );
  }
});

test('a gate with a sticky or global pattern misses nothing', async () => {
  const [one, two] = [await connect(), await connect()];
  const gate = wire.gate(2, /DO/g);
  await Promise.all([one.query('DO 1'), two.query('DO 2')]);
  assert.equal(await gate.arrived, true);
});

test('a gate on answers lets the database act and keeps the client waiting', async () => {
  const [one, two] = [await connect(), await connect()];
  await one.query(table);
  const gate = wire.gate(1, /^INSERT/, { opens: 'by hand', holds: 'answer' });
  let answered = false;
  const write = one.query<ResultSetHeader>("INSERT INTO t (d) VALUES ('x')").then(([header]) => {
    answered = true;
    return header.insertId;
  });
  await gate.arrived;
  const [rows] = await two.query('SELECT COUNT(*) AS n FROM t');
  assert.deepEqual([rows, answered], [[{ n: 1 }], false]);
  gate.open();
  assert.equal(await write, 1);
});

test('a cut gate loses the answer but not the write', async () => {
  const [one, two] = [await connect(), await connect()];
  await one.query(table);
  const gate = wire.gate(1, /^INSERT/, { opens: 'by hand', holds: 'answer' });
  const write = one.query("INSERT INTO t (d) VALUES ('x')");
  await gate.arrived;
  gate.cut();
  await assert.rejects(write, { code: 'PROTOCOL_CONNECTION_LOST' });
  const [rows] = await two.query('SELECT COUNT(*) AS n FROM t');
  assert.deepEqual(rows, [{ n: 1 }]);
});

test('a statement that is under way when the connection is cut is lost', async () => {
  const client = await connect();
  const events: WireEvent[] = [];
  const began = new Promise<void>((resolve) => {
    wire.watch((event) => {
      events.push(event);
      if (event.kind === 'began') resolve();
    });
  });
  const sleeping = client.query('SELECT SLEEP(60)');
  await began;
  wire.cut();
  await assert.rejects(sleeping);
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (events.some(({ kind }) => kind === 'disconnected')) resolve();
      else setImmediate(look);
    };
    look();
  });
  assert.deepEqual(statements.at(-1)?.outcome, { kind: 'lost' });
});

test('connections are counted by thread, and a goodbye counts at once', async () => {
  const [one, two] = [await connect(), await connect()];
  assert.deepEqual(wire.threads(), [one.threadId, two.threadId].sort());
  await one.end();
  await two.ping();
  assert.deepEqual(wire.threads(), [two.threadId]);
});

test('a target that is down is a refused connection, not a hanging one', async () => {
  const address = new URL(schema.url);
  const nowhere = await openWire(schema.url);
  const { port } = new URL(nowhere.url);
  await nowhere.close();
  address.port = port;
  const dead = await openWire(address.href);
  await assert.rejects(createConnection(dead.url), { code: 'PROTOCOL_CONNECTION_LOST' });
  await dead.close();
});

test('only mysql addresses are accepted', async () => {
  await assert.rejects(openWire('http://127.0.0.1/'), /needs a mysql:\/\/ address, got http:\/\//);
});
