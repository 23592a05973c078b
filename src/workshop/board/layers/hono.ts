/** A site on Hono with hono-sessions. */
import { Readable } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Page, PageSession } from '../../../contract/index.ts';
import type { Ground } from '../ground.ts';

/** A store as hono-sessions takes it. */
export interface HonoStore {
  getSessionById(id: string): unknown;
  createSession(id: string, data: unknown): unknown;
  persistSessionData(id: string, data: unknown): unknown;
  deleteSession(id: string): unknown;
}

interface HonoSession {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  deleteSession(): void;
}

interface Context {
  req: { path: string };
  header(name: string, value: string, options: { append: boolean }): void;
  body(body: string | ReadableStream, status: number): Response;
  get(name: 'session'): HonoSession;
  set(name: 'session_key_rotation', value: boolean): void;
}

interface App {
  use(path: string, middleware: unknown): void;
  all(path: string, handler: (context: Context) => Promise<Response>): void;
  onError(handler: () => Response): void;
  fetch(request: Request): Promise<Response>;
}

interface Package {
  sessionMiddleware(options: object): unknown;
}

/** A store in memory that keeps texts, as one outside of the process would. */
export function honoMemory(): HonoStore {
  const rows = new Map<string, string>();
  const keep = (id: string, data: unknown): void => void rows.set(id, JSON.stringify(data));
  return {
    getSessionById: (id) => JSON.parse(rows.get(id) ?? 'null') as unknown,
    createSession: keep,
    persistSessionData: keep,
    deleteSession: (id) => rows.delete(id),
  };
}

/** Serves a page behind hono-sessions. */
export async function serveHonoSessions(
  ground: Ground,
  store: HonoStore,
  page: Page,
): Promise<string> {
  const { sessionMiddleware } = await ground.peers.import<Package>('hono-sessions');
  const { Hono } = await ground.peers.import<{ Hono: new () => App }>('hono');
  const app = new Hono();
  app.onError(() => new Response('failed', { status: 500 }));
  const cookieOptions = { httpOnly: true, secure: true, sameSite: 'Lax', path: '/' };
  const encryptionKey = 'seals the cookie of the board, 32 bytes or more';
  const options = { store, encryptionKey, expireAfterSeconds: 3600, cookieOptions };
  app.use('*', sessionMiddleware({ ...options, autoExtendExpiration: false }));
  app.all('*', async (context) => {
    const session = context.get('session');
    const open = async (): Promise<PageSession> => ({
      get: (key) => session.get(key) ?? undefined,
      set: (key, value) => session.set(key, value),
      login(user) {
        context.set('session_key_rotation', true);
        session.set('user', user);
      },
      destroy: () => session.deleteSession(),
    });
    const { status = 200, headers = {}, body = '' } = await page(open, context.req.path);
    const encoder = new TextEncoder();
    const sent =
      typeof body === 'string'
        ? body
        : (Readable.toWeb(
            Readable.from(body.map((piece) => encoder.encode(piece))),
          ) as ReadableStream);
    for (const [name, value] of Object.entries(headers)) {
      context.header(name, value, { append: name === 'Set-Cookie' });
    }
    return context.body(sent, status);
  });
  return await ground.serve(getRequestListener((request) => app.fetch(request)));
}
