import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPool } from 'mysql2/promise';
import { Sessions } from '../../lessons/19-a-handler-object/sessions.ts';

// A line under @ts-expect-error must not compile; `npm test` begins with the compiler.

test('another module that replaces the connections of a handler does not compile', async () => {
  const pool = createPool('mysql://127.0.0.1:1/elsewhere');
  const handler = new Sessions({ pool });
  // @ts-expect-error: the class has no connection.
  assert.equal(Sessions.Db, undefined);
  // @ts-expect-error: the connections of a handler have no name outside of it.
  assert.equal(handler.pool, undefined);
  // @ts-expect-error: a pool is not a part by another name.
  new Sessions({ Db: pool });
  await pool.end();
});
