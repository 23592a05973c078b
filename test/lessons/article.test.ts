/** Lesson 0's claims about the text as it reached us, each asked of the program concerned. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { root } from '../../src/workshop/course/catalogue.ts';
import {
  type DatabaseServer,
  obtainServer,
  type Schema,
} from '../../src/workshop/machine/database/server.ts';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';

const article = readFileSync(join(root, 'lessons/00-the-article/as-it-reached-us.php'), 'utf8');

describe('PHP', () => {
  let php: Awaited<ReturnType<typeof openWasmPhp>>;
  before(async () => {
    php = await openWasmPhp();
  });
  after(() => php?.close());

  test('the text does not parse: PHP stops at the missing semicolon', async () => {
    const printed = await php.run(
      `<?php try { token_get_all(base64_decode('${Buffer.from(article).toString('base64')}'), TOKEN_PARSE); echo 'parsed'; }
       catch (ParseError $e) { echo $e->getLine(), ': ', $e->getMessage(); }`,
    );
    const line = article.split('\n').findIndex((text) => text.includes('$dsn =')) + 1;
    assert.equal(String(printed), `${line + 1}: syntax error, unexpected identifier "Sessions"`);
  });

  test('an id comes from a cookie alone, no page turns on auto_start, and the globals are gone', async () => {
    const printed = await php.run(
      `<?php echo json_encode([ini_get('session.use_only_cookies'), ini_set('session.auto_start', '1'),
       ini_get('register_globals'), function_exists('session_register')]);`,
    );
    assert.deepEqual(JSON.parse(String(printed)), ['1', false, false, false]);
  });
});

describe('the database', () => {
  let server: DatabaseServer;
  let schema: Schema;

  before(async () => {
    server = await obtainServer();
    schema = await server.createSchema('article');
  });
  after(async () => {
    await server?.close();
  });

  test('the article’s INSERT is refused with error 1064', async () => {
    const insert = /"(INSERT INTO sessions .*?)"/.exec(article)?.[1] ?? '';
    const connection = await createConnection(schema.url);
    try {
      const refusal = connection.execute(insert, ['1', 'count|i:1;', 1]);
      await assert.rejects(refusal, { errno: 1064 });
    } finally {
      await connection.end();
    }
  });

  test('one of PHP’s own ids does not fit into the article’s table', async () => {
    const table = readFileSync(join(root, 'lessons/01-open-and-close/schema.sql'), 'utf8');
    const connection = await createConnection(schema.url);
    try {
      await connection.query(table);
      const insert = 'INSERT INTO sessions (id, d, updated) VALUES (?,?,?)';
      const id = 'deadbeef5f0c6b0249b93fcc8a1d2e3f';
      await connection.query("SET sql_mode='STRICT_ALL_TABLES'");
      await assert.rejects(connection.execute(insert, [id, '', 1]), { errno: 1366 });

      await connection.query("SET sql_mode=''");
      await connection.execute(insert, [id, '', 1]);
      const [rows] = await connection.query('SELECT id FROM sessions');
      assert.deepEqual(rows, [{ id: 1 }], 'cut to 0, which makes AUTO_INCREMENT give a number');
      const [found] = await connection.execute('SELECT id FROM sessions WHERE id=?', [id]);
      assert.deepEqual(found, [], 'and never found again');
    } finally {
      await connection.end();
    }
  });
});
