/** Checks of the table: its shape, and whose it is. */
import { leaseSchema } from '../../store/operate.ts';
import { type Ask, placeOfTable } from '../ask.ts';
import type { Case, Check, Finding } from './case.ts';
import { sleepingRoles } from './rights.ts';

/** The columns of express-mysql-session's table. */
const EXPRESS_MYSQL_SESSION = ['session_id', 'expires', 'data'];

/** A table that another connection has locked: LOCK TABLES, an ALTER, or a transaction that an ALTER waits for. */
export function tableLocked(table: string, seconds: number): Finding {
  return {
    code: 'table-locked',
    level: 'error',
    message: `the table "${table}" is locked by another connection for over ${seconds} s: every request waits for it`,
    remedy:
      "SHOW FULL PROCESSLIST; -- a LOCK TABLES, an ALTER, a backup, or a sleeping transaction before the oldest 'Waiting for'\n" +
      'KILL …; -- its Id',
  };
}

/** The table as it is, against the store's schema. */
export const shape: Check = async ({ ask, shape: found, table, place }) => {
  if (!found.exists) {
    const { leaseTable } = place.options;
    return [
      {
        code: 'table-missing',
        level: 'error',
        message: `the table "${table.name}" does not exist, or the user may not see it${await inOtherCase(ask, table.name)}`,
        remedy: `${await sleepingRoles(ask)}${table.schema};\n${leaseSchema(leaseTable)};`,
      },
    ];
  }
  const owner = strangerOf(found, table);
  if (owner !== undefined) return [foreign(table.name, owner)];
  return found.differences.map(({ code, level, message, sql, advice }) => ({
    code,
    level,
    message,
    remedy: sql === undefined ? advice : `${sql};`,
  }));
};

/** Names of tables are compared by their case on most servers, and not on those of Windows and macOS. */
async function inOtherCase(ask: Ask, table: string): Promise<string> {
  const [[found] = []] = await ask(
    'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA=? AND LOWER(TABLE_NAME)=LOWER(?)',
    await placeOfTable(ask, table),
  );
  return found === undefined ? '' : `; there is "${String(found)}": is this the table?`;
}

/** Returns the words about another program's table; undefined for the store's own, or an older one. */
function strangerOf({ columns, hidden }: Case['shape'], table: Case['table']): string | undefined {
  const { data, version, token } = table.names;
  const has = (column: string): boolean => columns.has(column.toLowerCase()) || hidden.has(column);
  if (EXPRESS_MYSQL_SESSION.every(has) && !has(version)) {
    const collation = columns.get('session_id')?.collation;
    const harm = collation?.endsWith('_ci')
      ? `, and compares ids by ${collation}: "A" and "a" are one id`
      : '';
    return `express-mysql-session's: it has ids that open sessions, and no version to compare${harm}`;
  }
  if ([data, version, token].some(has)) return undefined;
  return `another program's: its columns are ${[...columns.keys()].join(', ')}`;
}

function foreign(table: string, owner: string): Finding {
  const isExpress = owner.startsWith('express');
  return {
    code: 'table-foreign',
    level: 'error',
    message: `the table "${table}" is ${owner}`,
    remedy:
      'phpsessid create --table web_sessions\n' +
      "const sessions = createSessions({ table: 'web_sessions', … });" +
      (isExpress
        ? `\nnew ExpressSessionStore(sessions, { from: { table: '${table}', shared: true } })`
        : ''),
  };
}
