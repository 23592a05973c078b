import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { openBench } from '#bench';

const { database, handler, serve } = await openBench();
// Imported after the bench has set the database's address, this is the class that it opened.
const { Sessions } = (await import('#sessions')) as unknown as {
  Sessions: { EndAll?: (user: string) => Promise<number> };
};
await handler.open('', 'MySession');
// The exercise's column: the user who is signed in, or null.
await database.query('ALTER TABLE sessions ADD COLUMN user varbinary(255)');
const server = await serve();
after(() => server.close());

async function endAll(user: string): Promise<number> {
  assert.equal(typeof Sessions.EndAll, 'function', 'Sessions.EndAll is not written yet');
  return (await Sessions.EndAll?.(user)) ?? 0;
}

beforeEach(() => database.query('DELETE FROM sessions'));

const signIn = async (user: string): Promise<string> =>
  (await server.request({ path: `/login?user=${user}` })).cookie;
const whoami = async (cookie: string): Promise<string> =>
  (await server.request({ cookie, path: '/whoami' })).body;

test('all sessions of a user end, and those of others stay', async () => {
  const [phone, desk, bob] = [await signIn('ann'), await signIn('ann'), await signIn('bob')];
  const visitor = (await server.request()).cookie;
  assert.equal(await endAll('ann'), 2, 'the number of sessions that were ended');
  assert.match(await whoami(phone), /Nobody/);
  assert.match(await whoami(desk), /Nobody/);
  assert.match(await whoami(bob), /bob/);
  assert.match((await server.request({ cookie: visitor })).body, /Count: 2/);
  assert.equal(await endAll('ann'), 0, 'the second time');
});

test('a session belongs to the user who has signed in last', async () => {
  const ann = await signIn('ann');
  const { cookie } = await server.request({ cookie: ann, path: '/login?user=bob' });
  assert.equal(await endAll('ann'), 0, 'Bob has signed in over Ann');
  assert.match(await whoami(cookie), /bob/);
  assert.equal(await endAll('bob'), 1);
});

test('a name that is almost the name ends nothing', async () => {
  const ann = await signIn('ann');
  for (const name of ['', 'Ann', 'an', 'ann ', '%', 'ánn']) {
    assert.equal(await endAll(name), 0, JSON.stringify(name));
  }
  assert.match(await whoami(ann), /ann/);
});

test('a page that only looks does not forget whose session it is', async () => {
  const ann = await signIn('ann');
  await whoami(ann);
  await server.request({ cookie: ann });
  assert.equal(await endAll('ann'), 1);
});
