/** The workshop's database server: the user's own, a parent process's, or one that is started here. */
import { cacheFolder, DiskProblem } from '../cache.ts';
import type { Announcements } from '../program.ts';
import { cleanUpBeforeSignals } from '../signals.ts';
import { explainConnectionError, readServerUrl, type ServerAddress } from './connection-url.ts';
import { installCommand } from './package-manager.ts';
import { type PrivateServer, startPrivateServer } from './private-server.ts';
import { sources } from './program.ts';
import { sharedAddresses, sweepRunFolders } from './run-folder.ts';
import { type Schema, Schemas } from './schemas.ts';

export type { Schema } from './schemas.ts';

/** A server on which the workshop may make schemas. */
export interface DatabaseServer {
  /** `mysql://user:password@127.0.0.1:port/`, without a schema. */
  readonly url: string;
  /** As the server reports it: `10.11.19-MariaDB-…`. */
  readonly version: string;
  /** Started here, the user's by DATABASE_URL, a parent process's, or a running workshop's. */
  readonly origin: 'private' | 'DATABASE_URL' | 'inherited' | 'borrowed';
  /**
   * Reports when the private server dies and when it has been started again, on the same data and
   * port. Other servers report nothing.
   *
   * @param listener - Called for each change.
   */
  onChange(listener: (state: 'up' | 'down') => void): void;
  /**
   * Makes an empty schema, in utf8mb4.
   *
   * @param purpose - A word for its name: `phpsessid_<run>_<purpose>_<n>`.
   */
  createSchema(purpose: string): Promise<Schema>;
  /** Drops the schemas made through this object; stops the server if it was started here. */
  close(): Promise<void>;
}

export interface ServerOptions extends Announcements {
  /** Lets other commands of this user borrow a private server that is started here. */
  share?: boolean | undefined;
  /**
   * Takes the server that a running workshop shares, if there is one. It may end at any moment, so a
   * command that goes on for long starts its own.
   */
  borrow?: boolean | undefined;
}

/**
 * Obtains a database server: that of the parent process (WORKSHOP_DATABASE), the user's
 * (DATABASE_URL), a borrowed one, else a private one, whose program is found on this machine or
 * fetched.
 *
 * A private server ends with this process, whatever ends the process. SIGINT, SIGTERM and SIGHUP
 * close the server and then have their default effect.
 *
 * @throws Error with one message for the user: the wrong part of the URL, or how to get a server
 *   on this system.
 * @example
 * const server = await obtainServer({ progress: console.log });
 * const schema = await server.createSchema('bench');
 * await server.close();
 */
export async function obtainServer(options: ServerOptions = {}): Promise<DatabaseServer> {
  for (const [variable, origin] of [
    ['WORKSHOP_DATABASE', 'inherited'],
    ['DATABASE_URL', 'DATABASE_URL'],
  ] as const) {
    const text = process.env[variable];
    if (text) return await connectTo(text, variable, origin, options);
  }
  return (options.borrow ? await borrowServer(options) : undefined) ?? (await startOwn(options));
}

/** Connects to the first shared server that answers; undefined when none does. */
async function borrowServer(options: Announcements): Promise<DatabaseServer | undefined> {
  for (const address of sharedAddresses()) {
    try {
      const server = await connectTo(address, 'the shared address', 'borrowed', options);
      options.progress?.('database: the one of the running workshop');
      return server;
    } catch {
      options.signal?.throwIfAborted();
      // Its workshop is about to end, or has this moment.
    }
  }
  return undefined;
}

