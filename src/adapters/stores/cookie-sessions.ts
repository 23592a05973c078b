/**
 * Sessions that carry their cookie, in a layer that has a store with get, set and destroy: the part
 * that the stores of express-session and @fastify/session share. A layer hands around values and knows
 * no versions, so the session as its request has read it is held beside the values.
 */
import { warnOf } from '../../serialize/messages.ts';
import { SessionConflict, type Sessions } from '../../store/index.ts';
import { toEnvelope } from '../../store/payload/payload.ts';
import type { FormerTable } from './express-mysql-session.ts';
import { type Held, HeldRow, textOf } from './held.ts';
import { idOf, parse } from './layer.ts';

/** The part of a layer's session that a store reads. A session without a cookie never ends by it. */
export interface CookieSession {
  /** The cookie's attributes, stored with the session. */
  cookie?: {
    expires?: Date | string | number | null | undefined;
    originalMaxAge?: number | null | undefined;
  };
}

/** The share of a cookie's maxAge after which a use without a change is written down. */
const TOUCH_AFTER = 0.05;

/** Uses that are remembered without being written; of more sessions, the end is exact to the share. */
const USES = 10_000;

/** The sessions of one layer. */
export class CookieSessions<Data extends CookieSession> {
  readonly #sessions: Sessions;
  readonly #userOf: (session: Data) => string | undefined;
  readonly #former: FormerTable | undefined;
  /** Ends that a use has moved, though not by enough to write it down; by id. */
  readonly #uses = new Map<string, { readonly stored: unknown; readonly expires: string }>();
  /** The last save of a request: each compares with what the one before has left. */
  readonly #turns = new WeakMap<Held, Promise<void>>();
  /** Creations and ends that are under way, by the layer's id. */
  readonly #underWay = new Map<string, Promise<unknown>>();
  #hasWarned = false;

  constructor(
    sessions: Sessions,
    userOf: ((session: Data) => string | undefined) | undefined,
    former?: FormerTable,
  ) {
    this.#sessions = sessions;
    this.#userOf = userOf ?? (() => undefined);
    this.#former = former;
  }

  /** Reads a session; undefined for one that is unknown or has expired. */
  async read(sid: string): Promise<{ readonly data: Data; readonly held: Held } | undefined> {
    const held = await this.#find(sid);
    if (held === undefined) return undefined;
    const data = parse(held.text) as Data;
    const use = this.#uses.get(idOf(sid));
    if (use && data.cookie && data.cookie.expires === use.stored) data.cookie.expires = use.expires;
    return hasExpired(data) ? undefined : { data, held };
  }

