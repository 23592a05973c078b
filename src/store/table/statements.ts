/** The statements of the store's own table. */

/**
 * The database's clock in milliseconds since 1970, one value for a whole statement. Not
 * `UNIX_TIMESTAMP(NOW(3))`, which is an hour wrong when summer time ends.
 */
export const NOW = "(TIMESTAMPDIFF(MICROSECOND,'1970-01-01',UTC_TIMESTAMP(3)) DIV 1000)";

/** Behind a SELECT that names no number of rows: sql_select_limit of the server would cut its answer. */
export const ALL_ROWS = ' LIMIT 18446744073709551615';

/** The column `token` keeps the marks of the last saves, the newest first. */
export const MARKS = 4;
export const MARK_BYTES = 4;

/** The names of the columns, for a table that has others. */
export interface Columns {
  /** The keyed hash of the id. @default 'id' */
  readonly id: string;
  /** The session's data. @default 'd' */
  readonly data: string;
  /** Counts the saves. @default 'version' */
  readonly version: string;
  /** Marks of the last saves. @default 'token' */
  readonly token: string;
  /** The user whose session it is. @default 'user' */
  readonly user: string;
  /** The label in a list of sessions. @default 'label' */
  readonly label: string;
  /** The row that replaced this one when its id was renewed. @default 'next' */
  readonly next: string;
  /** Milliseconds since 1970. @default 'created' */
  readonly created: string;
  /** Milliseconds since 1970; for a renewed id, the end of its grace. @default 'updated' */
  readonly updated: string;
  /** Milliseconds since 1970. @default 'expires' */
  readonly expires: string;
}

/** The columns of the table that `createTable()` makes. */
export const COLUMNS: Columns = {
  id: 'id',
  data: 'd',
  version: 'version',
  token: 'token',
  user: 'user',
  label: 'label',
  next: 'next',
  created: 'created',
  updated: 'updated',
  expires: 'expires',
};

/** The statements of a table, and conditions that some of them are completed with. */
export type Statements = Record<
  | 'isAlive'
  | 'isExpired'
  | 'isOf'
  | 'isNoPointer'
  | 'read'
  | 'insert'
  | 'succeed'
  | 'update'
  | 'touch'
  | 'point'
  | 'rewrite'
  | 'remove'
  | 'removePointers'
  | 'page'
  | 'some'
  | 'count'
  | 'list'
  | 'isUpTo'
  | 'expiredAfter'
  | 'sweepRange'
  | 'expired'
  | 'schema',
  string
> & { updateAll: (size: number) => string };

/** A table's name, its columns and the application's columns, all quoted. */
interface Names {
  readonly table: string;
  readonly c: Columns;
  readonly extra: readonly string[];
}

/** Returns the statements of a table, its name and its columns quoted. */
export function statementsOf(table: string, c: Columns, extra: readonly string[]): Statements {
  const names = { table, c, extra };
  return {
    ...conditionsOf(c),
    ...readsOf(names),
    ...insertsOf(names),
    ...updatesOf(names),
    ...deletesOf(names),
    schema: schemaOf(names),
  };
}

function conditionsOf(c: Columns) {
  return {
    isAlive: `${c.expires}>${NOW}`,
    isExpired: `${c.expires}<=${NOW}`,
    isUpTo: `${c.expires}<=?`,
    isOf: `${c.user}=?`,
    isNoPointer: `${c.next} IS NULL`,
  };
}

function readsOf({ table, c, extra }: Names) {
  const { isAlive, isOf, isNoPointer } = conditionsOf(c);
  const selected =
    `${c.id},${c.data},${c.version},${c.token},${c.expires}-${NOW},` +
    `${NOW}-LEAST(${c.created},${NOW}),${c.user},${c.label},${c.next},${c.updated}>${NOW}`;
  // The row of the collection's runner has a shorter key.
  const isSession = `${isAlive} AND ${isNoPointer} AND LENGTH(${c.id})=32`;
  return {
    read: `SELECT ${selected} FROM ${table} WHERE ${c.id}`,
    page: `SELECT ${selected} FROM ${table} WHERE ${c.id}>? AND ${isSession} ORDER BY ${c.id}`,
    some: `SELECT ${c.id} FROM ${table}`,
    count: `SELECT COUNT(*) FROM ${table} WHERE ${isSession}`,
    list:
      `SELECT ${[c.id, c.created, c.updated, c.label, ...extra].join(',')} FROM ${table} ` +
      `WHERE ${isOf} AND ${isAlive} AND ${isNoPointer} ORDER BY ${c.created} DESC,${c.id} DESC${ALL_ROWS}`,
  };
}

