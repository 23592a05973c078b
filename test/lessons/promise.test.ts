/** The second text's promise about many servers, with the article's class copied to three of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { fileOf, findLesson, readLessons } from '../../src/workshop/course/catalogue.ts';
import { schemaFor } from '../../src/workshop/course/tables.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/machine/database/server.ts';
import { visit } from '../../src/workshop/sandbox/browser.ts';
import { countOf, openSite, type Site, visitOften } from '../../src/workshop/sandbox/site.ts';
import { openWire, type Wire } from '../../src/workshop/wire/proxy.ts';
import { HANG } from '../hang.ts';

const lessons = readLessons();

let server: DatabaseServer;
let wire: Wire;
let site: Site;

before(async () => {
  server = await obtainServer();
  const schema = await server.createSchema('promise');
  const connection = await createConnection({ uri: schema.url, multipleStatements: true });
  await connection.query(schemaFor(lessons, 5));
  await connection.end();
  wire = await openWire(schema.url);
  const file = fileOf(findLesson(lessons, 5), 'counter.php');
  const orders = ['A', 'B', 'C'].map((name) => ({ name, file }));
  site = await openSite(orders, { DATABASE_URL: wire.url });
});
after(async () => {
  await site?.close();
  await wire?.close();
  await server?.close();
});

test('a user keeps the session, whichever server answers: the promise holds', async () => {
  const { cookie } = await visit(site.port);
  const { right, failed, counts } = await visitOften(site.port, cookie, 30, 1);
  assert.equal(failed, 0);
  assert.deepEqual(
    counts,
    Array.from({ length: 30 }, (_, index) => index + 2),
  );
  assert.deepEqual(Object.fromEntries(right), { A: 10, B: 10, C: 10 });
});

test('of two requests at two servers at once, one is lost: the promise says nothing about them', async () => {
  const { cookie } = await visit(site.port);
  wire.gate(2, /^\s*SELECT \*/i, { holds: 'answer', patience: HANG });
  const { right, failed, counts } = await visitOften(site.port, cookie, 2, 2);
  assert.equal(failed, 0, 'both pages are shown');
  assert.equal(right.size, 2, 'by two servers');
  assert.deepEqual(counts, [2, 2], 'both have read a session that counted one');
  assert.equal(countOf(await visit(site.port, { cookie })), 3, 'after four visits');
});
