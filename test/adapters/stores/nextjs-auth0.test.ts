/** The store behind nextjs-auth0, called as its stateful session store calls it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Auth0Session, Auth0SessionStore } from '../../../src/adapters/stores/nextjs-auth0.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore, poolOf, query, statementsOn, storeOn, wiredStore } from '../../store/fixture.ts';

interface Data extends Auth0Session {
  user: { sub: string; name?: string };
  tokenSet: { accessToken: string; refreshToken: string };
  internal: Auth0Session['internal'] & { createdAt: number };
  [key: string]: unknown;
}

let count = 0;

/** A login: another user each time, so that tests do not meet. */
function loggedIn(sid = 'sid', user = `auth0|${++count}`, issuer?: string): Data {
  return {
    user: { sub: user },
    tokenSet: { accessToken: 'a1', refreshToken: 'r1' },
    internal: { sid, createdAt: 1, ...(issuer && { mcd: { issuer } }) },
  };
}

function start(sessions: Sessions = newStore()): Auth0SessionStore<Data> {
  return new Auth0SessionStore<Data>(sessions);
}

test('a session is created, read, updated and deleted; an unknown id is null', async () => {
  const store = start();
  const session = loggedIn();
  assert.equal(await store.get('a'.repeat(32)), null);
  await store.set('a'.repeat(32), session);
  assert.deepEqual(await store.get('a'.repeat(32)), session);
  assert.equal(await store.update('a'.repeat(32), { ...session, cart: ['tea'] }), true);
  assert.deepEqual((await store.get('a'.repeat(32)))?.['cart'], ['tea']);
  await store.set('a'.repeat(32), session);
  assert.deepEqual(await store.get('a'.repeat(32)), session);
  await store.delete('a'.repeat(32));
  assert.equal(await store.get('a'.repeat(32)), null);
});

test('an update after the logout is false, and brings nothing back', async () => {
  const store = start();
  const session = loggedIn();
  await store.set('logout', session);
  const read = (await store.get('logout')) as Data;
  await store.delete('logout');
  assert.equal(await store.update('logout', { ...read, late: true }), false);
  assert.equal(await store.get('logout'), null);
});

test('a refreshed token is not replaced by a request that has read the older one', async () => {
  const store = start();
  await store.set('tokens', loggedIn());
  const [page, refresh] = (await Promise.all([store.get('tokens'), store.get('tokens')])) as [
    Data,
    Data,
  ];
  const tokenSet = { accessToken: 'a2', refreshToken: 'r2' };
  await store.update('tokens', { ...refresh, tokenSet });
  // As updateSession() does: new objects around, the same values inside.
  await store.update('tokens', { ...page, cart: ['tea'], internal: { ...page.internal } });
  await store.update('tokens', { ...page, cart: ['tea', 'milk'] });
  const found = await store.get('tokens');
  assert.deepEqual(found?.tokenSet, tokenSet);
  assert.deepEqual(found?.['cart'], ['tea', 'milk']);
  // A page that has read again hands on a value of its first reading.
  const again = (await store.get('tokens')) as Data;
  await store.update('tokens', { ...again, tokenSet: page.tokenSet });
  assert.deepEqual((await store.get('tokens'))?.tokenSet, tokenSet);
});

test('the changes of a request are saved: in place, as a copy, and by deleting', async () => {
  const store = start();
  await store.set('changes', { ...loggedIn(), cart: ['tea'], old: { of: 'before' }, count: 1 });
  const read = (await store.get('changes')) as Data;
  read.user.name = 'Ann';
  const { old: _old, ...rest } = read;
  await store.update('changes', { ...rest, count: 2, tokenSet: { ...read.tokenSet } } as Data);
  const found = await store.get('changes');
  assert.deepEqual([found?.user.name, found?.['count'], found?.['old']], ['Ann', 2, undefined]);
  // A session of no known reading replaces what is there.
  const replaced = loggedIn();
  await store.update('changes', {
    ...replaced,
    user: found?.user as Data['user'],
    internal: replaced.internal,
  });
  await store.update('changes', JSON.parse(JSON.stringify(replaced)) as Data);
  assert.deepEqual(await store.get('changes'), replaced);
});

test('requests at once that add a value each all keep theirs', async () => {
  const store = start();
  await store.set('many', loggedIn());
  await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const read = (await store.get('many')) as Data;
      await store.update('many', { ...read, [`k${at}`]: at });
    }),
  );
  const found = (await store.get('many')) as Data;
  assert.equal(Object.keys(found).length, 23);
});

test('a rolled session that has not changed is not written, and stays alive by its use', async () => {
  const { sessions, wire } = await wiredStore({ idle: 100 });
  const store = start(sessions);
  await store.set('rolled', loggedIn('rolled'));
  const writes = statementsOn(wire, /^(?!SELECT)/);
  const roll = async (): Promise<boolean> => {
    const read = (await store.get('rolled')) as Data;
    return await store.update('rolled', { ...read });
  };
  assert.equal(await roll(), true);
  assert.equal(writes.length, 0);
  const read = async (): Promise<boolean> => (await store.get('rolled')) !== null;
  for (const use of [roll, roll, read, read]) {
    await query(`UPDATE sessions SET expires = expires - 60000 WHERE label='rolled'`);
    assert.equal(await use(), true);
  }
});

test('a logout token ends the session that it names, or all of its user', async () => {
  const sessions = newStore();
  const store = start(sessions);
  const { user } = loggedIn();
  for (const sid of ['one', 'two', 'three'])
    await store.set(`${sid} of ours`, loggedIn(sid, user.sub));
  await store.set('other', loggedIn('one'));
  const alive = async (): Promise<unknown[]> =>
    await Promise.all(
      ['one of ours', 'two of ours', 'three of ours', 'other'].map(
        async (id) => (await store.get(id)) !== null,
      ),
    );
  await store.deleteByLogoutToken({});
  assert.deepEqual(await alive(), [true, true, true, true]);
  await store.deleteByLogoutToken({ sub: user.sub, sid: 'one', iss: 'https://a/' });
  assert.deepEqual(await alive(), [false, true, true, true]);
  await store.deleteByLogoutToken({ sid: 'two' });
  assert.deepEqual(await alive(), [false, false, true, true]);
  await store.deleteByLogoutToken({ sub: user.sub });
  assert.deepEqual(await alive(), [false, false, false, true]);
});

test('a logout token of one issuer ends no session of another', async () => {
  const store = start();
  const { user } = loggedIn();
  await store.set('at a', loggedIn('same', user.sub, 'https://a/'));
  await store.set('at b', loggedIn('same', user.sub, 'https://b/'));
  await store.deleteByLogoutToken({ sub: user.sub, sid: 'same', iss: 'https://a/' });
  assert.deepEqual(
    [(await store.get('at a')) === null, (await store.get('at b')) === null],
    [true, false],
  );
});

test('an update that overlaps a back-channel logout is false', async () => {
  const store = start();
  const session = loggedIn('back');
  await store.set('back', session);
  const read = (await store.get('back')) as Data;
  await store.deleteByLogoutToken({ sub: session.user.sub, sid: 'back' });
  assert.equal(await store.update('back', { ...read, late: 1 }), false);
});

test('a strategy that locks is refused, and a database that is down is an error', async () => {
  assert.throws(() => start(newStore({ strategy: 'lease' })), /use 'merge'/);
  const pool = poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' });
  const store = start(storeOn(pool, { timeout: 0.05 }));
  await assert.rejects(store.get('some id'), { name: 'SessionUnavailable' });
});
