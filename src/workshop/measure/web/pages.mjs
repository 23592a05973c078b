/**
 * The pages of `npm run bench -- php` and `-- http`: the first argument chooses one.
 *
 * Plain JavaScript on the built package, as an application runs it: tsx would add source maps to
 * every stack trace that PHP's layer captures.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import session from 'express-session';
import { phpSession } from 'phpsessid/express';
import { createSessions } from 'phpsessid/mysql';
import { ExpressSessionStore } from 'phpsessid/mysql/express-session';
import { getSession, withSessions } from 'phpsessid/mysql/node';
import { withPhpSession } from 'phpsessid/node';
import { $_SESSION, session_set_save_handler, session_start } from 'phpsessid/php';

const url = process.env.DATABASE_URL ?? '';
const secret = 'a benchmark keeps no secret: it is known';

const show = (count) => `<p>Count: ${count}</p>\n`;
const nobody = '<p>Nobody is signed in</p>\n';

const pages = {
  node() {
    const sessions = new Map();
    return (request, response) => {
      let id = /(?:^|; *)sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
      let data = sessions.get(id);
      if (data === undefined) {
        id = randomBytes(16).toString('hex');
        data = { count: 0 };
        sessions.set(id, data);
        response.setHeader('Set-Cookie', `sid=${id}; path=/; HttpOnly`);
      }
      data.count += 1;
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(show(data.count));
    };
  },

  memory: () => withExpress(undefined),

  async express() {
    const { hostname, port, username, password, pathname } = new URL(url);
    const Store = createRequire(import.meta.url)('express-mysql-session')(session);
    const store = new Store({
      host: hostname,
      port: Number(port),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: pathname.slice(1),
      connectionLimit: 10,
    });
    await store.onReady();
    return withExpress(store);
  },

  async 'ours-behind-express'() {
    return withExpress(new ExpressSessionStore(await open()));
  },

  async 'ours-node'() {
    const cookie = { name: 'session', secure: false };
    return withSessions(
      await open(),
      async (request, response) => {
        const visit = await getSession(request);
        response.setHeader('Content-Type', 'text/html; charset=utf-8');
        if (request.url === '/whoami') {
          response.end(visit.data.user === undefined ? nobody : '<p>Signed in</p>\n');
          return;
        }
        visit.update('count', (count = 0) => count + 1);
        response.end(show(visit.data.count));
      },
      { cookie },
    );
  },

  'php-node'() {
    session_set_save_handler(handlerInMemory());
    return withPhpSession(listener);
  },

  'php-express'() {
    session_set_save_handler(handlerInMemory());
    const application = express();
    application.use(phpSession());
    application.get('/', async (_request, response) => {
      await session_start();
      $_SESSION.count = ($_SESSION.count ?? 0) + 1;
      response.send(show($_SESSION.count));
    });
    return application;
  },

  'php-files'() {
    const folder = mkdtempSync(join(tmpdir(), 'phpsessid-bench-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    return withPhpSession(listener, { settings: { 'session.save_path': folder } });
  },
};

async function listener(_request, response) {
  await session_start();
  $_SESSION.count = ($_SESSION.count ?? 0) + 1;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(show($_SESSION.count));
}

function handlerInMemory() {
  const sessions = new Map();
  return {
    open: () => true,
    close: () => true,
    read: (id) => sessions.get(id) ?? '',
    write(id, data) {
      sessions.set(id, data);
      return true;
    },
    destroy(id) {
      sessions.delete(id);
      return true;
    },
    gc: () => 0,
  };
}

async function open() {
  const sessions = createSessions({ url, secrets: [secret] });
  await sessions.createTable();
  return sessions;
}

function withExpress(store) {
  const application = express();
  application.use(session({ store, secret, resave: false, saveUninitialized: false }));
  application.get('/', (request, response) => {
    request.session.count = (request.session.count ?? 0) + 1;
    response.send(show(request.session.count));
  });
  application.get('/whoami', (request, response) => {
    response.send(request.session.user === undefined ? nobody : '<p>Signed in</p>\n');
  });
  return application;
}

const server = createServer(await pages[process.argv[2]]());
server.listen(0, '127.0.0.1', () => {
  // The report that startServer() waits for, as sandbox/report.ts writes it.
  const { port } = server.address();
  const [pipe, key] = process.env.WORKSHOP_REPORT.split(' ');
  writeSync(Number(pipe), `${key} ${JSON.stringify({ kind: 'listening', port })}\n`);
});
// Ends when its parent does.
process.stdin.resume().once('close', () => process.exit());
