/** A site on Koa with koa-session. */
import { Readable } from 'node:stream';
import Koa from 'koa';
import { createSession } from 'koa-session';
import type { Page, PageSession } from '../../../contract/index.ts';
import type { Ground } from '../ground.ts';

/** A store as koa-session takes it. */
export interface KoaStore {
  get(key: string): Promise<unknown>;
  set(key: string, session: unknown): Promise<void>;
  destroy(key: string): Promise<void>;
}

type KoaSession = Record<string, unknown> & { regenerate(): Promise<void> };

/** Serves a page behind koa-session with an external store. */
export async function serveKoaSession(
  ground: Ground,
  store: KoaStore,
  page: Page,
): Promise<string> {
  const app = new Koa();
  app.proxy = true;
  app.keys = ['signs the cookie of the board'];
  app.silent = true;
  app.use(createSession({ store, maxAge: 'session', sameSite: 'lax', secure: true }, app));
  app.use(async (ctx) => {
    const holder = ctx as unknown as { session: KoaSession | null };
    const open = async (): Promise<PageSession> => ({
      get: (key) => holder.session?.[key],
      set(key, value) {
        if (holder.session) holder.session[key] = value;
      },
      async login(user) {
        await holder.session?.regenerate();
        if (holder.session) holder.session['user'] = user;
      },
      destroy() {
        holder.session = null;
      },
    });
    const { status = 200, headers = {}, body = '' } = await page(open, ctx.path);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = typeof body === 'string' ? body : Readable.from(body);
  });
  return await ground.serve(app.callback());
}

/** A store in memory that keeps texts, as one outside of the process would. */
export function koaMemory(): KoaStore {
  const rows = new Map<string, string>();
  return {
    async get(key) {
      return JSON.parse(rows.get(key) ?? 'null') as unknown;
    },
    async set(key, session) {
      rows.set(key, JSON.stringify(session));
    },
    async destroy(key) {
      rows.delete(key);
    },
  };
}
