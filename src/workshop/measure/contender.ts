/** A page that answers on the loopback and waits to be measured. */
import { startServer } from '../sandbox/server.ts';

/** A page that is served. */
export interface Served {
  /** Its ports on the loopback. A client asks one of them, and always the same. */
  readonly ports: readonly number[];
  /** The processes that serve it, without their children. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

/** Serves a page from a child process, whose program reports its port. */
export async function serveNode(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Served> {
  const { port, pid, stop } = await startServer({
    program,
    values: args,
    environment: { NODE_ENV: 'production', ...environment },
  });
  return { ports: [port], pids: [pid], close: stop };
}
