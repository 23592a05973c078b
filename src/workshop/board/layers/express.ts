/** Sites on Express: express-session with its stores, and our own middleware. */
import { Readable } from 'node:stream';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import session, { type Session, type SessionData, type Store } from 'express-session';
import { expressSessions, getSession } from '../../../adapters/store/express.ts';
import type { CallbackStore, Page, PageSession } from '../../../contract/index.ts';
import type { Sessions } from '../../../store/index.ts';
import type { Ground } from '../ground.ts';

type Values = Session & Partial<SessionData> & Record<string, unknown>;

/** Serves a page behind express-session. */
export async function serveExpressSession(
  ground: Ground,
  store: CallbackStore,
  page: Page,
): Promise<string> {
  const layer = session({
    store: store as unknown as Store,
    secret: 'signs the cookie of the board',
    resave: false,
    saveUninitialized: false,
    proxy: true,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax' },
  });
  return await serve(ground, layer, page, async (request) => pageSession(request));
}

/** Serves a page behind our middleware. */
export async function serveOurs(ground: Ground, sessions: Sessions, page: Page): Promise<string> {
  return await serve(ground, expressSessions(sessions), page, async (request) => {
    const own = await getSession(request);
    return {
      get: (key) => own.data[key],
      set(key, value) {
        own.data[key] = value;
      },
      update: (key, change) => own.update(key, change),
      async login(user) {
        own.data['user'] = user;
        await own.renew({ user });
      },
      destroy: () => own.destroy(),
    };
  });
}

async function serve(
  ground: Ground,
  layer: RequestHandler,
  page: Page,
  open: (request: express.Request) => Promise<PageSession>,
): Promise<string> {
  const app: Express = express();
  app.set('trust proxy', true);
  app.use(layer);
  app.use(async (request, response) => {
    const { status = 200, headers = {}, body = '' } = await page(() => open(request), request.path);
    response.status(status).set(headers);
    if (typeof body === 'string') response.send(body);
    else Readable.from(body).pipe(response);
  });
  const fail: ErrorRequestHandler = (_error, _request, response, _next) => {
    if (response.headersSent) response.destroy();
    else response.status(500).send('failed');
  };
  app.use(fail);
  return await ground.serve(app);
}

/** As express-session advises: regenerate() at the login, destroy() at the logout. */
function pageSession(request: express.Request): PageSession {
  const values = (): Values => request.session as unknown as Values;
  const call = (run: (done: (error: unknown) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
  return {
    get: (key) => values()[key],
    set(key, value) {
      values()[key] = value;
    },
    async login(user) {
      await call((done) => request.session.regenerate(done));
      values()['user'] = user;
    },
    destroy: () => call((done) => request.session.destroy(done)),
  };
}
