/** Records a reader and a writer of one row that meet in memcached, and draws them. */
import { setImmediate } from 'node:timers/promises';
import { createPool } from 'mysql2/promise';
import { MemcachedClient } from '../../store/cache/memcached.ts';
import { Memcached } from '../machine/memcached.ts';
import type { SessionsConstructor } from '../sandbox/contract.ts';
import { loadClass, nextCopy } from '../sandbox/load-class.ts';
import { openWire } from '../wire/proxy.ts';
import type { Yield } from './page.ts';
import { type Arrow, drawSequence } from './pictures/sequence.ts';

const [READER, CACHE, WRITER] = ['server B reads', 'memcached', 'server A ends it'] as const;

/**
 * Draws a read that is under way while another server ends the session: the copy comes too late.
 *
 * @param classFile - The class, which has `cache` and `readOnly` among its parts.
 * @param databaseUrl - A schema with the lesson's empty table.
 * @throws Error when memcached cannot be obtained.
 */
export async function drawMeeting(classFile: string, databaseUrl: string): Promise<Yield> {
  const memcached = await Memcached.open();
  const wire = await openWire(databaseUrl);
  const pool = createPool(wire.url);
  const arrows: Arrow[] = [];
  const clients = [READER, WRITER].map((lane) => new RecordingClient(memcached.port, lane, arrows));
  try {
    const Sessions = (await loadClass(nextCopy(classFile))) as SessionsConstructor;
    const handler = async (cache?: object, readOnly = false) => {
      const made = new Sessions({ pool, readOnly, ...(cache ? { cache } : {}) });
      await made.open('', '');
      return made;
    };
    const [reader, writer] = [await handler(clients[0], true), await handler(clients[1])];
    const maker = (await handler()) as unknown as { create_sid(): Promise<string> };
    const first = await handler();
    const id = await maker.create_sid();
    await (maker as unknown as typeof first).close();
    await first.write(id, 'user|s:3:"ann";');
    const select = wire.gate(1, /^SELECT \*/, { opens: 'by hand', holds: 'answer' });
    const reading = reader.read(id);
    await select.arrived;
    // The reader gets its lease back meanwhile: three commands and their answers.
    while (arrows.length < 6) await setImmediate();
    arrows.push({ from: READER, to: READER, says: 'SELECT …' });
    const drop = wire.gate(1, /^DELETE/, { opens: 'by hand' });
    const ending = writer.destroy(id);
    await drop.arrived;
    arrows.push({ from: WRITER, to: WRITER, says: 'DELETE …' });
    select.open();
    await reading;
    drop.open();
    await ending;
  } finally {
    for (const client of clients) client.close();
    await pool.end();
    await wire.close();
    await memcached.close();
  }
  return drawSequence({
    title: 'A copy of the row comes too late for memcached',
    lanes: [READER, CACHE, WRITER],
    arrows,
  });
}

/** Notes each command and its answer, in the words of the lesson. */
class RecordingClient extends MemcachedClient {
  readonly #note: (says: string, answer: string) => void;

  constructor(port: number, lane: string, arrows: Arrow[]) {
    super({ server: `127.0.0.1:${port}`, timeout: 10_000 });
    this.#note = (says, answer) => {
      arrows.push({ from: lane, to: CACHE, says });
      arrows.push({ from: CACHE, to: lane, says: answer, isAnswer: true });
    };
  }

  override async get(key: string) {
    const item = await super.get(key);
    this.#note('get', item ? kindOf(item.value) : 'nothing');
    return item;
  }

  override async add(...values: Parameters<MemcachedClient['add']>): Promise<boolean> {
    const done = await super.add(...values);
    this.#note(`add ${kindOf(values[1])}`, done ? 'stored' : 'there is one');
    return done;
  }

  override async cas(...values: Parameters<MemcachedClient['cas']>): Promise<boolean> {
    const done = await super.cas(...values);
    this.#note(`cas ${kindOf(values[1])}`, done ? 'stored' : 'has changed');
    return done;
  }

  override async remove(...values: Parameters<MemcachedClient['remove']>): Promise<boolean> {
    const done = await super.remove(...values);
    this.#note('remove', done ? 'removed' : 'has changed');
    return done;
  }
}

/** `a lease` for `{"lease":"…"}`. */
function kindOf(value: Uint8Array): string {
  const [kind = 'nothing'] = Object.keys(JSON.parse(Buffer.from(value).toString()) as object);
  return kind === 'writers' ? 'a token' : `a ${kind}`;
}
