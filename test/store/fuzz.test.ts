/** A share of `npm run fuzz -- store`, which spoils a million; and random histories of two requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionUnreadable } from '../../src/store/errors.ts';
import { merge } from '../../src/store/payload/merge.ts';
import { type Format, Payload } from '../../src/store/payload/payload.ts';
import { deciding, type Taken, Variables } from '../../src/store/payload/variables.ts';
import { seededRandom } from '../../src/workshop/bench/random.ts';
import { spoilStore } from '../../src/workshop/fuzz/store.ts';

const FORMATS = ['json', 'php', 'php_serialize'] as const;

/** The variables of one request, and its saves, which take time. */
class Request {
  readonly variables: Variables;
  #base: Buffer;
  #taken: Taken | undefined;

  constructor(stored: Buffer, format: Format) {
    this.variables = new Variables(stored, format);
    this.#base = stored;
  }

  beginSave(): void {
    this.#taken ??= this.variables.take();
  }

  /** Ends the save, and returns what is stored then. */
  endSave(stored: Buffer, format: Format): Buffer {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken === undefined || taken.data.equals(this.#base)) return stored;
    const decide = deciding(taken, ({ mine }) => mine);
    const saved = stored.equals(this.#base)
      ? taken.data
      : merge(this.#base, taken.data, stored, format, decide);
    this.#base = saved;
    this.variables.rebase(saved, taken);
    return saved;
  }
}

test('spoiled cookies, rows and envelopes crash nothing, revive nothing and touch no prototype', async (context) => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  context.diagnostic(`seed ${seed}; again with SEED=${seed}`);
  const tallies = await spoilStore(seed, 12_000);
  for (const { kind, refused, taken } of tallies) {
    assert.ok(refused > 1000 && taken > 50, `${kind}: ${refused} refused, ${taken} taken`);
  }
});

test('an array whose key PHP does not have is unreadable', () => {
  for (const key of ['N;', 'b:1;', 'd:1.5;', 'a:0:{}', 'R:1;']) {
    assert.throws(
      () => new Payload(Buffer.from(`a:1:{${key}i:1;}`), 'php_serialize'),
      SessionUnreadable,
      key,
    );
  }
});

test('in random histories of two requests whose saves overlap, no update and no key is lost', (context) => {
  const random = seededRandom(process.env['SEED']);
  context.diagnostic(`seed ${random.seed}; again with SEED=${random.seed}`);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  for (let history = 0; history < 150; history += 1) {
    const format = FORMATS[history % FORMATS.length] ?? 'json';
    let stored: Buffer = Buffer.alloc(0);
    const requests = [new Request(stored, format), new Request(stored, format)] as const;
    const wanted: Record<string, number> = { n: 0 };
    const end = (request: Request): void => {
      stored = request.endSave(stored, format);
    };
    for (let step = 1; step <= 25; step += 1) {
      const at = below(2);
      const request = requests[at as 0 | 1];
      const key = `${at ? 'b' : 'a'}${below(3)}`;
      const choice = below(6);
      if (choice === 0) {
        request.variables.update('n', (n = 0) => Number(n) + 1);
        wanted['n'] = (wanted['n'] ?? 0) + 1;
      } else if (choice === 1) wanted[key] = step;
      else if (choice === 2) delete wanted[key];
      else if (choice === 3) end(request);
      else request.beginSave();
      if (choice === 1) request.variables.data[key] = step;
      if (choice === 2) delete request.variables.data[key];
    }
    for (const request of requests) {
      end(request);
      request.beginSave();
      end(request);
    }
    const payload = new Payload(stored, format);
    const found = Object.fromEntries([...payload.keys].map((key) => [key, payload.valueOf(key)]));
    assert.deepEqual({ n: 0, ...found }, wanted);
  }
});
