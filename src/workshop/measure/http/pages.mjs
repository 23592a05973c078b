/**
 * The counter pages of `npm run bench -- http`: the first argument chooses one.
 *
 * Plain JavaScript on the built package, as an application runs it.
 */
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import express from 'express';
import session from 'express-session';
import { createSessions } from 'phpsessid/mysql';
import { ExpressSessionStore } from 'phpsessid/mysql/express-session';
import { getSession, withSessions } from 'phpsessid/mysql/node';

const url = process.env.DATABASE_URL ?? '';
const secret = 'a benchmark keeps no secret: it is known';

const show = (count) => `<p>Count: ${count}</p>\n`;
const nobody = '<p>Nobody is signed in</p>\n';

const pages = {
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
};

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
  writeSync(
    Number(process.env.WORKSHOP_REPORT),
    `${JSON.stringify({ kind: 'listening', port })}\n`,
  );
});
// Ends when its parent does.
process.stdin.resume().once('close', () => process.exit());
