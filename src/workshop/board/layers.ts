/** The session layers of frameworks, each with a store that it comes with or is used with. */
import { ExpressSessionStore } from '../../adapters/stores/express-session.ts';
import type { CallbackStore, Page, SessionSite } from '../../contract/index.ts';
import type { Contestant, Ground } from './ground.ts';
import { serveExpressSession, serveOurs } from './layers/express.ts';
import { serveFastifySession } from './layers/fastify.ts';
import { type HonoStore, honoMemory, serveHonoSessions } from './layers/hono.ts';
import { type KoaStore, koaMemory, serveKoaSession } from './layers/koa.ts';
import { Saves, watchWire } from './saves.ts';
import { mySqlStore, mySqlStoreNowhere, ourSessions, ourSessionsNowhere } from './stores.ts';

type MemoryStores = { MemoryStore: new () => CallbackStore };

/** The columns of the second table. */
export const layers: readonly Contestant<SessionSite>[] = [
  {
    name: 'phpsessid, Express',
    how: 'expressSessions() with its defaults.',
    isFetched: false,
    version: () => 'this',
    async open(ground) {
      const sessions = await ourSessions(ground);
      return {
        serve: (page) => serveOurs(ground, sessions, page),
        serveUnreachable: async (page) => serveOurs(ground, await ourSessionsNowhere(ground), page),
        ...watchWire(await ground.place('ours')),
      };
    },
  },
  {
    name: 'express-session, phpsessid',
    how: 'Our ExpressSessionStore; express-session as in the next column.',
    isFetched: false,
    version: ({ own }) => own.version('express-session'),
    async open(ground) {
      const store = new ExpressSessionStore(await ourSessions(ground));
      return {
        serve: (page) => serveExpressSession(ground, store, page),
        async serveUnreachable(page) {
          const nowhere = new ExpressSessionStore(await ourSessionsNowhere(ground));
          return await serveExpressSession(ground, nowhere, page);
        },
        ...watchWire(await ground.place('ours')),
      };
    },
  },
  {
    name: 'express-session, express-mysql-session',
    how: 'Its own table; resave and saveUninitialized false; the cookie secure, HttpOnly, SameSite Lax.',
    isFetched: false,
    version: ({ own }) =>
      `${own.version('express-session')}, ${own.version('express-mysql-session')}`,
    async open(ground) {
      const store = await mySqlStore(ground);
      return {
        serve: (page) => serveExpressSession(ground, store, page),
        serveUnreachable: async (page) =>
          serveExpressSession(ground, await mySqlStoreNowhere(ground), page),
        ...watchWire(await ground.place('express-mysql-session')),
      };
    },
  },
  {
    name: 'express-session, MemoryStore',
    how: 'The same options. A touch in memory is not counted as a write.',
    isFetched: false,
    version: ({ own }) => own.version('express-session'),
    open: (ground) => {
      const { MemoryStore } = ground.own.load<MemoryStores>('express-session');
      return siteOf(ground, new MemoryStore(), ['set'], serveExpressSession);
    },
  },
  {
    name: '@fastify/session',
    how: 'Its own MemoryStore; saveUninitialized and rolling false; the same cookie. Its failing store is one whose methods report an error.',
    isFetched: false,
    version: ({ own }) => own.version('@fastify/session'),
    open: (ground) => {
      const { MemoryStore } = ground.own.load<MemoryStores>('@fastify/session');
      return siteOf(ground, new MemoryStore(), ['set'], serveFastifySession, FAILING);
    },
  },
  {
    name: 'koa-session',
    how: 'An external store that keeps texts in memory; the same cookie. Its failing store is one whose methods reject.',
    isFetched: false,
    version: ({ own }) => own.version('koa-session'),
    open: (ground) => {
      const failing: KoaStore = { get: reject, set: reject, destroy: reject };
      return siteOf(ground, koaMemory(), ['set'], serveKoaSession, failing);
    },
  },
  {
    name: 'hono-sessions',
    how: 'A store that keeps texts in memory (its own MemoryStore lets the requests of a process share one object); autoExtendExpiration false, an encryptionKey; the same cookie. Its failing store is one whose methods reject.',
    isFetched: true,
    version: ({ peers }) => peers.version('hono-sessions'),
    open: (ground) => {
      const failing: HonoStore = {
        getSessionById: reject,
        createSession: reject,
        persistSessionData: reject,
        deleteSession: reject,
      };
      const writes: (keyof HonoStore)[] = ['createSession', 'persistSessionData'];
      return siteOf(ground, honoMemory(), writes, serveHonoSessions, failing);
    },
  },
];

function reject(): Promise<never> {
  return Promise.reject(new Error('the store of the board fails'));
}

function reportError(...given: unknown[]): void {
  const done = given.at(-1) as (error: Error) => void;
  setImmediate(done, new Error('the store of the board fails'));
}

const FAILING: CallbackStore = { get: reportError, set: reportError, destroy: reportError };

/** A site on a store in memory. */
function siteOf<Store extends object>(
  ground: Ground,
  store: Store,
  writes: (keyof Store & string)[],
  serve: (ground: Ground, store: Store, page: Page) => Promise<string>,
  failing?: Store,
): SessionSite {
  const saves = new Saves();
  const watched = saves.before(store, ...writes);
  const { holdSave, countWrites } = saves;
  const site = { serve: (page: Page) => serve(ground, watched, page), holdSave, countWrites };
  if (failing === undefined) return site;
  return { ...site, serveUnreachable: (page) => serve(ground, failing, page) };
}
