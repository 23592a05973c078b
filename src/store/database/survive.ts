/** Faults of a connection that would end the process. */
import type { PoolConnection } from 'mysql2';

const known = new WeakSet<PoolConnection>();
const ignore = (): void => {};

/**
 * Keeps the process alive when a connection reports a second error. mysql2 emits one for each fault of
 * a pool's connection and listens to the first alone, so the end of a connection after a spoiled answer
 * would be an uncaught exception. The statement receives its own error.
 *
 * @param connection - Taken from the pool, perhaps not for the first time.
 */
export function surviveErrors(connection: PoolConnection): void {
  if (known.has(connection)) return;
  known.add(connection);
  // A pool of another program may give connections that emit nothing.
  connection.on?.('error', ignore);
}
