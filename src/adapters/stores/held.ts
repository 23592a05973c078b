/** A session as its request has read it, until its last save: the base of every merge. */
import type { OpenSession } from '../../store/index.ts';
import { merge } from '../../store/payload/merge.ts';
import { applyText, Payload, toEnvelope } from '../../store/payload/payload.ts';

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
  /** The session that `text` shows; PHP's types are in these bytes alone. */
  #base: Buffer;
  text: string;

  constructor(opened: OpenSession) {
    this.#opened = opened;
    this.#base = opened.data;
    this.text = textOf(opened.data);
  }

  async save(text: string): Promise<void> {
    const data = applyText(this.#base, this.text, text);
    await this.#opened.save(data, { base: this.#base, own: ['cookie'] });
    this.#base = data;
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
  const [before, wanted, found] = [base, mine, theirs].map(toEnvelope) as [Buffer, Buffer, Buffer];
  return textOf(merge(before, wanted, found, 'json', (contest) => contest.mine));
}

/** Returns a session as the JSON that a session layer parses. */
export function textOf(data: Buffer): string {
  return new Payload(data, 'json').toPlainText();
}
