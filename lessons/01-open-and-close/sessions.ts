import { type Connection, createConnection } from 'mysql2/promise';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

/** The article's static class, with its first two callbacks: one connection, opened and closed. */
export class Sessions {
  /** The one connection to the database. Null while there is none. */
  static Db: Connection | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** Connects to the database, once; PHP's path and name are not used. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    // The driver's error would contain the whole URL, password included.
    if (!URL.canParse(dsn)) throw new Error('DATABASE_URL is not a URL; percent-encode it');
    if (Sessions.Db === null) {
      Sessions.Db = await createConnection(dsn);
    }
    return true;
  }

  /** Gives the connection back to the database. */
  static async Close(): Promise<boolean> {
    if (Sessions.Db !== null) {
      await Sessions.Db.end();
      Sessions.Db = null;
    }
    return true;
  }
}
