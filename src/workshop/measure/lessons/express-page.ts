/** The counter page as an Express application has it: express-session over its MySQL store. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express from 'express';
import session, { type Store } from 'express-session';

declare module 'express-session' {
  interface SessionData {
    count: number;
    user: string;
  }
}

/** What express-mysql-session hands out for express-session. */
type MySqlStore = new (options: Record<string, unknown>) => Store & { onReady(): Promise<void> };

const makeStore = createRequire(import.meta.url)('express-mysql-session') as (
  sessions: typeof session,
) => MySqlStore;

const { hostname, port, username, password, pathname } = new URL(process.env['DATABASE_URL'] ?? '');
const store = new (makeStore(session))({
  host: hostname,
  port: Number(port),
  user: decodeURIComponent(username),
  password: decodeURIComponent(password),
  database: pathname.slice(1),
});
await store.onReady();

const application = express();
application.use(
  session({
    store,
    secret: 'known to everybody who reads this',
    resave: false,
    saveUninitialized: false,
  }),
);
application.get('/', (request, response) => {
  request.session.count = (request.session.count ?? 0) + 1;
  response.send(`<p>Count: ${request.session.count}</p>\n`);
});
application.get('/whoami', (request, response) => {
  const { user } = request.session;
  response.send(user === undefined ? '<p>Nobody is signed in</p>\n' : '<p>Signed in</p>\n');
});
const server = application.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
// The store's pool and its timer must not keep it alive.
process.stdin.resume().once('close', () => process.exit());
