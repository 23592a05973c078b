/** A call's pool and its store. */
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type Pool } from 'mysql2/promise';
import { SessionSetupError } from '../store/index.ts';
import { type Context, Engine, tlsFault } from '../store/operate.ts';
import type { Call } from './call.ts';
import { Unreachable, UsageError } from './ends.ts';
import { type Place, placeOf } from './place.ts';
import { printable } from './terminal.ts';

/** Milliseconds until a server must have accepted a connection. */
const PATIENCE = 5000;

/** Milliseconds until connections that do not end are left to the end of the process. */
const END_WITHIN = 1000;

/** The place of the secrets, for work that makes no key and no handle. */
const NO_SECRETS = ['\0'.repeat(32)];

/** The command line uses few connections: the application needs the others. */
const CONNECTIONS = 4;

/**
 * Runs work on a pool, which is ended afterwards.
 *
 * @throws Unreachable with the reason and the remedy.
 */
export function withPool<Result>(
  { url }: Pick<Place, 'url'>,
  work: (pool: Pool) => Promise<Result>,
  connectionLimit: number = CONNECTIONS,
): Promise<Result> {
  return onPool(url, connectionLimit, (pool) => pool, work);
}

/**
 * Runs work on the parts of a store, for work that needs no secret or has them.
 *
 * @throws UsageError for an invalid option, before the server is asked; Unreachable.
 */
export function withEngine<Result>(
  { url, options }: Place,
  work: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  return onPool(
    url,
    CONNECTIONS,
    (pool) => engineOn(pool, options),
    async (engine) => {
      try {
        return await work(engine);
      } finally {
        await engine.close();
      }
    },
  );
}

async function onPool<Made, Result>(
  url: URL,
  connectionLimit: number,
  make: (pool: Pool) => Made,
  work: (made: Made) => Promise<Result>,
): Promise<Result> {
  const pool = poolOf(url, connectionLimit);
  try {
    const made = make(pool);
    await requireLogin(pool).catch((error: unknown) => {
      throw unreachable(error, url);
    });
    return await work(made);
  } finally {
    // A server that hangs does not answer this either.
    await Promise.race([pool.end().catch(() => {}), delay(END_WITHIN, undefined, { ref: false })]);
  }
}

/** Makes the pool. @throws UsageError for options of the address that the driver refuses. */
function poolOf({ href }: URL, connectionLimit: number): Pool {
  try {
    return createPool({ uri: href, connectTimeout: PATIENCE, connectionLimit });
  } catch (error) {
    throw new UsageError(
      `the driver refuses an option behind the ? of the address: ${(error as Error).message}` +
        ' (TLS is demanded by ?ssl={"verifyIdentity":true})',
    );
  }
}

/** Connects once: the pool's own tries would take longer, and hide the reason. */
async function requireLogin(pool: Pool): Promise<void> {
  const connection = await pool.getConnection();
  try {
    // With an expired password, or a failing init_connect, the login passes and statements are refused.
    // A cluster's node without a majority answers SHOW alone.
    await connection.query("SHOW STATUS LIKE 'Uptime'");
  } finally {
    connection.release();
  }
}

/**
 * Runs work on the store of a call.
 *
 * @throws UsageError without secrets; SessionSetupError for a table that does not fit.
 */
export async function withStore<Result>(
  call: Call,
  work: (context: Context) => Promise<Result>,
): Promise<Result> {
  const place = await placeOf(call);
  requireSecrets(place);
  return await withEngine(place, async (engine) => await work(await engine.start()));
}

function engineOn(pool: Pool, options: Place['options']): Engine {
  const secrets = options.secrets.length === 0 ? NO_SECRETS : options.secrets;
  try {
    // Nothing is locked here: a lock that only one node of a cluster knows does no harm.
    return new Engine({ ...options, secrets, pool, gc: false, oneWriter: true });
  } catch (error) {
    // The doctor reports short secrets; every other command needs them.
    throw error instanceof SessionSetupError ? new UsageError(error.message) : error;
  }
}

function requireSecrets({ options }: Place): void {
  if (options.secrets.length > 0) return;
  throw new UsageError(
    'no secrets: handles are made with the newest one; set SESSION_SECRETS, or give --secrets-file or --config',
  );
}

/** The server's name for messages: never the user's password. */
export function nameOf({ username, host, pathname, searchParams }: URL): string {
  const place = searchParams.get('socketPath') || host;
  return printable(`${username ? `${decodeURIComponent(username)}@` : ''}${place}${pathname}`);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'nothing listens there: start the server, or correct the host and port, or socketPath',
  ENOTFOUND: 'the host name is unknown: correct it, or the DNS',
  EAI_AGAIN: 'the host name cannot be looked up: check the DNS',
  ETIMEDOUT: `no MySQL server answers within ${PATIENCE / 1000} s: check the port, firewalls, and that the server runs`,
  EHOSTUNREACH: 'there is no route to the host: check the network',
  ENOENT: 'there is no such socket: start the server, or correct socketPath',
  EACCES: 'this user of the machine may not open the socket',
  PROTOCOL_CONNECTION_LOST: 'the connection was closed before the login: is this a MySQL server?',
  ER_ACCESS_DENIED_ERROR:
    'the server refuses the user or the password (also if the account demands TLS: ?ssl={"verifyIdentity":true})',
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
    'the account logs in without a password, as by unix_socket: ALTER USER … IDENTIFIED BY …, or take another account',
  ER_DBACCESS_DENIED_ERROR:
    'the user has no right to this database: GRANT it (to a role: SET DEFAULT ROLE as well), or correct the name',
  ER_BAD_DB_ERROR: 'the database does not exist: CREATE DATABASE, or correct the name',
  ER_CON_COUNT_ERROR:
    'the server has no free connection: raise max_connections, or use smaller pools',
  ER_MUST_CHANGE_PASSWORD: "the account's password has expired: ALTER USER … IDENTIFIED BY …",
  ER_MUST_CHANGE_PASSWORD_LOGIN: "the account's password has expired: ALTER USER … IDENTIFIED BY …",
  ER_NEW_ABORTING_CONNECTION:
    'the server ends the connection after the login: a statement of its init_connect fails',
  ER_SECURE_TRANSPORT_REQUIRED:
    'the server wants TLS: add ?ssl={"verifyIdentity":true} to the address',
};

interface DriverError extends Error {
  readonly code?: string;
  readonly sqlMessage?: string;
  readonly errors?: readonly DriverError[];
}

function unreachable(error: unknown, url: URL): Unreachable {
  const { code, errors, sqlMessage, message } = error as DriverError;
  const key = code ?? errors?.[0]?.code ?? 'unknown error';
  const isTls = key === 'HANDSHAKE_SSL_ERROR';
  const fault = tlsFault(error) ?? (isTls ? `TLS fails: ${message}` : undefined);
  if (fault !== undefined) {
    return new Unreachable(`cannot connect to ${nameOf(url)}: ${printable(fault)}`);
  }
  // Before the first statement, the server's own words have no row's values in them.
  const words = sqlMessage
    ? `the server says: ${printable(sqlMessage)}`
    : `the driver reported ${key}`;
  return new Unreachable(`cannot connect to ${nameOf(url)}: ${REASONS[key] ?? words}`);
}
