/** How many statements a request sends: counted on the wire, one request after the other. */
import { visit } from '../../sandbox/browser.ts';
import { openWire } from '../../wire/proxy.ts';
import type { Contender } from './contenders.ts';
import { type PageName, pages, paths } from './numbers.ts';

/** What a request of a known session costs the database in talk. */
export interface Counted {
  statements: number;
  connections: number;
}

/** So many requests are counted, after one that begins the session. */
const REQUESTS = 20;

/**
 * Serves the contender through a wire and counts what passes, PHP's sweep switched off.
 *
 * @param contender - Who is asked.
 * @param databaseUrl - A schema with its table.
 * @returns For each page, what one request sends on average.
 * @throws Error when a page does not answer as it should.
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

/** One statement that is still on its way after the last answer makes no tenth. */
function perRequest(number: number): number {
  return Math.round((number / REQUESTS) * 10) / 10;
}
