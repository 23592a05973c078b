/** The part that the stores behind others' session layers share: ids of any form, and saves that merge. */
import { createHash } from 'node:crypto';
import {
  type OpenSession,
  SessionSetupError,
  type Sessions,
  SessionUnreadable,
  type Strategy,
} from '../../store/index.ts';
import { FUNCTION, type Kind, requireAll } from '../../store/kinds.ts';
import { applyText, toEnvelope } from '../../store/payload/payload.ts';
import { textOf } from './held.ts';

/** A session's data as JSON has it. */
export type Values = Record<string, unknown>;

/** Options of a layer's saves. */
export interface LayerOptions {
  /** Returns the user of a session's data. */
  readonly userOf: (values: Values) => string | undefined;
  /** Keys that the layer itself writes at every save, such as an expiry. */
  readonly own?: readonly string[] | undefined;
}

/**
 * Returns the id under which a layer's session is stored. A layer's own id may have any form; its
 * hash has the form of ours, and as much entropy.
 */
export function idOf(sid: string): string {
  return createHash('sha256').update(sid).digest('base64url');
}

/** The kinds of the option that the stores of all layers have. */
export const USER: Readonly<Record<'user', Kind>> = { user: FUNCTION };

/**
 * Checks the arguments of a layer's store.
 *
 * @param layer - The layer's name, for errors.
 * @param kinds - The options that the store has.
 * @throws SessionSetupError for an unknown or invalid option; for a strategy that locks, since a layer
 *   does not report the end of a request; for the article's table, whose rows have ids of PHP.
 */
export function requireLayer(
  layer: string,
  sessions: { readonly strategy?: Strategy; readonly isArticle?: boolean } | undefined,
  options: object,
  kinds: Readonly<Record<string, Kind>>,
): void {
  const strategy = sessions?.strategy;
  if (strategy === undefined) {
    throw new SessionSetupError(
      `The store of ${layer} takes the sessions that createSessions() returns`,
    );
  }
  if (sessions?.isArticle) {
    throw new SessionSetupError(`${layer} cannot use profile: 'article', whose table PHP reads`);
  }
  if (strategy !== 'merge') {
    throw new SessionSetupError(
      `${layer} cannot release the locks of strategy: '${strategy}': use 'merge'`,
    );
  }
  requireAll(options, kinds);
}

/** Returns a session's bytes. */
export function encode(values: object): Buffer {
  return toEnvelope(JSON.stringify(values));
}

/** Returns a session's values. @throws As `parse()`. */
export function decode(data: Buffer): Values {
  return parse(textOf(data));
}

/** Parses a session's JSON. @throws SessionUnreadable, without the data that JSON.parse() would quote. */
export function parse(text: string): Values {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {}
  if (typeof values === 'object' && values !== null) return values as Values;
  throw new SessionUnreadable('it is not an object of JSON, as the session layer writes it');
}

/** One request's session, as the layer's object shows it. */
export class LayerSession {
  /** The layer's id. */
  readonly sid: string;
  readonly #sessions: Sessions;
  readonly #options: LayerOptions;
  readonly #open: OpenSession;
  /** The session that the layer's object was made from or saved as, without keys that a merge added. */
  #shown: Buffer;

  private constructor(sessions: Sessions, options: LayerOptions, sid: string, open: OpenSession) {
    this.sid = sid;
    this.#sessions = sessions;
    this.#options = options;
    this.#open = open;
    this.#shown = open.data;
  }

  /**
   * Opens a session for reading and writing, and notes its use.
   *
   * @returns undefined if no session is alive under this id.
   */
  static async open(
    sessions: Sessions,
    options: LayerOptions,
    sid: string,
  ): Promise<LayerSession | undefined> {
    const open = await sessions.openExact(idOf(sid));
    // A layer does not call its store for a request that changes nothing.
    if (open === undefined || !(await open.touch())) return undefined;
    return new LayerSession(sessions, options, sid, open);
  }

  /**
   * Creates a session.
   *
   * @throws SessionConflict if there is one with this id.
   */
  static async create(
    sessions: Sessions,
    options: LayerOptions,
    sid: string,
    values: Values,
  ): Promise<LayerSession> {
    const user = options.userOf(values);
    const open = await sessions.create(idOf(sid), encode(values), { user });
    return new LayerSession(sessions, options, sid, open);
  }

  /** The values that the layer's object is to begin with. */
  get values(): Values {
    return decode(this.#shown);
  }

  /**
   * Saves what this request has changed, beside what others have changed meanwhile.
   *
   * @returns Whether the session is alive; one that was ended stays ended.
   * @throws SessionSetupError for a login that keeps its id.
   */
  async save(values: Values): Promise<boolean> {
    const user = this.#options.userOf(values);
    const isLogin = user !== undefined && user !== this.#options.userOf(this.values);
    if (isLogin && user !== this.#open.user) {
      throw new SessionSetupError(
        'The session has another user than before: give it a new id at the login, with the user in it',
      );
    }
    const data = this.#changedBy(values);
    if (data.equals(this.#shown)) return await this.#open.touch();
    const { own } = this.#options;
    const answer = await this.#open.save(data, { base: this.#shown, own });
    this.#shown = data;
    return answer !== 'gone';
  }

  /**
   * Moves the session to a new id, with what others have saved until now; the old id is ended. If
   * another request has ended the session meanwhile, the new one has only what this request has set.
   */
  async moveTo(sid: string, values: Values): Promise<LayerSession> {
    const [base, data] = [this.#shown, this.#changedBy(values)];
    const { own, userOf } = this.#options;
    // One transaction: the old id, which may be known to others, never shows the data of a login.
    const user = userOf(values) ?? null;
    if ((await this.#open.moveTo(idOf(sid), { data, base, own, user })) === undefined) {
      const changes = changesOf(this.values, values);
      return await LayerSession.create(this.#sessions, this.#options, sid, changes);
    }
    const moved = new LayerSession(this.#sessions, this.#options, sid, this.#open);
    moved.#shown = data;
    return moved;
  }

  #changedBy(values: Values): Buffer {
    return applyText(this.#shown, textOf(this.#shown), JSON.stringify(values));
  }

  /** Ends the session. */
  async destroy(): Promise<void> {
    await this.#open.destroy();
  }
}

function changesOf(before: Values, after: Values): Values {
  return Object.fromEntries(
    Object.entries(after).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(before[key]),
    ),
  );
}
