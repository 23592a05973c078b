import { createHash } from 'node:crypto';
import { type Attack, breached, held, signIn } from '#bench';
import { MemcachedClient } from '#memcached';

/** Ann signs out at one server, and Mallory asks another one, which has seen her session before. */
export const attack: Attack = async ({ cache: startCache, given, statements, say }) => {
  const { server } = await startCache();
  const clients = [0, 1].map(() => new MemcachedClient({ server, timeout: 10_000 }));
  const [cache, other] = clients as [MemcachedClient, MemcachedClient];
  const serverA = await given({ cache }).serve();
  const { handler } = given({ cache: other, readOnly: true });
  await handler.open('', 'MySession');
  try {
    const { cookie } = await signIn(serverA);
    const id = decodeURIComponent(cookie.split('=')[1] ?? '');
    await handler.read(id);
    const before = statements().length;
    await handler.read(id);
    const hasCache = statements().length === before;
    // The cache that one writes first: look there, else ask the database and keep the answer.
    const keep = async (): Promise<string> => {
      const key = createHash('sha256').update(id).digest('hex');
      const found = await other.get(key);
      if (found) return String(found.value);
      const data = await handler.read(id);
      await other.set(key, Buffer.from(data), 60);
      return data;
    };
    const look = hasCache ? () => handler.read(id) : keep;
    say(
      `server B reads through ${hasCache ? 'its own cache' : 'a cache that keeps what it has read'}`,
    );
    say(`Mallory has stolen the cookie of Ann, and B knows it: ${await look()}`);
    await serverA.request({ cookie, path: '/logout' });
    say('Ann signs out at server A, and her row is gone');
    const data = await look();
    say(`Mallory sends the cookie to B once more: ${data || 'no session'}`);
    return data === ''
      ? held('each change of a row is announced in the cache first, and no copy outlives it')
      : breached('the row is gone, and the cache of another server still has a copy of it');
  } finally {
    await serverA.close();
    for (const client of clients) client.close();
  }
};
