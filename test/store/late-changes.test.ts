/** Changes that come after the save that a response waits for: saved, or refused, and never lost silently. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getSession } from '../../src/adapters/store/exchange.ts';
import { withSessions } from '../../src/adapters/store/node.ts';
import { SessionClosed } from '../../src/store/errors.ts';
import { serve } from '../adapters/fixture.ts';
import { newSession, newStore, stored, wiredStore } from './fixture.ts';

test('a change that is made while the response waits for its save is saved as well', async () => {
  const { sessions, wire } = await wiredStore();
  const id = await newSession(sessions, { n: 1 });
  const gate = wire.gate(1, /^UPDATE/, { opens: 'by hand' });
  const url = await serve(
    withSessions(sessions, async (request, response) => {
      const session = await getSession<{ n: number; late: string[] }>(request);
      session.data.n = 2;
      response.end('saved');
      await gate.arrived;
      session.update('n', (n = 0) => n + 10);
      session.data.late = ['yes'];
      gate.open();
    }),
  );
  const response = await fetch(url, { headers: { cookie: `__Host-session=${id}` } });
  assert.equal(await response.text(), 'saved');
  assert.deepEqual(await stored(sessions, id), { n: 12, late: ['yes'] });
});

test('a change after the save throws, whichever way it is made, and reading still works', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { n: 1, cart: ['tea'], who: { name: 'Ann' } });
  const session = await sessions.start(id);
  const { data } = session;
  session.data['n'] = 2;
  await session.finish();
  await session.close();
  const { cart, who } = session.data as { cart: string[]; who: { name: string } };
  assert.deepEqual([session.data['n'], [...cart], who.name], [2, ['tea'], 'Ann']);
  const changes: (() => unknown)[] = [
    () => session.update('n', () => 3),
    () => Object.assign(session.data, { n: 3 }),
    () => Object.assign(session.data, { other: 3 }),
    () => Reflect.deleteProperty(session.data, 'n'),
    () => cart.push('milk'),
    () => Object.assign(who, { name: 'Bob' }),
    () => Object.assign(data, { cart: [] }),
  ];
  for (const change of changes) assert.throws(change, SessionClosed, String(change));
  // The object was taken out of the session before.
  assert.throws(() => Object.assign(data, { n: 3 }), TypeError);
  assert.throws(() => Object.assign(data, { other: 3 }), TypeError);
  await assert.rejects(session.save(), SessionClosed);
  assert.deepEqual(await stored(sessions, id), { n: 2, cart: ['tea'], who: { name: 'Ann' } });
});

test('a change after the end of a session throws', async () => {
  const sessions = newStore();
  const session = await sessions.start(await newSession(sessions, { n: 1 }));
  await session.destroy();
  assert.throws(() => Object.assign(session.data, { flash: 'bye' }), /ended: the next request/);
  assert.equal(await session.save(), 'gone');
  await session.close();
  assert.deepEqual([session.id, session.user], [undefined, undefined]);
});
