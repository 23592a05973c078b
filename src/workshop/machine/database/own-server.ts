/** The workshop's private database server: its program, found or fetched, and its start. */
import { cacheFolder, DiskProblem } from '../cache.ts';
import { errorMessage } from '../error-message.ts';
import type { Announcements } from '../program.ts';
import { cleanUpBeforeSignals } from '../signals.ts';
import type { DatabaseServer, ServerOptions } from './interfaces.ts';
import { installCommand } from './package-manager.ts';
import { type PrivateServer, startPrivateServer } from './private-server.ts';
import { sources } from './program.ts';
import { sweepRunFolders } from './run-folder.ts';
import { Schemas } from './schemas.ts';

/** Starts a private server, which ends with this process; an error's message is for the user. */
export async function startServer(options: ServerOptions): Promise<DatabaseServer> {
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
  const started = firstThatStarts({ progress: options.progress, signal }, options.settings);
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
async function firstThatStarts(
  announcements: Announcements,
  settings: readonly string[] = [],
): Promise<PrivateServer> {
  const problems: string[] = [];
  for (const source of sources(announcements)) {
    try {
      const program = await source.find();
      if (program === undefined) continue;
      announcements.progress?.(`database: starting ${program.flavour} ${program.version} …`);
      const began = performance.now();
      const server = await startPrivateServer(program, announcements, settings);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      announcements.progress?.(`database: ready after ${seconds} s`);
      return server;
    } catch (error) {
      announcements.signal?.throwIfAborted();
      if (error instanceof DiskProblem) throw error;
      const problem = `${source.name}: ${errorMessage(error)}`;
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
