/** A database server for the duration of one command. */
import { decideOnSignals, Interrupted } from '../signals.ts';
import { type DatabaseServer, obtainServer } from './server.ts';

/**
 * Obtains a server, does the work, closes the server.
 *
 * @param options - `progress` receives a line for each step until the server is ready; `borrow` takes
 *   the server of a running workshop, for a command that ends soon.
 * @param work - Receives the server, and a signal that aborts when the command is to end.
 * @returns The result of the work.
 * @throws Interrupted after a signal; any error of the server or the work.
 */
export async function withServer<Result>(
  options: { progress: (line: string) => void; borrow?: boolean },
  work: (server: DatabaseServer, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const ending = new AbortController();
  const release = decideOnSignals((signal) => ending.abort(new Interrupted(signal)));
  let server: DatabaseServer | undefined;
  try {
    server = await obtainServer({ ...options, signal: ending.signal });
    return await work(server, ending.signal);
  } catch (error) {
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    await server?.close();
    release();
  }
}
