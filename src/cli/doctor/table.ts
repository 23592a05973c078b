/** Checks of the table: its shape, and whose it is. */
import { leaseSchema } from '../../store/operate.ts';
import type { Check } from './case.ts';

/** The columns of express-mysql-session's table. */
const EXPRESS_MYSQL_SESSION = ['session_id', 'expires', 'data'];

/** The table as it is, against the store's schema. */
export const shape: Check = ({ shape: found, table, place }) => {
  if (!found.exists) {
    const { leaseTable = 'session_locks' } = place.options;
    return [
      {
        code: 'table-missing',
        level: 'error',
        message: `the table "${table.name}" does not exist, or the user may not see it`,
        remedy: `${table.schema};\n${leaseSchema(leaseTable)};`,
      },
    ];
  }
  const has = (column: string): boolean => found.columns.has(column);
  if (EXPRESS_MYSQL_SESSION.every(has) && !has(table.names.version.toLowerCase())) {
    const collation = found.columns.get('session_id')?.collation;
    const harm = collation?.endsWith('_ci')
      ? `, and compares ids by ${collation}: "A" and "a" are one id`
      : '';
    return [
      {
        code: 'table-foreign',
        level: 'error',
        message:
          `the table "${table.name}" is express-mysql-session's: it has ids that open sessions, and no version ` +
          `to compare${harm}`,
        remedy:
          'phpsessid create --table web_sessions\n' +
          "const sessions = createSessions({ table: 'web_sessions', … });\n" +
          `new ExpressSessionStore(sessions, { from: { table: '${table.name}', shared: true } })`,
      },
    ];
  }
  return found.differences.map(({ code, level, message, sql, advice }) => ({
    code,
    level,
    message,
    remedy: sql === undefined ? advice : `${sql};`,
  }));
};
