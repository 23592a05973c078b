/** The accounts that a bench makes beside the class's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { type OwnedDatabase, openDatabase } from '../../../src/workshop/bench/database.ts';
import {
  type DatabaseServer,
  obtainServer,
  type Schema,
} from '../../../src/workshop/machine/database/server.ts';
import { openWire, type Wire } from '../../../src/workshop/wire/proxy.ts';
import { ask } from '../machine/place.ts';

const schemaSql = `
  CREATE TABLE sessions (id int not null primary key, d text);
  INSERT INTO sessions VALUES (1, 'count|i:1;');
  CREATE VIEW counted AS SELECT d FROM sessions`;

let server: DatabaseServer;
let schema: Schema;
let wire: Wire;
before(async () => {
  server = await obtainServer();
  schema = await server.createSchema('reader');
  wire = await openWire(schema.url);
});
after(async () => {
  await wire?.close();
  await schema?.drop();
  await server?.close();
});

test('a reader sees one view, changes nothing, and ends with the bench', async () => {
  const database: OwnedDatabase = await openDatabase(schema.url, wire, schemaSql);
  const url = await database.reader('counted');
  const { username, port } = new URL(url);
  assert.equal(Number(port), wire.port, 'it takes the way that gates can close');
  assert.equal((await ask(url, 'SELECT d FROM counted')).length, 1);
  for (const sql of [
    'SELECT d FROM sessions',
    'DELETE FROM counted',
    'CREATE TABLE more (n int)',
  ]) {
    await assert.rejects(ask(url, sql), /denied/, sql);
  }
  await database.close();
  await assert.rejects(createConnection(url), /denied/, `${username} is still there`);
});
