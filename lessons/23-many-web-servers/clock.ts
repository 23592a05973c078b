/** The clock and the reaper of lesson 23, for lesson 24: the code is that of lesson 23's class. */
import type { PoolConnection, RowDataPacket } from 'mysql2/promise';

/** In SQL, the time that was given, or the database's where none was. */
export const time: string = 'COALESCE(?, UNIX_TIMESTAMP())';

/** In SQL, the name of the reaper's lock: one for each database of a server. */
const reaper = "SHA2(CONCAT('reaper ', DATABASE()), 256)";

/** SESSION_CLOCK, the switch of a site: `database`, or `server` where there is only one. */
export function chosenClock(): 'server' | 'database' {
  const given = process.env['SESSION_CLOCK'] ?? 'server';
  if (given === 'server' || given === 'database') return given;
  throw new Error('SESSION_CLOCK must be server or database');
}

/** Deletes the rows that have expired, unless another server of the site is at it. */
export async function reap(db: PoolConnection, values: (number | null)[]): Promise<void> {
  const [tbl] = await db.query<RowDataPacket[]>(`SELECT GET_LOCK(${reaper}, 0) AS got`);
  if (tbl[0]?.['got'] !== 1) return;
  try {
    await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await db.execute(`DELETE FROM sessions WHERE updated < ${time} - ?`, values);
  } catch (error) {
    await db.query('ROLLBACK').catch(() => {}); // Else the next transaction would have this level
    throw error;
  } finally {
    // On a broken connection the server has released the lock itself.
    await db.query(`SELECT RELEASE_LOCK(${reaper})`).catch(() => db.destroy());
  }
}