async function connectTo(
  text: string,
  variable: string,
  origin: 'inherited' | 'DATABASE_URL' | 'borrowed',
  { signal }: Announcements,
): Promise<DatabaseServer> {
  const address = readServerUrl(text, variable);
  const schemas = new Schemas(address.url);
  let version: string;
  try {
    version = await schemas.version();
    signal?.throwIfAborted();
    if (origin === 'DATABASE_URL') {
      await schemas.sweep();
      await checkRights(schemas, address, variable);
    }
  } catch (error) {
    await schemas.abandon();
    if (signal?.aborted || error instanceof MissingRight) throw error;
    throw explainConnectionError(error, address, variable);
  }
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      release();
      // Killed children have left schemas on this server, whose locks are free now.
      if (origin !== 'inherited') await schemas.sweep();
      await schemas.close();
    })();
    return closing;
  };
  const release = origin === 'inherited' ? () => {} : cleanUpBeforeSignals(close);
  return {
    url: address.url,
    version,
    origin,
    onChange: () => {},
    createSchema: (purpose) => schemas.create(purpose),
    close,
  };
}

class MissingRight extends Error {}

/** Reports a missing right now, and not in the middle of a lesson. */
async function checkRights(
  schemas: Schemas,
  { host, user }: ServerAddress,
  variable: string,
): Promise<void> {
  try {
    await (await schemas.create('check')).drop();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ER_DBACCESS_DENIED_ERROR' || code === 'ER_SPECIFIC_ACCESS_DENIED_ERROR') {
      throw new MissingRight(
        `${variable}: the user "${user}" may not create schemas on ${host}. The workshop uses ` +
          'only schemas of its own, named phpsessid_…; ask an administrator to run:\n' +
          `  GRANT ALL PRIVILEGES ON \`phpsessid\\_%\`.* TO ${await schemas.account()};`,
        { cause: error },
      );
    }
    if (code === 'ER_OPTION_PREVENTS_STATEMENT') {
      throw new MissingRight(
        `${variable}: the server on ${host} is read-only (${message}). The workshop needs one ` +
          'that takes writes.',
        { cause: error },
      );
    }
    throw error;
  }
}

async function startOwn(options: ServerOptions): Promise<DatabaseServer> {
  cacheFolder(options.progress);
  const interrupted = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, interrupted.signal])
    : interrupted.signal;
  let server: PrivateServer | undefined;
  let schemas: Schemas | undefined;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      interrupted.abort(new Error('The set-up of the database was interrupted'));
      release();
      await schemas?.abandon();
      await started.catch(() => undefined);
      await server?.stop();
    })();
    return closing;
  };
  const release = cleanUpBeforeSignals(close);
  const started = firstThatStarts({ progress: options.progress, signal });
  try {
    [server] = await Promise.all([started, sweep(options)]);
    if (options.share) await server.share();
    schemas = new Schemas(server.url);
    const version = await schemas.version();
    const [own, made] = [server, schemas];
    return {
      url: own.url,
      version,
      origin: 'private',
      onChange: (listener) => own.onChange(listener),
      createSchema: (purpose) => made.create(purpose),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A folder that cannot be removed does not prevent the start. */
async function sweep({ progress }: Announcements): Promise<void> {
  try {
    await sweepRunFolders();
  } catch (error) {
    progress?.(`database: an old run could not be removed (${(error as Error).message})`);
  }
}

/** A server that does not start (rights, a broken installation) is skipped. */
async function firstThatStarts(announcements: Announcements): Promise<PrivateServer> {
  const problems: string[] = [];
  for (const source of sources(announcements)) {
    try {
      const program = await source.find();
      if (program === undefined) continue;
      announcements.progress?.(`database: starting ${program.flavour} ${program.version} …`);
      const began = performance.now();
      const server = await startPrivateServer(program, announcements);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      announcements.progress?.(`database: ready after ${seconds} s`);
      return server;
    } catch (error) {
      announcements.signal?.throwIfAborted();
      if (error instanceof DiskProblem) throw error;
      const problem = `${source.name}: ${error instanceof Error ? error.message : String(error)}`;
      announcements.progress?.(`database: ${problem}`);
      problems.push(problem);
    }
  }
  throw new Error(
    [
      'No MySQL or MariaDB server could be found, fetched or started.',
      ...problems.map((problem) => `  ${problem}`),
      'Install one (it need not run), then start again:',
      `  ${installCommand()}`,
      'or use one of yours:',
      '  DATABASE_URL=mysql://user:password@127.0.0.1:3306/ npm start',
    ].join('\n'),
  );
}
