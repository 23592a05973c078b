/**
 * The counter pages of `npm run bench -- php`: the first argument chooses one.
 *
 * Plain JavaScript on the built package, as an application runs it: tsx would add source maps to
 * every stack trace that PHP's layer captures.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import session from 'express-session';
import { phpSession } from 'phpsessid/express';
import { withPhpSession } from 'phpsessid/node';
import { $_SESSION, session_set_save_handler, session_start } from 'phpsessid/php';

const show = (count) => `<p>Count: ${count}</p>\n`;

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

  'express-session'() {
    const application = express();
    application.use(session({ secret: 'a benchmark', resave: false, saveUninitialized: false }));
    application.get('/', (request, response) => {
      request.session.count = (request.session.count ?? 0) + 1;
      response.send(show(request.session.count));
    });
    return application;
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

const server = createServer(pages[process.argv[2]]());
server.listen(0, '127.0.0.1', () => {
  // The report that startServer() waits for, as sandbox/report.ts writes it.
  const { port } = server.address();
  writeSync(
    Number(process.env.WORKSHOP_REPORT),
    `${JSON.stringify({ kind: 'listening', port })}\n`,
  );
});
// Ends when its parent does.
process.stdin.resume().once('close', () => process.exit());
