/** The counter page in Express, with express-session and its MySQL store. */
import { createRequire } from 'node:module';
import express from 'express';
import session, { type Store } from 'express-session';
import { endWithParent, servePage } from '../../sandbox/serve.ts';

declare module 'express-session' {
  interface SessionData {
    count: number;
    user: string;
  }
}

/** The store class that express-mysql-session makes for express-session. */
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
    secret: 'known to everyone who reads this',
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
servePage(application);
endWithParent();