function insertsOf({ table, c, extra }: Names) {
  const { id, data, version, token, user, label, created, updated, expires } = c;
  const columns = [id, data, version, token, user, label, created, updated, expires, ...extra];
  const more = extra.map(() => ',?').join('');
  const into = `INSERT INTO ${table} (${columns.join(',')}) `;
  return {
    insert: `${into}VALUES (?,?,1,?,?,?,${NOW},${NOW},${NOW}+?${more})`,
    succeed: `${into}VALUES (?,?,1,?,?,?,${NOW}-?,${NOW},${NOW}+?${more})`,
  };
}

/** Each compares the version and the marks that were read, and none revives a session or writes to a pointer. */
function updatesOf({ table, c, extra }: Names) {
  const { isAlive, isNoPointer } = conditionsOf(c);
  const isLive = `${isAlive} AND ${isNoPointer}`;
  const isSame = `${c.id}=? AND ${c.version}=? AND ${c.token}=?`;
  const isUnchanged = `${isSame} AND ${isLive}`;
  const used = `${c.updated}=${NOW},${c.expires}=LEAST(${NOW}+?,${c.created}+?)`;
  const older = `LEFT(${c.token},${(MARKS - 1) * MARK_BYTES})`;
  const marked = `${c.version}=${c.version}+1,${c.token}=CONCAT(?,${older})`;
  const filled = extra.map((name) => `${name}=?,`).join('');
  return {
    update: `UPDATE ${table} SET ${c.data}=?,${filled}${marked},${used} WHERE ${isUnchanged}`,
    // A user variable collects a bit for each saved row; the OK packet brings it as the insert id.
    // Asking for the marks afterwards would be too late: another process may have saved by then.
    // In a small table the server would scan another index, and lock rows in another order.
    updateAll: (size: number) => {
      const list = Array.from({ length: size }, () => '?').join(',');
      const isOneOf = Array.from({ length: size }, () => isSame).join(' OR ');
      return (
        `UPDATE ${table} FORCE INDEX (PRIMARY) SET ${c.data}=ELT(@i:=FIELD(${c.id},${list}),${list}),` +
        `${c.token}=CONCAT(ELT(@i,${list}),${older}),` +
        `${c.version}=${c.version}+IF(LAST_INSERT_ID(@w:=IF(@w>>32=?,@w,?)|1<<(@i-1)),1,1),` +
        `${used} WHERE (${isOneOf}) AND ${isLive}`
      );
    },
    touch: `UPDATE ${table} SET ${used} WHERE ${c.id}=? AND ${isLive}`,
    point:
      `UPDATE ${table} SET ${c.data}=?,${marked},${c.next}=?,${c.updated}=${NOW}+?,` +
      `${c.expires}=LEAST(${c.created}+?,${NOW}+?) WHERE ${isUnchanged}`,
    rewrite: `UPDATE ${table} SET ${c.data}=?,${marked} WHERE ${isUnchanged}`,
  };
}

/** The end of sessions, and the collection of those that have expired. */
function deletesOf({ table, c }: Names) {
  const { isExpired, isOf } = conditionsOf(c);
  return {
    remove: `DELETE FROM ${table} WHERE ${c.id}`,
    removePointers: `DELETE FROM ${table} WHERE ${isOf} AND ${c.next} IS NOT NULL`,
    sweepRange: `DELETE FROM ${table} WHERE ${isExpired} AND ${c.expires}>=?`,
    expired: `SELECT ${c.id} FROM ${table} WHERE ${isExpired} ORDER BY ${c.expires}`,
    expiredAfter:
      `SELECT ${c.expires} FROM ${table} WHERE ${isExpired} AND ${c.expires}>=? ` +
      `ORDER BY ${c.expires}`,
  };
}

function schemaOf({ table, c }: Names): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
  ${c.id} VARBINARY(32) NOT NULL PRIMARY KEY,
  ${c.data} MEDIUMBLOB NOT NULL,
  ${c.version} BIGINT UNSIGNED NOT NULL,
  ${c.token} BINARY(${MARKS * MARK_BYTES}) NOT NULL,
  ${c.user} VARBINARY(128) NULL,
  ${c.label} VARBINARY(255) NULL,
  ${c.next} VARBINARY(32) NULL,
  ${c.created} BIGINT UNSIGNED NOT NULL,
  ${c.updated} BIGINT UNSIGNED NOT NULL,
  ${c.expires} BIGINT UNSIGNED NOT NULL,
  KEY (${c.expires}),
  KEY (${c.user})
) ENGINE=InnoDB`;
}

/** The column `token` of a new row. */
export function firstMarks(mark: Buffer): Buffer {
  return Buffer.concat([mark, Buffer.alloc((MARKS - 1) * MARK_BYTES)]);
}
