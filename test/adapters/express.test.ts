import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import { $_SESSION } from '#php';
import { phpSession } from '../../src/adapters/express.ts';
import { begin, Memory, quiet, serve } from './fixture.ts';

test('Express pages count, and a session that cannot be saved reaches the error handler', async () => {
  const memory = new Memory();
  const app = express();
  app.use(phpSession(quiet));
  app.get('/', async (_request, response) => {
    await begin(memory);
    $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
    response.send(`Count: ${$_SESSION['count']}`);
  });
  app.use(
    (
      error: Error,
      _request: express.Request,
      response: express.Response,
      _next: express.NextFunction,
    ) => {
      response.status(503).send(error.message);
    },
  );
  const url = await serve(app as RequestListener);
  const first = await fetch(url);
  assert.equal(await first.text(), 'Count: 1');
  const cookie = (first.headers.getSetCookie()[0] ?? '').replace(/;.*/, '');
  assert.equal(await (await fetch(url, { headers: { cookie } })).text(), 'Count: 2');
  memory.failure = new Error('no database');
  const third = await fetch(url, { headers: { cookie } });
  assert.equal(third.status, 503);
  assert.equal(await third.text(), 'no database');
});
