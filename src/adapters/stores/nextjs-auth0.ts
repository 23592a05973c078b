/**
 * The store behind nextjs-auth0: nothing revived after a logout, no refreshed token lost, and
 * back-channel logout.
 *
 * @module mysql/nextjs-auth0
 */
import { SessionConflict, type Sessions } from '../../store/index.ts';
import { decode, encode, idOf, requireLayer, type Values } from './layer.ts';

/** The part of nextjs-auth0's session that the store uses. */
export interface Auth0Session {
  /** The user's claims. */
  readonly user: {
    /** The user's id, as `sessions.of()` takes it. */
    readonly sub: string;
  };
  /** The values that nextjs-auth0 keeps for itself. */
  readonly internal: {
    /** The id of the session at Auth0, which a logout token names. */
    readonly sid: string;
    /** The issuer, where several domains are served. */
    readonly mcd?:
      | {
          /** As a logout token names it in `iss`. */
          readonly issuer: string;
        }
      | undefined;
  };
}

/** A logout token of Auth0, verified by nextjs-auth0. */
export interface Auth0LogoutToken {
  /** The user whose session ends. */
  readonly sub?: string | undefined;
  /** The session at Auth0; all of the user's without it. */
  readonly sid?: string | undefined;
  /** The issuer; sessions of another one stay. */
  readonly iss?: string | undefined;
}

/** A value as a request has read it, and the session that it was read with. */
interface ReadValue {
  readonly json: string;
  readonly session: ReadonlyMap<string, string>;
}

/**
 * A store for `new Auth0Client({ sessionStore })`.
 *
 * A save is an update of a session that is there, so a session that was ended stays ended. Values
 * that a request hands back as it has read them, such as a token set, do not replace those that
 * another request has saved meanwhile. `inactivityDuration` and `absoluteDuration` of nextjs-auth0
 * count for its cookie: give the sessions the same times as `idle` and `absolute`.
 *
 * @example
 * interface Shop { user: { sub: string }; internal: { sid: string; createdAt: number } }
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 *   idle: 24 * 3600,
 *   absolute: 3 * 24 * 3600,
 * });
 * const sessionStore = new Auth0SessionStore<Shop>(sessions);
 *
 * const session = { user: { sub: 'auth0|42' }, internal: { sid: 'abc', createdAt: 1 } };
 * await sessionStore.set('an id of nextjs-auth0', session);
 * await sessionStore.deleteByLogoutToken({ sub: 'auth0|42', sid: 'abc' });
 * await sessionStore.update('an id of nextjs-auth0', session); // false
 * await sessions.close();
 */
export class Auth0SessionStore<Session extends Auth0Session> {
  readonly #sessions: Sessions;
  /** nextjs-auth0 copies a session, and hands its values on. */
  readonly #read = new WeakMap<object, ReadValue>();

  /**
   * Keeps the sessions of the layer in this store; nothing is sent yet.
   *
   * @param sessions - The sessions, with the strategy `merge`.
   * @throws SessionSetupError for another strategy.
   */
  constructor(sessions: Sessions) {
    requireLayer('nextjs-auth0', sessions, {}, {});
    this.#sessions = sessions;
  }

  /**
   * Reads a session.
   *
   * @param id - The id of nextjs-auth0.
   * @returns The session; null for one that is unknown or has expired.
   */
  async get(id: string): Promise<Session | null> {
    const opened = await this.#sessions.open(idOf(id));
    if (opened === undefined || !(await opened.touch())) return null;
    const values = decode(opened.data);
    const session = new Map(entriesOf(values));
    for (const [key, json] of session) {
      const value = values[key];
      if (typeof value === 'object' && value !== null) this.#read.set(value, { json, session });
    }
    return values as unknown as Session;
  }

  /**
   * Creates a session, or saves one that is there.
   *
   * @param id - The id of nextjs-auth0.
   * @param session - The session, with the claims of its user.
   */
  async set(id: string, session: Session): Promise<void> {
    const { sub: user } = session.user;
    try {
      const label = labelOf(session.internal);
      await this.#sessions.create(idOf(id), encode(session), { user, label });
    } catch (error) {
      if (!(error instanceof SessionConflict)) throw error;
      await this.update(id, session);
    }
  }

  /**
   * Saves a session.
   *
   * @param id - The id of nextjs-auth0.
   * @param session - The session; a value handed on unchanged from `get()` replaces nothing.
   * @returns False if there is none: it has expired, or was ended.
   */
  async update(id: string, session: Session): Promise<boolean> {
    const opened = await this.#sessions.open(idOf(id));
    if (opened === undefined) return false;
    const data = encode(session);
    const base = this.#baseOf(session as unknown as Values, decode(opened.data));
    if (data.equals(opened.data) || data.equals(base)) return await opened.touch();
    return (await opened.save(data, { base })) !== 'gone';
  }

  /**
   * Ends a session; an unknown id is no error.
   *
   * @param id - The id of nextjs-auth0.
   */
  async delete(id: string): Promise<void> {
    await (await this.#sessions.open(idOf(id)))?.destroy();
  }

  /**
   * Ends the session that a logout token names, or all of its user.
   *
   * A token without a user is looked for in the whole table; those of Auth0 have one.
   *
   * @param token - The token's claims; without `sub` and `sid` it ends nothing.
   */
  async deleteByLogoutToken({ sub, sid, iss }: Auth0LogoutToken): Promise<void> {
    if (sub === undefined && sid === undefined) return;
    const isMeant = (label: string | undefined): boolean => {
      const [theirs, issuer] = (label ?? '').split(' ');
      const isOfIssuer = issuer === undefined || iss === undefined || iss === issuer;
      return isOfIssuer && (sid === undefined || sid === theirs);
    };
    if (sub !== undefined) {
      const user = this.#sessions.of(sub);
      for (const { handle, label } of await user.list()) {
        if (isMeant(label)) await user.revoke(handle);
      }
      return;
    }
    for await (const { handle, label, user } of this.#sessions.all()) {
      if (user !== undefined && isMeant(label)) await this.#sessions.of(user).revoke(handle);
    }
  }

  /**
   * Returns the session as its request has read it: known where it has handed on a value of what
   * `get()` returned, and else what is stored now, so that the save replaces it.
   */
  #baseOf(session: Values, stored: Values): Buffer {
    const read = Object.entries(session).map(
      ([key, value]) => [key, this.#read.get(value as object)] as const,
    );
    const known = read.find(([, value]) => value)?.[1]?.session;
    if (known === undefined) return encode(stored);
    const base = new Map(known);
    // A value may come from an earlier read than its neighbours.
    for (const [key, value] of read) if (value) base.set(key, value.json);
    return encode(Object.fromEntries([...base].map(([key, json]) => [key, JSON.parse(json)])));
  }
}

/** The session at Auth0 and its issuer, which a list of the user's sessions shows. */
function labelOf({ sid, mcd }: Auth0Session['internal']): string {
  return mcd ? `${sid} ${mcd.issuer}` : sid;
}

function entriesOf(values: Values): [string, string][] {
  return Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]);
}
