import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench, type PageResponse } from '#bench';

const { gate, serve } = await openBench();
// Imported after the bench has set the database's address, this is the class that it opened.
const { Sessions } = await import('#sessions');
Object.assign(Sessions, { MaxCrowd: 5, MaxWait: 3 });
const server = await serve();
after(() => server.close());

const count = ({ body }: PageResponse): number => Number(/Count: (\d+)/.exec(body)?.[1]);
const visits = (length: number, cookie: string): Promise<PageResponse>[] =>
  Array.from({ length }, () => server.request({ cookie }));

/**
 * Sends a crowd while another page of the session is at work.
 *
 * @param ends - How many of the crowd end before that page may go on.
 * @returns The status of each of them, the first to end first.
 */
async function crowd(cookie: string, length: number, ends: number): Promise<number[]> {
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const first = server.request({ cookie });
  await saves.arrived;
  const ended: number[] = [];
  const all = visits(length, cookie).map(async (page) => {
    ended.push((await page).status);
    if (ended.length === ends) saves.open();
  });
  await Promise.all([first, ...all]);
  return ended;
}

test('a request too many is turned away at once, and the others keep their place', async () => {
  const { cookie } = await server.request();
  const ended = await crowd(cookie, 8, 3);
  assert.deepEqual(ended, [500, 500, 500, 200, 200, 200, 200, 200], 'MaxCrowd is 5, and 8 came');
  assert.equal(count(await server.request({ cookie })), 8);
});

test('a crowd that is over has left its places', async () => {
  const { cookie } = await server.request();
  await crowd(cookie, 8, 3);
  const next = await Promise.all(visits(5, cookie));
  assert.ok(next.every(({ status }) => status === 200));
});

test('the crowd of one session turns no other visitor away', async () => {
  const { cookie } = await server.request();
  const strangers: Promise<PageResponse>[] = [];
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const first = server.request({ cookie });
  await saves.arrived;
  const waiting = visits(8, cookie);
  for (let visitor = 1; visitor <= 6; visitor += 1) strangers.push(server.request());
  const statuses = (await Promise.all(strangers)).map(({ status }) => status);
  saves.open();
  await Promise.all([first, ...waiting]);
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200]);
});