  /**
   * Saves a session.
   *
   * @param held - The row that its request has read; undefined for a session that is new to its request.
   * @returns The row that the next save of this request compares with.
   */
  async write(sid: string, data: Data, held: Held | undefined): Promise<Held | undefined> {
    this.#warnOf(data);
    const text = JSON.stringify(data);
    if (held === undefined) return await this.#inTurn(sid, () => this.#create(sid, data, text));
    const save = (): Promise<void> => held.save(text);
    const turn = (this.#turns.get(held) ?? Promise.resolve()).then(save, save);
    this.#turns.set(held, turn);
    await turn;
    return held;
  }

  /** Notes the use of a session whose values are unchanged; its cookie may have another end. */
  async touch(sid: string, data: Data, held: Held | undefined): Promise<void> {
    const open = held ?? (await this.#find(sid));
    if (open === undefined) return;
    // A page that does not wait for its save: its response would leave after this, and before the save.
    await this.#turns.get(open)?.catch(() => {});
    const stored = parse(open.text) as Data;
    const gained = endOf(data) - endOf(stored);
    const slack = (data.cookie?.originalMaxAge ?? 0) * TOUCH_AFTER;
    if (Math.abs(gained) > slack || attributesOf(data) !== attributesOf(stored)) {
      await open.save(JSON.stringify({ ...stored, cookie: data.cookie }));
      return;
    }
    if (gained > 0) this.#remember(idOf(sid), stored.cookie?.expires, endOf(data));
    await open.touch();
  }

  /** Ends a session. */
  async end(sid: string): Promise<void> {
    await this.#inTurn(sid, () => this.#end(sid));
  }

  /** Begins a creation or an end when those before it are over: a page may not have waited for them. */
  async #inTurn<Value>(sid: string, begin: () => Promise<Value>): Promise<Value> {
    const before = this.#underWay.get(sid);
    const mine = before ? before.then(begin, begin) : begin();
    this.#underWay.set(sid, mine);
    try {
      return await mine;
    } finally {
      if (this.#underWay.get(sid) === mine) this.#underWay.delete(sid);
    }
  }

  async #end(sid: string): Promise<void> {
    // The former table comes first: a request that is moving the row then finds that it has ended.
    await this.#former?.remove(sid);
    const opened = await this.#sessions.open(idOf(sid));
    await opened?.destroy();
  }

  /** Reads the sessions that have not expired, a page at a time. */
  async *all(): AsyncGenerator<Data> {
    for await (const text of this.#texts()) {
      const data = parse(text) as Data;
      if (!hasExpired(data)) yield data;
    }
  }

  async *#texts(): AsyncGenerator<string> {
    for await (const { data } of this.#sessions.all()) yield textOf(data);
    if (this.#former) for await (const { text } of this.#former.all()) yield text;
  }

  /** Ends all sessions. */
  async endAll(): Promise<void> {
    await this.#former?.removeAll();
    await this.#sessions.endAll();
  }

  /** Moves all sessions of the table they came from, and returns how many there were. */
  async moveAll(): Promise<number> {
    let count = 0;
    if (this.#former === undefined) return count;
    for await (const { sid } of this.#former.all()) {
      if ((await this.#move(this.#former, sid)) !== undefined) count += 1;
    }
    return count;
  }

  async #find(sid: string): Promise<Held | undefined> {
    // A page that redirects without waiting for its login or logout: the next page is here at once.
    await this.#underWay.get(sid)?.catch(() => {});
    const opened = await this.#sessions.open(idOf(sid));
    if (opened !== undefined) return new HeldRow(opened);
    const former = this.#former;
    if (former === undefined) return undefined;
    return former.isShared ? await this.#findFormer(former, sid) : await this.#move(former, sid);
  }

  async #findFormer(former: FormerTable, sid: string): Promise<Held | undefined> {
    const row = await former.read(sid);
    if (row !== undefined) return former.hold(row, () => this.#open(sid));
    // Another process may have moved it between the two reads.
    return await this.#open(sid);
  }

  async #open(sid: string): Promise<HeldRow | undefined> {
    const opened = await this.#sessions.open(idOf(sid));
    return opened && new HeldRow(opened);
  }

  /**
   * Moves a session into this store. Every order of two moves and an end has one outcome, because the
   * row in the former table is deleted by the request that created ours, and an end deletes it first:
   * if it is gone by then, the session was ended, and ours ends as well.
   */
  async #move(former: FormerTable, sid: string): Promise<Held | undefined> {
    let row = await former.read(sid);
    if (row === undefined) return await this.#open(sid);
    const held = await this.#insert(sid, row.text, this.#userOf(parse(row.text) as Data));
    if (held === undefined) return await this.#open(sid);
    while (!(await former.removeIfSame(row))) {
      row = await former.read(sid);
      if (row === undefined) {
        await held.end();
        return undefined;
      }
      await held.save(row.text);
    }
    return held;
  }

  async #create(sid: string, data: Data, text: string): Promise<Held | undefined> {
    const former = this.#former;
    if (former?.isShared) {
      await former.put(sid, text);
      return former.hold({ sid, stored: text, text }, () => this.#open(sid));
    }
    const user = this.#userOf(data);
    const held = await this.#insert(sid, text, user);
    if (held !== undefined) return held;
    // The application has called set() itself, or makes the same id again, for a session that is there.
    const found = await this.#open(sid);
    if (found !== undefined) {
      await found.save(text);
      return found;
    }
    // The row has expired, and nothing has swept it yet.
    await this.#sessions.gc();
    return await this.#insert(sid, text, user);
  }

  /** Returns undefined if there is a row. */
  async #insert(sid: string, text: string, user: string | undefined): Promise<HeldRow | undefined> {
    try {
      return new HeldRow(await this.#sessions.create(idOf(sid), toEnvelope(text), { user }));
    } catch (error) {
      if (error instanceof SessionConflict) return undefined;
      throw error;
    }
  }

  #remember(id: string, stored: unknown, end: number): void {
    this.#uses.delete(id);
    this.#uses.set(id, { stored, expires: new Date(end).toISOString() });
    const [oldest] = this.#uses.keys();
    if (this.#uses.size > USES && oldest !== undefined) this.#uses.delete(oldest);
  }

  #warnOf({ cookie }: Data): void {
    const { idle } = this.#sessions;
    const seconds = (cookie?.originalMaxAge ?? 0) / 1000;
    // The end of a cookie may be an invalid date.
    if (!(seconds > idle) || this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `The cookie lives for ${Math.round(seconds)} s, and its session ends after ${idle} s without ` +
        'use: give createSessions() a larger idle, and absolute',
    );
  }
}

/** The cookie without its times, which differ at every use. */
function attributesOf({ cookie }: CookieSession): string {
  return JSON.stringify(cookie ?? {}, (key, value) =>
    key === 'expires' || key === 'originalMaxAge' || key === 'originalExpires' ? undefined : value,
  );
}

function endOf({ cookie }: CookieSession): number {
  const expires = cookie?.expires;
  return expires === null || expires === undefined ? Infinity : new Date(expires).getTime();
}

function hasExpired(session: CookieSession): boolean {
  return endOf(session) <= Date.now();
}

/** As the module is loaded: a test with fake timers replaces the global function, and never calls back. */
const callBack = setImmediate;

/**
 * Calls back once, outside the promise: an error of the callback is not a failure of the store.
 *
 * @param done - The layer's callback. Without one, a failure is a warning of the process as well: the
 *   caller may not await the promise, as `request.session.destroy()` of express-session does not.
 * @returns The promise without a callback; undefined with one.
 */
export function settle<Value>(
  promise: Promise<Value>,
  done: ((error: unknown, value?: Value) => void) | null | undefined,
): Promise<Value> | undefined {
  if (!done) {
    promise.catch(warnOf);
    return promise;
  }
  promise.then(
    // As MemoryStore of express-session: a call without a result reports no error by undefined.
    (value) => callBack(done, value === undefined ? undefined : null, value),
    (error: unknown) => callBack(done, error),
  );
  return undefined;
}
