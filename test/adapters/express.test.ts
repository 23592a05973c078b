import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type RequestListener } from 'node:http';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import express from 'express';
import { $_SESSION } from '#php';
import { phpSession } from '../../src/adapters/express.ts';
import { gate } from '../../src/contract/case.ts';
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

/** An Express application behind a session that is saved a while after the answer. */
async function slowApp(routes: (app: express.Express, memory: Memory) => void): Promise<string> {
  const memory = new Memory();
  const { closed, open } = gate();
  memory.gate = closed;
  const app = express();
  // Express prints errors that reach its last handler.
  app.set('env', 'test');
  app.use(phpSession(quiet));
  app.use(async (_request, _response, next) => {
    await begin(memory);
    $_SESSION['n'] = 1;
    setTimeout(open, 20);
    next();
  });
  routes(app, memory);
  return await serve(app as RequestListener);
}

test('a response sent before an error reaches the visitor', async () => {
  const url = await slowApp((app) => {
    app.get('/own', (_request, _response, next) => next(new Error('refused')));
    app.get('/twice', (_request, response) => {
      response.send('first');
      response.send('second');
    });
    app.use(
      (
        error: Error,
        request: express.Request,
        response: express.Response,
        next: express.NextFunction,
      ) => {
        if (request.path === '/own') response.status(401).send('own answer');
        next(error);
      },
    );
  });
  const own = await fetch(`${url}/own`);
  assert.deepEqual([own.status, await own.text()], [401, 'own answer']);
  const twice = await fetch(`${url}/twice`);
  assert.deepEqual([twice.status, await twice.text()], [200, 'first']);
});

test('the first answer of a page counts', async () => {
  const url = await slowApp((app) => {
    app.get('/', (_request, response) => {
      response.send('Hello');
      response.status(404);
    });
  });
  assert.equal((await fetch(url)).status, 200);
});

test('an invalid status reaches Express’s last handler as an error', async () => {
  const url = await slowApp((app) => {
    app.get('/', (_request, response) => {
      (response as { statusCode: unknown }).statusCode = 'ETIMEDOUT';
      response.send('page');
    });
  });
  assert.equal((await fetch(url)).status, 500);
});

test('session data that a page sets after its client has gone is saved with its response', async () => {
  const memory = new Memory();
  const { closed: started, open: start } = gate();
  const app = express();
  app.use(phpSession(quiet));
  app.get('/', async (_request, response) => {
    await begin(memory);
    $_SESSION['order'] = 'started';
    const gone = once(response, 'close');
    start();
    await gone;
    await turn();
    $_SESSION['order'] = 'paid';
    response.send('Thank you');
  });
  const request = get(await serve(app as RequestListener));
  request.on('error', () => {});
  await started;
  request.destroy();
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.deepEqual([...memory.rows.values()], ['order|s:4:"paid";']);
});

test('an abandoned page that never answers is saved and closed after its grace', async () => {
  const memory = new Memory();
  const { closed: started, open: start } = gate();
  const app = express();
  app.use(phpSession({ ...quiet, hangupGrace: 0.03 }));
  app.get('/', async () => {
    await begin(memory);
    $_SESSION['seen'] = 1;
    start();
  });
  const request = get(await serve(app as RequestListener));
  request.on('error', () => {});
  await started;
  request.destroy();
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.deepEqual([...memory.rows.values()], ['seen|i:1;']);
});

test('a form that middleware reads by events leaves the page its session', async () => {
  const memory = new Memory();
  const app = express();
  app.use(phpSession(quiet));
  // As express-fileupload does: the body by events, then the next handler.
  app.use((request, _response, next) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      request.body = Buffer.concat(chunks).toString();
      next();
    });
  });
  app.post('/', async (request, response) => {
    await begin(memory);
    $_SESSION['body'] = request.body;
    response.send(String($_SESSION['body']));
  });
  const url = await serve(app as RequestListener);
  const body = 'x'.repeat(200_000);
  assert.equal(await (await fetch(url, { method: 'POST', body })).text(), body);
});

test('a mounted application shares its parent’s session and its held answer', async () => {
  const url = await slowApp((app, memory) => {
    const inner = express();
    inner.get('/page', (_request, response) => {
      $_SESSION['inner'] = true;
      response.on('finish', () => assert.equal(memory.trace.at(-1), 'close'));
      response.send(`inner ${$_SESSION['n']}`);
    });
    app.use('/sub', inner);
  });
  assert.equal(await (await fetch(`${url}/sub/page`)).text(), 'inner 1');
});
