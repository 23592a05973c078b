/**
 * Creates and drops the schemas of one workshop on a server, and touches no others.
 *
 * A workshop holds a lock named after its run as long as its connection lives. A free lock means
 * that the run was killed, and its schemas are removed.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { withSchema } from './connection-url.ts';

/** A schema of the workshop's own. */
export interface Schema {
  readonly name: string;
  /** `mysql://…/name` */
  readonly url: string;
  /** Runs statements in the schema, as those of a lesson's table. */
  run(sql: string): Promise<void>;
  /** Removes the schema; does nothing when it is gone. */
  drop(): Promise<void>;
}

const ownNames = /^phpsessid_([0-9a-z]{10})_[0-9a-z]+_\d+$/;

/** Seconds; an open transaction in a schema would make its removal wait forever. */
const patience = 20;

export class Schemas {
  readonly #url: string;
  readonly #run = randomBytes(8).readBigUInt64BE().toString(36).padStart(10, '0').slice(-10);
  readonly #made = new Map<string, Schema>();
  #connection: Promise<Connection> | undefined;
  #count = 0;
  #closed = false;
  #busy = 0;

  /** @param url - The server's URL, without a schema. */
  constructor(url: string) {
    this.#url = url;
  }

  /** Connects; rejects with the driver's error. */
  async version(): Promise<string> {
    const [row] = await this.#query('SELECT VERSION() AS version');
    return String(row?.['version']);
  }

  /** The account as the server knows it: `'user'@'host'`, ready for a GRANT. */
  async account(): Promise<string> {
    const [row] = await this.#query('SELECT CURRENT_USER() AS account');
    const [user = '', host = '%'] = String(row?.['account']).split(/@(?=[^@]*$)/);
    return `'${user}'@'${host}'`;
  }

  async create(purpose: string): Promise<Schema> {
    const word =
      purpose
        .toLowerCase()
        .replaceAll(/[^0-9a-z]/g, '')
        .slice(0, 37) || 'schema';
    const name = `phpsessid_${this.#run}_${word}_${++this.#count}`;
    await this.#query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    const url = withSchema(this.#url, name);
    const schema: Schema = {
      name,
      url,
      async run(sql) {
        const connection = await createConnection({ uri: url, multipleStatements: true });
        await connection.query(sql).finally(() => connection.destroy());
      },
      drop: async () => {
        if (!this.#made.has(name)) return;
        await this.#query(`DROP DATABASE IF EXISTS ${name}`);
        this.#made.delete(name);
      },
    };
    this.#made.set(name, schema);
    return schema;
  }

  /** Removes the schemas of killed workshops. */
  async sweep(): Promise<void> {
    // On a cluster each node has its own locks: one that is free here may be held elsewhere.
    const [cluster] = await this.#query("SHOW STATUS LIKE 'wsrep_cluster_size'");
    if (Number(cluster?.['Value'] ?? 1) > 1) return;
    const rows = await this.#query(
      `SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA
       WHERE SCHEMA_NAME LIKE 'phpsessid\\_%'
       AND SCHEMA_NAME NOT IN
         (SELECT DB FROM information_schema.PROCESSLIST WHERE DB IS NOT NULL)`,
    );
    for (const row of rows) {
      const name = String(row['name']);
      const run = ownNames.exec(name)?.[1];
      if (run === undefined || run === this.#run) continue;
      const [lock] = await this.#query('SELECT IS_FREE_LOCK(?) AS free', [`phpsessid_${run}`]);
      if (Number(lock?.['free']) === 1) await this.#query(`DROP DATABASE IF EXISTS ${name}`);
    }
  }

  /** Drops the schemas that were created here, and closes the connection. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      // A schema that cannot be dropped must not keep the others.
      const results = [];
      for (const schema of [...this.#made.values()]) {
        results.push(...(await Promise.allSettled([schema.drop()])));
      }
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      this.#closed = true;
      const connection = await this.#connection?.catch(() => undefined);
      connection?.destroy();
    }
  }

  /** Closes the connection without dropping anything, for a server that is about to end. */
  async abandon(): Promise<void> {
    this.#made.clear();
    await this.close();
  }

  async #query(sql: string, values: string[] = []): Promise<RowDataPacket[]> {
    if (this.#closed)
      throw new Error('The workshop has closed its connection to this database server');
    this.#connection ??= this.#connect();
    const connection = await this.#connection;
    this.#keepAlive(connection, +1);
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql, values);
      return rows;
    } finally {
      this.#keepAlive(connection, -1);
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await createConnection({ uri: this.#url, connectTimeout: 10_000 }).catch(
      (error: unknown) => {
        this.#connection = undefined;
        throw error;
      },
    );
    connection.on('error', () => {});
    socketOf(connection).on('close', () => this.#reconnect());
    await connection.query(
      `SET SESSION wait_timeout = 2000000, SESSION lock_wait_timeout = ${patience}`,
    );
    await connection.query('SELECT GET_LOCK(?, 0)', [`phpsessid_${this.#run}`]);
    return connection;
  }

  /** Takes the lock again: without it another workshop would remove the schemas. */
  #reconnect(): void {
    this.#connection = undefined;
    if (this.#closed || this.#made.size === 0) return;
    setTimeout(() => {
      if (this.#closed || this.#connection !== undefined) return;
      this.#connection = this.#connect();
      this.#connection.then(
        (connection) => this.#keepAlive(connection, 0),
        () => this.#reconnect(),
      );
    }, 500).unref();
  }

  /** The idle connection must not keep a finished program alive. */
  #keepAlive(connection: Connection, change: number): void {
    this.#busy += change;
    const socket = socketOf(connection);
    if (this.#busy > 0) socket.ref();
    else socket.unref();
  }
}

/** mysql2's types do not declare the socket. */
function socketOf(connection: Connection): Socket {
  return (connection as unknown as { connection: { stream: Socket } }).connection.stream;
}
