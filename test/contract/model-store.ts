/** A store in memory that keeps the whole contract, and whose parts a test can break. */
import { createHash } from 'node:crypto';
import session from 'express-session';
import type { CallbackStore, StoredSession } from '../../src/contract/store/subject.ts';

/** A callback of any method. */
export type Done = (error?: unknown, value?: never) => void;

interface Row {
  text: string;
  version: number;
}

/** Compares versions: what a save is given knows the version of its row by the object. */
export class ModelStore extends session.Store {
  readonly rows: Map<string, Row> = new Map();
  readonly #read = new WeakMap<object, Row>();

  override createSession(...[request, data]: Parameters<session.Store['createSession']>): never {
    const made = super.createSession(request, data);
    const row = this.#read.get(data);
    if (row) this.#read.set(made, row);
    return made as never;
  }

  keyOf(id: string): string {
    return createHash('sha256').update(id).digest('hex');
  }

  find(key: string): Row | undefined {
    const row = this.rows.get(key);
    return row && endOf(JSON.parse(row.text) as StoredSession) > Date.now() ? row : undefined;
  }

  override get(id: string, done: Done): void {
    const row = this.find(this.keyOf(id));
    const data = row && (JSON.parse(row.text) as object);
    if (row && data) this.#read.set(data, row);
    setImmediate(done, null, (data ?? null) as never);
  }

  override set(id: string, data: object, done?: Done): void {
    const key = this.keyOf(id);
    const base = this.#read.get(data);
    const row = this.find(key);
    let text = JSON.stringify(data);
    if (base && row && row.version !== base.version) text = merge(base.text, text, row.text);
    if (!base || row) {
      const next = { text, version: (row?.version ?? 0) + 1 };
      this.rows.set(key, next);
      this.#read.set(data, next);
    }
    if (done) setImmediate(done, null);
  }

  override destroy(id: string, done?: Done): void {
    this.rows.delete(this.keyOf(id));
    if (done) setImmediate(done, null);
  }

  override touch(id: string, { cookie }: { cookie: unknown }, done?: Done): void {
    const key = this.keyOf(id);
    const row = this.find(key);
    if (row) {
      const text = JSON.stringify({ ...(JSON.parse(row.text) as object), cookie });
      this.rows.set(key, { text, version: row.version });
    }
    if (done) setImmediate(done);
  }

  override all(done: Done): void {
    const keys = [...this.rows.keys()].filter((key) => this.find(key));
    const all = keys.map((key) => JSON.parse(this.rows.get(key)?.text ?? '') as object);
    setImmediate(done, null, all as never);
  }

  override length(done: Done): void {
    const count = [...this.rows.keys()].filter((key) => this.find(key)).length;
    setImmediate(done, null, count as never);
  }

  override clear(done?: Done): void {
    this.rows.clear();
    if (done) setImmediate(done, null);
  }
}

/** A store without a database: every method reports an error. */
export function unreachable(error: object = new Error('no database')): CallbackStore {
  const fail = (...given: unknown[]): void => void setImmediate(given.at(-1) as Done, error);
  return { get: fail, set: fail, destroy: fail };
}

function endOf({ cookie }: StoredSession): number {
  return cookie.expires ? new Date(cookie.expires).getTime() : Infinity;
}

/** The stored values with the changes between `base` and `mine`. */
function merge(base: string, mine: string, theirs: string): string {
  const [old, own, merged] = [base, mine, theirs].map(
    (text) => JSON.parse(text) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>];
  for (const key of new Set([...Object.keys(old), ...Object.keys(own)])) {
    if (JSON.stringify(old[key]) === JSON.stringify(own[key])) continue;
    if (key in own) merged[key] = own[key];
    else Reflect.deleteProperty(merged, key);
  }
  return JSON.stringify(merged);
}
