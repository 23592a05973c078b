/** The database of a benchmark. */
import { createConnection } from 'mysql2/promise';
import type { DatabaseServer } from '../machine/database/server.ts';

/**
 * Gives a private server the memory and the log of a server at work. The workshop's is small, so that
 * it starts fast: writers of sessions would wait for its log of 4 MB. A server of the user's own
 * stays as it is.
 */
export async function enlarge(server: DatabaseServer): Promise<void> {
  if (server.origin !== 'private') return;
  const connection = await createConnection(server.url);
  await connection.query('SET GLOBAL innodb_buffer_pool_size=512*1024*1024');
  await connection.query('SET GLOBAL innodb_log_file_size=256*1024*1024');
  await connection.end();
}
