/** The interfaces that the files of this folder share. */

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
  log: string;
  pidFile: string;
  initFile: string;
  /** Contains the server's URL while other commands may use it; otherwise missing. */
  addressFile: string;
  /** Contains the name of the server's container; missing for a server without one. */
  containerFile: string;
}
