/** The workshop's database server: the user's own, a parent process's, or one that is started here. */
import type { Announcements } from '../program.ts';
import { cleanUpBeforeSignals } from '../signals.ts';
import { explainConnectionError, readServerUrl, type ServerAddress } from './connection-url.ts';
import type { DatabaseServer, ServerOptions } from './interfaces.ts';
import { Schemas } from './schemas.ts';

export type { DatabaseServer } from './interfaces.ts';
export type { Schema } from './schemas.ts';

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
  const borrowed = options.borrow ? await borrowServer(options) : undefined;
  if (borrowed) return borrowed;
  // The hundreds of children that inherit a server do without the programs that start one.
  const { startServer } = await import('./own-server.ts');
  return await startServer(options);
}

/** Connects to the first shared server that answers; undefined when none does. */
async function borrowServer(options: Announcements): Promise<DatabaseServer | undefined> {
  const { sharedAddresses } = await import('./run-folder.ts');
  for (const address of sharedAddresses()) {
    try {
      const server = await connectTo(address, 'the shared address', 'borrowed', options);
      options.progress?.('database: the one of the running workshop');
      return server;
    } catch {
      options.signal?.throwIfAborted();
      // The workshop of that server is about to end, or has just ended.
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
