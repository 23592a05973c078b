/**
 * A ledger of sessions under a fault: what was acknowledged against what is there. Each acknowledged
 * update is there once, each other one at most once; a session that was ended stays ended, and no
 * other one is. Readers compare all the time, also while the fault lasts.
 */
import assert from 'node:assert/strict';
import { SessionError } from '../../../src/store/errors.ts';
import type { Session } from '../../../src/store/session.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { until } from '../../workshop/machine/place.ts';
import { parsed } from '../parsed.ts';

interface Data {
  /** The marks of all updates. */
  n: string[];
}

/** One visitor's session. */
interface Entry {
  /** The browser's cookie. */
  id: string;
  readonly user: string;
  readonly acknowledged: string[];
  /** `ending` as long as no logout is acknowledged: the session may be there or not. */
  state: 'alive' | 'ending' | 'ended';
}

/** The options of a ledger. */
export interface LedgerOptions {
  /** The stores, as processes would have them; writers take turns. */
  readonly stores: readonly Sessions[];
  /** The number of writers at once. */
  readonly writers: number;
  /** The number of readers at once, which hold nothing; none without. */
  readonly readers?: number | undefined;
  /** Every so many updates come with a new id; none without. */
  readonly renewEvery?: number | undefined;
}

let users = 0;

/** Several sessions, written by several writers until it is closed. */
export class Ledger {
  readonly errors: unknown[] = [];
  /** The longest time that one update took, its read included. */
  longest = 0;
  /** The sessions that readers have found. */
  found = 0;
  readonly #entries: Entry[] = [];
  readonly #options: LedgerOptions;
  #workers: Promise<unknown> = Promise.resolve();
  #isOver = false;

  private constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Creates the sessions, and starts the writers and readers. */
  static async begin(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options);
    for (let at = 0; at < 6; at += 1) await ledger.#add(at);
    const { writers, readers = 0 } = options;
    ledger.#workers = Promise.all([
      ...Array.from({ length: writers }, (_, writer) => ledger.#write(writer)),
      ...Array.from({ length: readers }, (_, reader) => ledger.#read(reader)),
    ]);
    return ledger;
  }

  get count(): number {
    return this.#entries.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  /** Waits for so many more acknowledged updates. */
  async reaches(more: number): Promise<void> {
    const goal = this.count + more;
    await until(() => this.count >= goal);
  }

  async #add(at: number): Promise<void> {
    const session = await this.#storeOf(at).start(undefined);
    users += 1;
    const user = `user ${users}`;
    session.data.n = [];
    await session.renew({ user });
    this.#entries.push({ id: session.id as string, user, acknowledged: [], state: 'alive' });
    await session.close();
  }

  #storeOf(writer: number): Sessions<{ n: string[] }> {
    const { stores } = this.#options;
    return stores[writer % stores.length] as unknown as Sessions<Data>;
  }

  async #write(writer: number): Promise<void> {
    const { renewEvery = Number.POSITIVE_INFINITY } = this.#options;
    for (let turn = 0; !this.#isOver; turn += 1) {
      // The writers also write to ended sessions.
      const entry = this.#entries[(writer + turn) % this.#entries.length] as Entry;
      const began = performance.now();
      try {
        const isDue = (turn + writer) % renewEvery === renewEvery - 1;
        await this.#update(entry, this.#storeOf(writer), `${writer}-${turn}`, isDue);
      } catch (error) {
        this.errors.push(error);
      }
      this.longest = Math.max(this.longest, performance.now() - began);
    }
  }

  async #update(
    entry: Entry,
    sessions: Sessions<Data>,
    mark: string,
    renews: boolean,
  ): Promise<void> {
    await using session: Session<Data> = await sessions.start(entry.id);
    if (session.isNew) {
      assert.notEqual(entry.state, 'alive', 'a session that was not ended was not found');
      return;
    }
    session.update('n', (marks = []) => [...marks, mark]);
    if (renews) await session.renew({ grace: 600 });
    else if ((await session.save()) === 'gone') {
      assert.notEqual(entry.state, 'alive', 'a session that was not ended is gone');
      return;
    }
    entry.acknowledged.push(mark);
    if (typeof session.cookie === 'object') entry.id = session.cookie.set;
  }

  async #read(reader: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn += 1) {
      const entry = this.#entries[(reader + turn) % this.#entries.length] as Entry;
      try {
        await this.#see(entry, this.#storeOf(reader));
      } catch (error) {
        this.errors.push(error);
      }
      // A read that is refused at once must not keep the others from running.
      await new Promise(setImmediate);
    }
  }

  async #see(entry: Entry, sessions: Sessions<Data>): Promise<void> {
    const wasEnded = entry.state === 'ended';
    const acknowledged = [...entry.acknowledged];
    const session = await sessions.open(entry.id, { mode: 'read' });
    if (session === undefined) {
      assert.notEqual(entry.state, 'alive', 'a reader did not find a session that was not ended');
      return;
    }
    assert.equal(wasEnded, false, 'a reader found a session that was ended');
    const there = new Set((parsed(session.data) as Data).n);
    assert.deepEqual(
      acknowledged.filter((mark) => !there.has(mark)),
      [],
      'a reader missed an acknowledged update',
    );
    this.found += 1;
  }

  /** Logs a visitor out while others write the same session. */
  async logOut(at: number, way: 'destroy' | 'revokeAll'): Promise<void> {
    const entry = this.#entries[at];
    assert.ok(entry);
    const sessions = this.#storeOf(at);
    entry.state = 'ending';
    try {
      if (way === 'revokeAll') await sessions.of(entry.user).revokeAll();
      else {
        await using session = await sessions.start(entry.id);
        await session.destroy();
      }
      entry.state = 'ended';
    } catch (error) {
      this.errors.push(error);
    }
  }

  /** Ends the writers and readers, and compares the ledger with what stores find. */
  async close(...readers: readonly Sessions[]): Promise<void> {
    this.#isOver = true;
    await this.#workers;
    for (const error of this.errors) {
      assert.ok(error instanceof SessionError, String(error));
      assert.equal('code' in error, false);
    }
    if (this.#options.readers) assert.ok(this.found > 0);
    for (const reader of readers) await this.#compare(reader);
  }

  async #compare(reader: Sessions): Promise<void> {
    const result = { lost: 0, doubled: 0, revived: 0, vanished: 0 };
    for (const { id, user, acknowledged, state } of this.#entries) {
      const session = await reader.open(id, { mode: 'read' });
      const listed = await reader.of(user).list();
      if (state === 'ended') result.revived += session === undefined ? listed.length : 1;
      else if (state === 'ending' && session === undefined) continue;
      else if (session === undefined || listed.length !== 1) result.vanished += 1;
      else {
        const { n } = parsed(session.data) as Data;
        const there = new Set(n);
        result.doubled += n.length - there.size;
        result.lost += acknowledged.filter((mark) => !there.has(mark)).length;
      }
    }
    assert.deepEqual(result, { lost: 0, doubled: 0, revived: 0, vanished: 0 });
  }
}
