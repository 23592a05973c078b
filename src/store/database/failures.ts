/** Classifies a driver's error by its effect on the statement. */
import { tlsFault } from './tls.ts';

/**
 * - `not-sent`: the server has seen nothing; anything may be repeated.
 * - `undone`: the statement or its transaction was rolled back; repeat from the start.
 * - `unfit`: this server takes no writes now; repeat on a new connection.
 * - `unknown`: the answer was lost; the statement may have been applied, or may still run.
 * - `never`: repeating cannot help.
 */
export type FailureKind = 'not-sent' | 'undone' | 'unfit' | 'unknown' | 'never';

/** The server has not answered a statement within its time. */
export class NoAnswer extends Error {}

/** One failed attempt of a statement. Internal: callers see a SessionError. */
export class StatementFailure extends Error {
  readonly kind: FailureKind;
  /** The server's number for the error. */
  readonly errno: number | undefined;

  /**
   * @param error - The driver's error.
   * @param wasSent - Whether the statement may have reached the server.
   */
  constructor(error: unknown, wasSent: boolean) {
    super('A statement failed', { cause: error });
    const { errno } = (error ?? {}) as { errno?: unknown };
    this.errno = typeof errno === 'number' && errno > 0 ? errno : undefined;
    this.kind = kindOf(error, this.errno, wasSent);
  }
}

/** The server's error for a row whose key is there. */
export const DUPLICATE = 1062;

/** Whether an INSERT failed because its key is there. */
export function isDuplicate(error: unknown): error is StatementFailure {
  return error instanceof StatementFailure && error.errno === DUPLICATE;
}

/**
 * Too many connections: of the server, of the pool's user, of the user per hour; ProxySQL has reached
 * no server (https://github.com/sysown/proxysql/issues/1241).
 *
 * The server could not read a packet, or does not know the prepared statement that it names: bytes
 * were spoiled, or a proxy has changed the connection behind. Or MySQL has closed the connection after
 * `wait_timeout`, before it read the statement. Nothing was executed.
 */
const NOT_SENT = new Set([
  1040, 1203, 1226, 9001, 1156, 1158, 1159, 1160, 1161, 1210, 1243, 1835, 4031,
]);
/**
 * Deadlock; TiDB's conflicts; a row changed since the snapshot; lock wait timeout; KILL QUERY;
 * max_statement_time; a table altered meanwhile, in two forms; too many locks; refused by a group's
 * certification. And a transaction or LOCK TABLES that the application has left open on a connection of
 * the pool: the next one has none. A SELECT reports such a transaction as a number out of range.
 */
const UNDONE = new Set([
  1213, 8002, 8005, 8022, 1020, 1205, 1317, 1969, 3024, 1412, 1615, 1206, 3101, 1568, 1099, 1100,
  1690,
]);
/**
 * Galera's node without quorum; read-only in four forms; offline mode; server shutdown; no room for a
 * file, a table, a row, a thread, or a prepared statement; no memory.
 */
const UNFIT = new Set([
  1047, 1290, 1836, 1792, 3032, 1053, 1021, 1026, 1030, 1114, 1135, 1461, 1037, 1038, 1041,
]);
/** The commit itself failed, and the cluster does not say how it ended; the connection was killed. */
const UNKNOWN = new Set([1180, 1927, 3169]);

function kindOf(error: unknown, errno: number | undefined, wasSent: boolean): FailureKind {
  const { code, fatal, message } = (error ?? {}) as {
    code?: unknown;
    fatal?: unknown;
    message?: unknown;
  };
  if (errno !== undefined) {
    if (NOT_SENT.has(errno)) return 'not-sent';
    if (UNDONE.has(errno)) return 'undone';
    if (UNFIT.has(errno)) return 'unfit';
    // From 2000 to 2999 a client's errors: a proxy has lost its own connection to the server.
    if (UNKNOWN.has(errno) || (errno > 1999 && errno < 3000)) return 'unknown';
    return 'never';
  }
  // mysql2 finds out by itself that a connection is dead: fatal, without a code, and nothing was sent.
  if (fatal === true && code === undefined && /closed state/.test(String(message)))
    return 'not-sent';
  if (wasSent) return 'unknown';
  if (tlsFault(error) !== undefined) return 'never';
  return message === 'Pool is closed.' ? 'never' : 'not-sent';
}
