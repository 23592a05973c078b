import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { handler, newId, store } = await openBench();
// Imported after the bench has set the database's address, this is the class that it opened.
const { Sessions } = (await import('#sessions')) as unknown as {
  Sessions: {
    Handle?: (sid: string) => string;
    EndByHandle?: (handle: string) => Promise<number>;
  };
};
await handler.open('', 'MySession');

function handleOf(id: string): string {
  assert.equal(typeof Sessions.Handle, 'function', 'Sessions.Handle is not written yet');
  return Sessions.Handle?.(id) ?? '';
}

async function endByHandle(handle: string): Promise<number> {
  assert.equal(typeof Sessions.EndByHandle, 'function', 'Sessions.EndByHandle is not written yet');
  return (await Sessions.EndByHandle?.(handle)) ?? 0;
}

test('a handle can be read aloud, and no part of it is a part of the cookie', async () => {
  const id = await newId();
  const handle = handleOf(id);
  assert.match(handle, /^[0-9a-z]{8,16}$/, 'small letters and digits, 8 to 16 of them');
  for (let start = 0; start + 4 <= handle.length; start += 1) {
    assert.ok(
      !id.toLowerCase().includes(handle.slice(start, start + 4)),
      'four characters of the id',
    );
  }
  assert.equal(handleOf(id), handle, 'the second time it was another handle');
  assert.equal(await handler.read(handle), '');
});

test('a handle ends its session and no other', async () => {
  const [ann, bob] = [await newId(), await newId()];
  await store(ann, 'user|s:3:"Ann";');
  await store(bob, 'user|s:3:"Bob";');
  assert.equal(await endByHandle(handleOf(ann)), 1, 'the number of sessions that were ended');
  assert.equal(await handler.read(ann), '');
  assert.equal(await handler.read(bob), 'user|s:3:"Bob";');
  assert.equal(await endByHandle(handleOf(ann)), 0, 'the second time');
});

test('a handle that is not whole ends nothing', async () => {
  const ann = await newId();
  await store(ann, 'user|s:3:"Ann";');
  const handle = handleOf(ann);
  for (const part of ['', '%', handle.slice(0, -1), `${handle.slice(0, -1)}_`, `${handle} `, ann]) {
    assert.equal(await endByHandle(part), 0, JSON.stringify(part));
  }
  assert.equal(await handler.read(ann), 'user|s:3:"Ann";');
});
