/** Counts the statements of a request on the wire, one request after the other. */
import { visit } from '../../sandbox/browser.ts';
import { openWire } from '../../wire/proxy.ts';
import type { Contender } from './contenders.ts';
import { type PageName, pages, paths } from './numbers.ts';

/** The statements and connections of a request with a known session. */
export interface Counted {
  statements: number;
  connections: number;
}

/** The number of counted requests, after a first request that begins the session. */
const REQUESTS = 20;

/**
 * Serves a contender through a wire and counts its statements, without garbage collection.
 *
 * @param databaseUrl - A schema with its table.
 * @returns The averages of one request, for each page.
 * @throws Error for a response with another status than 200.
 */
export async function countStatements(
  contender: Contender,
  databaseUrl: string,
): Promise<Record<PageName, Counted>> {
  const wire = await openWire(databaseUrl);
  let [statements, connections] = [0, 0];
  wire.watch(({ kind }) => {
    if (kind === 'began') statements += 1;
    if (kind === 'connected') connections += 1;
  });
  try {
    const order = { databaseUrl: wire.url, sweeps: false, clients: 1 };
    const { ports, close } = await contender.serve(order);
    try {
      let cookie = '';
      const ask = async (path: string): Promise<void> => {
        const answer = await visit(ports[0] ?? 0, { path, cookie });
        if (answer.status !== 200) {
          throw new Error(
            `${contender.name} answers ${path} with ${answer.status}: ${answer.body}`,
          );
        }
        cookie = answer.cookie;
      };
      const count = async (path: string): Promise<Counted> => {
        // The first request may still connect, prepare its statements or begin a session.
        await ask(path);
        const before = { statements, connections };
        for (let turn = 0; turn < REQUESTS; turn += 1) await ask(path);
        return {
          statements: perRequest(statements - before.statements),
          connections: perRequest(connections - before.connections),
        };
      };
      const counted: Partial<Record<PageName, Counted>> = {};
      for (const page of pages) counted[page] = await count(paths[page]);
      return counted as Record<PageName, Counted>;
    } finally {
      await close();
    }
  } finally {
    await wire.close();
  }
}

/** Rounds to tenths: a single late statement after the last response disappears. */
function perRequest(number: number): number {
  return Math.round((number / REQUESTS) * 10) / 10;
}
