/** The stores of express-session's shape. */
import type { EventEmitter } from 'node:events';
import { ExpressSessionStore } from '../../adapters/stores/express-session.ts';
import type { CallbackStore, StoreSubject } from '../../contract/index.ts';
import { createSessions, type Sessions } from '../../store/index.ts';
import { type Contestant, dump, type Ground, NO_SOCKET } from './ground.ts';

type Session = { Store: unknown; MemoryStore: new () => CallbackStore };
type MySqlStore = new (
  options: object,
  connection?: object,
) => CallbackStore & {
  onReady(): Promise<void>;
};
type KnexStore = new (options: object) => CallbackStore & { ready: Promise<unknown> };
type SequelizeStore = new (options: object) => CallbackStore & { sync(): Promise<unknown> };

const secrets = ['a secret of the board, 32 bytes or more'];

/** Our sessions in a schema of their own. */
export function ourSessions(ground: Ground): Promise<Sessions> {
  return ground.once('our sessions', async () => {
    const { url } = await ground.place('ours');
    const sessions = createSessions({ url, secrets, gc: false });
    ground.atEnd(() => sessions.close());
    await sessions.createTable();
    return sessions;
  });
}

/** Our sessions on a database that cannot be reached. */
export async function ourSessionsNowhere(ground: Ground): Promise<Sessions> {
  return createSessions({ pool: await ground.nowhere(), secrets, gc: false, timeout: 0.5 });
}

/** express-mysql-session, ready. */
export function mySqlStore(ground: Ground): Promise<CallbackStore> {
  return ground.once('express-mysql-session', async () => {
    const { address } = await ground.place('express-mysql-session');
    const store = new (mySqlStoreClass(ground))({ ...address, clearExpired: false });
    await store.onReady();
    // Each case has a session layer of its own, which listens to the store.
    (store as unknown as EventEmitter).setMaxListeners(0);
    ground.atEnd(() => (store as unknown as { close(): Promise<void> }).close());
    return store;
  });
}

/** express-mysql-session on a database that cannot be reached. */
export async function mySqlStoreNowhere(ground: Ground): Promise<CallbackStore> {
  const options = { clearExpired: false, createDatabaseTable: false };
  return new (mySqlStoreClass(ground))(options, await ground.nowhere());
}

function mySqlStoreClass({ own }: Ground): MySqlStore {
  const make = own.load<(session: Session) => MySqlStore>('express-mysql-session');
  return make(own.load<Session>('express-session'));
}

/** The columns of the first table. */
export const stores: readonly Contestant<StoreSubject>[] = [
  {
    name: 'phpsessid',
    how: 'ExpressSessionStore on createSessions() with its defaults.',
    isFetched: false,
    version: () => 'this',
    async open(ground) {
      const { pool } = await ground.place('ours');
      return {
        store: new ExpressSessionStore(await ourSessions(ground)),
        unreachable: async () => new ExpressSessionStore(await ourSessionsNowhere(ground)),
        stolen: () => dump(pool, 'sessions'),
      };
    },
  },
  {
    name: 'express-mysql-session',
    how: 'Its own table and pool, with its defaults.',
    isFetched: false,
    version: ({ own }) => own.version('express-mysql-session'),
    async open(ground) {
      const { pool } = await ground.place('express-mysql-session');
      return {
        store: await mySqlStore(ground),
        unreachable: () => mySqlStoreNowhere(ground),
        stolen: () => dump(pool, 'sessions'),
      };
    },
  },
  {
    name: 'connect-session-knex',
    how: 'Its own table, by knex with mysql2, with its defaults.',
    isFetched: true,
    version: ({ peers }) => peers.version('connect-session-knex'),
    async open(ground) {
      const { pool } = await ground.place('connect-session-knex');
      return {
        store: await knexStore(ground),
        unreachable: () => knexStoreNowhere(ground),
        stolen: () => dump(pool, 'sessions'),
      };
    },
  },
  {
    name: 'connect-session-sequelize',
    how: 'Its own table, by Sequelize with mysql2, with its defaults: it deletes expired sessions every 15 minutes.',
    isFetched: true,
    version: ({ peers }) => peers.version('connect-session-sequelize'),
    async open(ground) {
      const { pool } = await ground.place('connect-session-sequelize');
      return {
        store: await sequelizeStore(ground),
        unreachable: () => sequelizeStoreNowhere(ground),
        stolen: () => dump(pool, 'Sessions'),
      };
    },
  },
  {
    name: 'MemoryStore',
    how: 'The store that express-session has for development.',
    isFetched: false,
    version: ({ own }) => `express-session ${own.version('express-session')}`,
    open: ({ own }) => ({ store: new (own.load<Session>('express-session').MemoryStore)() }),
  },
];

function knexStore(ground: Ground): Promise<CallbackStore> {
  return ground.once('connect-session-knex', async () => {
    const { url } = await ground.place('connect-session-knex');
    const store = openKnex(ground, url, {});
    await store.ready;
    return store;
  });
}

function knexStoreNowhere(ground: Ground): Promise<CallbackStore> {
  const socket = { socketPath: NO_SOCKET, user: 'root' };
  return ground.once('connect-session-knex nowhere', async () =>
    openKnex(ground, socket, { createTable: false }),
  );
}

function openKnex(ground: Ground, connection: string | object, options: object) {
  type Knex = (options: object) => { destroy(): Promise<void> };
  const log = { warn() {}, error() {} };
  const knex = ground.peers.load<Knex>('knex')({ client: 'mysql2', connection, log });
  ground.atEnd(() => knex.destroy());
  const loaded = ground.peers.load<{ ConnectSessionKnexStore: KnexStore }>('connect-session-knex');
  return new loaded.ConnectSessionKnexStore({ knex, cleanupInterval: 0, ...options });
}

function sequelizeStore(ground: Ground): Promise<CallbackStore> {
  return ground.once('connect-session-sequelize', async () => {
    const { address } = await ground.place('connect-session-sequelize');
    const { database, user, password, host, port } = address;
    const store = openSequelize(ground, [database, user, password, { host, port }]);
    await store.sync();
    return store;
  });
}

function sequelizeStoreNowhere(ground: Ground): Promise<CallbackStore> {
  const options = { dialectOptions: { socketPath: NO_SOCKET } };
  return ground.once('connect-session-sequelize nowhere', async () =>
    openSequelize(ground, ['none', 'root', '', options]),
  );
}

function openSequelize(
  ground: Ground,
  [database, user, password, options]: [string, string, string, object],
) {
  type Sequelize = new (...given: unknown[]) => { close(): Promise<void> };
  const { Sequelize } = ground.peers.load<{ Sequelize: Sequelize }>('sequelize');
  const all = { dialect: 'mysql', logging: false, ...options };
  const db = new Sequelize(database, user, password, all);
  ground.atEnd(() => db.close());
  const { peers } = ground;
  const make = peers.load<(store: unknown) => SequelizeStore>('connect-session-sequelize');
  const Store = make(peers.load<Session>('express-session').Store);
  return new Store({ db });
}
