import assert from 'node:assert/strict';
import { after, mock, test } from 'node:test';
import { openBench } from '#bench';

const { another, clock, database, handler, newId, recordDraws, serve } = await openBench();
await handler.open('', 'MySession');
const server = await serve();
after(() => server.close());

/** The fraction of positions at which two ids have the same character. */
function likeness(one: string, other: string): number {
  const letters = [...one];
  return letters.filter((letter, place) => letter === other[place]).length / letters.length;
}

/** The random bytes of one process: a stream for each of its ids, all alike but for one byte. */
function streams(changed?: { id: number; byte: number }): ((size: number) => Uint8Array)[] {
  return Array.from({ length: 3 }, (_, id) => {
    let drawn = 0;
    return (size) =>
      Uint8Array.from({ length: size }, () => {
        const isChanged = changed?.id === id && changed.byte === drawn;
        drawn += 1;
        return (id * 64 + drawn) ^ (isChanged ? 1 : 0);
      });
  });
}

/** The random bytes of an id: those given, and then always the same. */
function startingWith(...first: number[]): (size: number) => Uint8Array {
  let drawn = 0;
  return (size) =>
    Uint8Array.from({ length: size }, () => {
      drawn += 1;
      return first[drawn - 1] ?? 7;
    });
}

/** The class in a process that starts anew; what it draws while it starts is the same each time. */
async function startAnew(): Promise<typeof handler> {
  const { result } = await recordDraws(
    async () => {
      const { handler: started } = await another();
      await started.open('', 'MySession');
      return started;
    },
    (size) => new Uint8Array(size),
  );
  return result;
}

/** The ids of a process that starts anew, and the number of random bytes drawn for each. */
async function idsFrom(sources: ((size: number) => Uint8Array)[]): Promise<[string, number][]> {
  const fresh = await startAnew();
  // The same id is drawn again and again, and a later lesson keeps a row for each.
  await database.query('DELETE FROM sessions');
  const ids: [string, number][] = [];
  for (const source of sources) {
    const { result, bytes } = await recordDraws(() => fresh.create_sid(), source);
    ids.push([result, Buffer.concat(bytes).length]);
  }
  await fresh.close();
  return ids;
}

test('an id says nothing about the next one', async () => {
  // The clock and Math.random are fixed, so an id made from them does not vary.
  clock.set(1_800_000_000);
  const random = mock.method(Math, 'random', () => 0.5);
  const ids: string[] = [];
  for (let drawn = 0; drawn < 100; drawn++) ids.push(await newId());
  random.mock.restore();
  assert.equal(new Set(ids).size, 100, 'with the clock and Math.random at rest, ids repeat');
  for (const [index, id] of ids.entries()) {
    const before = ids[index - 1] ?? '';
    assert.ok(id.length >= 43, `${id} is too short for 32 random bytes`);
    assert.ok(likeness(id, before) < 1 / 3, `after ${before} came ${id}`);
  }
});

test('each of the 32 random bytes of an id counts', async () => {
  clock.set(1_800_000_000);
  const ids = await idsFrom(streams());
  for (const [id, drawn] of ids) {
    assert.ok(drawn >= 32, `an id of ${id.length} characters was made of ${drawn} random bytes`);
  }
  const bytes = [[0, 7, 8, 15, 16, 23, 24, 31], [0, 15, 31], [31]];
  for (const [nth, [before]] of ids.entries()) {
    for (const byte of bytes[nth] ?? []) {
      const [after] = (await idsFrom(streams({ id: nth, byte })))[nth] ?? [];
      assert.notEqual(after, before, `id ${nth + 1} is the same with another random byte ${byte}`);
    }
  }
  // Values that look alike in a notation without capitals, or with fewer characters than it needs.
  const values = [[0], [100], [104], [204], [208], [244], [248], [252]];
  // Pairs whose digits are the same in a notation without leading zeros: decimal, or hexadecimal.
  values.push([1, 11], [11, 1], [1, 17], [17, 1]);
  const similar = new Set<string>();
  // Each in a process of its own: a sum of all bytes so far would tell apart what its own do not.
  for (const first of values) {
    for (const [id] of await idsFrom([startingWith(...first)])) similar.add(id);
  }
  const story = `ids whose first random bytes are ${JSON.stringify(values)}`;
  assert.equal(similar.size, values.length, story);
  const fails = (): never => {
    throw new Error('the test lets the source of random bytes fail');
  };
  const fresh = await startAnew();
  const answer = await recordDraws(() => fresh.create_sid(), fails).catch((error) => error);
  assert.ok(answer instanceof Error, 'no random bytes could be drawn, and an id was made');
  await fresh.close();
});

test('counting on from your own id opens no session', async () => {
  const { cookie: ann } = await server.request({ path: '/login?user=ann' });
  const { cookie: mallory } = await server.request();
  assert.match((await server.request({ path: '/whoami', cookie: ann })).body, /ann/);
  const [name = '', own = ''] = mallory.split('=');
  const numbers = [...new Set(own.match(/[0-9]+/g))];
  // An id has a few; a seal around it has a hundred, and its checksum covers each of them.
  for (const digits of new Set([...numbers.slice(0, 4), ...numbers.slice(-4)])) {
    for (const step of [-2, -1, 1, 2]) {
      const guess = own.replace(digits, String(Number(digits) + step));
      const { body } = await server.request({ path: '/whoami', cookie: `${name}=${guess}` });
      assert.match(body, /Nobody/, `${own} leads to ${guess}`);
    }
  }
});
