/** A session as its request has read it, until its last save: the base of every merge. */
import type { OpenSession } from '../../store/index.ts';
import { merge } from '../../store/payload/merge.ts';

/** A session between a request's read of it and its saves. */
export interface Held {
  /** The session as JSON, as this request has read or saved it. */
  readonly text: string;
  /** Saves the session, merged with what other requests have saved. Writes nothing if it has ended. */
  save(text: string): Promise<void>;
  /** Notes that the session was used. */
  touch(): Promise<void>;
}

/** A row of this store. */
export class HeldRow implements Held {
  readonly #opened: OpenSession;
  text: string;

  constructor(opened: OpenSession) {
    this.#opened = opened;
    this.text = opened.data.toString();
  }

  async save(text: string): Promise<void> {
    const base = Buffer.from(this.text);
    await this.#opened.save(Buffer.from(text), { base, own: ['cookie'] });
    this.text = text;
  }

  async touch(): Promise<void> {
    await this.#opened.touch();
  }

  async end(): Promise<void> {
    await this.#opened.destroy();
  }
}

/** Merges two changes of one session by top-level key; of a key that both changed, `mine` wins. */
export function mergeJson(base: string, mine: string, theirs: string): string {
  const [before, wanted, found] = [base, mine, theirs].map((text) => Buffer.from(text)) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  return merge(before, wanted, found, 'json', (contest) => contest.mine).toString();
}
