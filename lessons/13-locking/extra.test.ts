import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { gate, handler, newId, serve } = await openBench();
// Imported after the bench has set the database's address, this is the class that it opened.
const { Sessions } = (await import('#sessions')) as unknown as {
  Sessions: { Holder?: (sid: string) => Promise<number | null> };
};
await handler.open('', 'MySession');
const server = await serve();
after(() => server.close());

const idIn = (cookie: string): string => decodeURIComponent(cookie.split('=')[1] ?? '');

async function holderOf(id: string): Promise<number | null | undefined> {
  assert.equal(typeof Sessions.Holder, 'function', 'Sessions.Holder is not written yet');
  return await Sessions.Holder?.(id);
}

test('the holder of a session is the connection of the page that is at work', async () => {
  const { cookie } = await server.request();
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const page = server.request({ cookie });
  await saves.arrived;
  const asked = holderOf(idIn(cookie)).finally(() => saves.open());
  const [holder] = await Promise.all([asked, page]);
  assert.equal(holder, saves.statements[0]?.thread);
});

test('a session has no holder once its page is over', async () => {
  const { cookie } = await server.request();
  await server.request({ cookie });
  assert.equal(await holderOf(idIn(cookie)), null);
});

test('another session and an id that is none have no holder', async () => {
  const { cookie } = await server.request();
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const page = server.request({ cookie });
  await saves.arrived;
  try {
    for (const id of [
      await newId(),
      randomBytes(32).toString('base64url'),
      '',
      idIn(cookie).slice(1),
    ]) {
      assert.equal(await holderOf(id), null, JSON.stringify(id));
    }
  } finally {
    saves.open();
    await page;
  }
});

test('asking for the holder takes no lock', async () => {
  const id = await newId();
  await holderOf(id);
  assert.equal(await holderOf(id), null, 'the question itself holds the session');
});
