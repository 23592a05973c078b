/** The article's static class before anything is ported: a name, and a place for a connection. */
export class Sessions {
  /** The one connection to the database. Null while there is none. */
  static Db: null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';
}
