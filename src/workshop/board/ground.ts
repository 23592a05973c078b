/** The database and the servers of the board's stores and sites. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import type { DatabaseServer, Schema } from '../machine/database/server.ts';
import { fetchNpm, ownPackages, type Packages } from '../machine/npm-packages.ts';
import { openWire, type Wire } from '../wire/proxy.ts';

/** Fetched when the board runs; the versions are part of the board. */
const PEERS: Readonly<Record<string, string>> = {
  'connect-session-knex': '5.0.0',
  knex: '3.3.0',
  'connect-session-sequelize': '8.0.6',
  sequelize: '6.37.8',
  mysql2: '3.24.6',
  'express-session': '1.19.0',
  hono: '4.13.19',
  'hono-sessions': '0.8.1',
};

/** The path of a socket that does not exist: an error with the code ENOENT. */
export const NO_SOCKET = '/no/such/mysql.sock';

/** A schema of the database, in the forms that drivers take. */
export interface Place {
  readonly url: string;
  readonly address: {
    host: string;
    port: number;
    user: string;
    password: string;
    database: string;
  };
  /** Beside the wire. */
  readonly pool: Pool;
  /** Stands in front of the schema: both addresses lead through it. */
  readonly wire: Wire;
}

/** Opens what a store or a layer needs. */
export class Ground {
  readonly peers: Packages;
  readonly own: Packages = ownPackages;
  readonly #server: DatabaseServer;
  readonly #kept = new Map<unknown, Promise<unknown>>();
  readonly #endings: (() => unknown)[] = [];
  #siteEndings: (() => unknown)[] = [];

  constructor(server: DatabaseServer, peers: Packages) {
    this.#server = server;
    this.peers = peers;
  }

  /** Makes something once for all cases. */
  once<Value>(key: string, make: () => Promise<Value>): Promise<Value> {
    const kept = (this.#kept.get(key) ?? make()) as Promise<Value>;
    this.#kept.set(key, kept);
    return kept;
  }

  /** A schema of a contestant's own. */
  place(name: string): Promise<Place> {
    return this.once(`schema of ${name}`, async () => {
      const schema: Schema = await this.#server.createSchema('board');
      const [pool, wire] = [createPool(schema.url), await openWire(schema.url)];
      this.atEnd(() => schema.drop());
      this.atEnd(() => pool.end());
      this.atEnd(() => wire.close());
      const { hostname, port, username, password, pathname } = new URL(wire.url);
      const address = {
        host: hostname,
        port: Number(port),
        user: decodeURIComponent(username),
        password: decodeURIComponent(password),
        database: pathname.slice(1),
      };
      return { url: wire.url, address, pool, wire };
    });
  }

  /** A pool to nowhere. */
  async nowhere(): Promise<Pool> {
    return await this.once('nowhere', async () => {
      const pool = createPool({ socketPath: NO_SOCKET, user: 'root' });
      this.atEnd(() => pool.end());
      return pool;
    });
  }

  atEnd(end: () => unknown): void {
    this.#endings.push(end);
  }

  /** Serves a listener until the case is over. */
  async serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    this.#siteEndings.push(() => {
      server.close();
      server.closeAllConnections();
    });
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async closeSites(): Promise<void> {
    for (const end of this.#siteEndings.splice(0)) await end();
  }

  async close(): Promise<void> {
    for (const end of this.#endings.reverse()) {
      // A peer that cannot be closed must not hide the board.
      await Promise.resolve(end()).catch(() => {});
    }
  }
}

/** A store or layer that is to be run. */
export interface Contestant<Subject> {
  readonly name: string;
  /** The options that matter, in words. */
  readonly how: string;
  /** Whether its packages must be fetched. */
  readonly isFetched: boolean;
  version(ground: Ground): string;
  open(ground: Ground): Subject | Promise<Subject>;
}

/** @param fetches - Whether packages that the project lacks are needed. */
export async function openGround(
  server: DatabaseServer,
  fetches: boolean,
  progress: (line: string) => void,
): Promise<Ground> {
  return new Ground(server, fetches ? await fetchNpm('board', PEERS, progress) : ownPackages);
}

/** All rows of a table as text, as a thief has them. */
export async function dump(pool: Pool, table: string): Promise<string> {
  const [rows] = await pool.query<RowDataPacket[]>(`SELECT * FROM ${table}`);
  return rows
    .flatMap((row) => Object.values(row))
    .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
    .join('\n');
}
