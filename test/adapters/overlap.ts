/** Two visitors whose pages wait for one library at the same time. */

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { phpSessionOf, session_id, session_set_save_handler, session_start } from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { gate } from '../../src/contract/case.ts';
import { Memory, quiet, serve } from './fixture.ts';

/** A page's asynchronous step: `work` calls back later, possibly in another request's context. */
export type Work = (callback: () => void) => void;

interface Seen {
  /** The ids of the sessions that the ambient and the explicit form met in Bob's callback. */
  ambient: string | false;
  explicit: string | false;
}

let arrival: Promise<void> = Promise.resolve();

/**
 * Ann's work takes until this is settled, and so overlaps with Bob's however slow the machine is.
 *
 * @returns A promise that is fulfilled once Bob's page has begun its work.
 */
export function bobsArrival(): Promise<void> {
  return arrival;
}

/**
 * Ann's page begins `work` and is still busy with it when Bob's page begins the same; both have a
 * session. Returns the sessions that Bob's callback met.
 */
export async function overlap(work: Work): Promise<Seen> {
  const memory = new Memory();
  const { closed: annBegan, open: annBegins } = gate();
  const { closed: bobCame, open: bobComes } = gate();
  // Some libraries queue their work in a later turn.
  arrival = bobCame.then(() => delay(20));
  const { closed: bobDone, open: bobIsDone } = gate();
  let seen: Seen | undefined;
  const url = await serve(
    withPhpSession(async (request, response) => {
      session_set_save_handler(memory);
      await session_start();
      const bound = phpSessionOf(request);
      const isBob = request.url === '/bob';
      await new Promise<void>((resolve) => {
        work(() => {
          if (isBob) {
            seen = { ambient: session_id(), explicit: bound.session_id() };
            bound.$_SESSION['mark'] = 'bob';
            bobIsDone();
          }
          resolve();
        });
        (isBob ? bobComes : annBegins)();
      });
      // Ann's page is not over before Bob's callback has run.
      if (!isBob) await Promise.all([bobCame, bobDone]);
      response.end();
    }, quiet),
  );
  const visit = (name: string): Promise<Response> =>
    fetch(`${url}/${name}`, { headers: { cookie: `PHPSESSID=${name}` } });
  await Promise.all([visit('ann'), annBegan.then(() => visit('bob'))]);
  assert.ok(seen);
  assert.equal(seen.explicit, 'bob');
  assert.equal(memory.rows.get('bob'), 'mark|s:3:"bob";');
  assert.equal(memory.rows.get('ann'), '');
  return seen;
}

/**
 * Runs several idioms one after the other.
 *
 * @param idioms - Works by name.
 * @returns The id of the session that the ambient form met in Bob's callback, by the idiom's name.
 */
export async function ambients(
  idioms: Readonly<Record<string, Work>>,
): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {};
  for (const [name, work] of Object.entries(idioms)) seen[name] = (await overlap(work)).ambient;
  return seen;
}

/** Ann's page, the first, is the one that emits. */
export function emitOnce(emit: () => unknown): () => void {
  let isDue = false;
  return () => {
    if (!isDue) void bobsArrival().then(emit);
    isDue = true;
  };
}
