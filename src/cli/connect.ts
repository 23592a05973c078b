/** A call's pool and its store. */
import { createPool, type Pool } from 'mysql2/promise';
import { SessionSetupError } from '../store/index.ts';
import { type Context, Engine } from '../store/operate.ts';
import type { Call } from './call.ts';
import { Unreachable, UsageError } from './ends.ts';
import { type Place, placeOf } from './place.ts';

/** Milliseconds until a server must have accepted a connection. */
const PATIENCE = 5000;

/** The place of the secrets, for work that makes no key and no handle. */
const NO_SECRETS = ['\0'.repeat(32)];

/** The command line uses few connections: the application needs the others. */
const CONNECTIONS = 4;

/**
 * Runs work on a pool, which is ended afterwards.
 *
 * @throws Unreachable with the reason and the remedy.
 */
export async function withPool<Result>(
  { url }: Pick<Place, 'url'>,
  work: (pool: Pool) => Promise<Result>,
  connectionLimit: number = CONNECTIONS,
): Promise<Result> {
  const pool = createPool({ uri: url.href, connectTimeout: PATIENCE, connectionLimit });
  try {
    // The pool's own tries would take longer, and hide the reason.
    const connection = await pool.getConnection().catch((error: unknown) => {
      throw unreachable(error, url);
    });
    connection.release();
    return await work(pool);
  } finally {
    await pool.end().catch(() => {});
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
  return await withPool(place, async (pool) => {
    const engine = engineOn(pool, place.options);
    try {
      return await work(await engine.start());
    } finally {
      await engine.close();
    }
  });
}

/** The parts of a store on a pool, for work that needs no secret or has them. */
export function engineOn(pool: Pool, options: Place['options']): Engine {
  const secrets = options.secrets.length === 0 ? NO_SECRETS : options.secrets;
  try {
    // Nothing is locked here, so that a lock is known to one node only is of no concern.
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
export function nameOf({ username, host, pathname }: URL): string {
  return `${username ? `${decodeURIComponent(username)}@` : ''}${host}${pathname}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start the server, or correct the host and port',
  ENOTFOUND: 'the host name is unknown: correct it, or the DNS',
  EAI_AGAIN: 'the host name cannot be looked up: check the DNS',
  ETIMEDOUT: `no answer within ${PATIENCE / 1000} s: check firewalls, and that the server runs`,
  EHOSTUNREACH: 'there is no route to the host: check the network',
  ER_ACCESS_DENIED_ERROR: 'the server refuses the user or the password',
  ER_DBACCESS_DENIED_ERROR: 'the user has no right to this database: GRANT it, or correct the name',
  ER_BAD_DB_ERROR: 'the database does not exist: CREATE DATABASE, or correct the name',
  ER_CON_COUNT_ERROR:
    'the server has no free connection: raise max_connections, or use smaller pools',
  ER_SECURE_TRANSPORT_REQUIRED: 'the server wants TLS: add ?ssl={} to the address',
  HANDSHAKE_NO_SSL_SUPPORT:
    'the server offers no TLS: take ssl out of the address, or configure it',
};

function unreachable(error: unknown, url: URL): Unreachable {
  const { code, errors } = error as { code?: string; errors?: { code?: string }[] };
  const key = code ?? errors?.[0]?.code ?? 'unknown error';
  const reason = REASONS[key] ?? `the driver reported ${key}`;
  return new Unreachable(`cannot connect to ${nameOf(url)}: ${reason}`);
}
