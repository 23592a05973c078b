/** The interfaces that the files of this folder share. */
import type { Announcements } from '../program.ts';
import type { Schema } from './schemas.ts';

/** A server program and the files and settings that it needs to run. */
export interface ServerProgram {
  /** Absolute path of `mariadbd` or `mysqld`. */
  path: string;
  flavour: 'mariadb' | 'mysql';
  /** `10.11.19-MariaDB-…` */
  version: string;
  /** The folder with the SQL of the system tables; undefined for MySQL, which needs none. */
  share: string | undefined;
  /** Options without which it does not find its own files. */
  args: string[];
  environment: NodeJS.ProcessEnv;
  /** Set when `path` is Docker's client and the server is in this image. */
  image?: string | undefined;
}

/** The files of one run. */
export interface RunFolder {
  path: string;
  data: string;
  /** For temporary tables: at its start a server deletes those of other servers in its folder. */
  temporary: string;
  log: string;
  pidFile: string;
  initFile: string;
  /** Contains the server's URL while other commands may use it; otherwise missing. */
  addressFile: string;
  /** Contains the name of the server's container; missing for a server without one. */
  containerFile: string;
}

/** A server on which the workshop may make schemas. */
export interface DatabaseServer {
  /** `mysql://user:password@127.0.0.1:port/`, without a schema. */
  readonly url: string;
  /** As the server reports it: `10.11.19-MariaDB-…`. */
  readonly version: string;
  /** Started here, the user's by DATABASE_URL, a parent process's, or a running workshop's. */
  readonly origin: 'private' | 'DATABASE_URL' | 'inherited' | 'borrowed';
  /** Reports when the private server dies and when it is up again, on the same data and port. */
  onChange(listener: (state: 'up' | 'down') => void): void;
  /** Makes an empty schema, in utf8mb4: `phpsessid_<run>_<purpose>_<n>`. */
  createSchema(purpose: string): Promise<Schema>;
  /** Drops the schemas made through this object; stops the server if it was started here. */
  close(): Promise<void>;
}

export interface ServerOptions extends Announcements {
  /** Lets other commands of this user borrow a private server that is started here. */
  share?: boolean | undefined;
  /**
   * Takes the server that a running workshop shares, if there is one. It may end at any moment, so a
   * long command starts its own.
   */
  borrow?: boolean | undefined;
  /** Further options of a private server's own command line, such as its certificate; not in a container. */
  settings?: readonly string[] | undefined;
}
