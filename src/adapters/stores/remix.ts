/**
 * The store behind remix's sessions: nothing lost when requests overlap, nothing revived after a
 * logout, unknown ids not adopted.
 *
 * @module mysql/remix
 */
import { type Sessions, SessionValueError } from '../../store/index.ts';
import { type LayerOptions, LayerSession, requireLayer, USER, type Values } from './layer.ts';

/** Values, and messages for the next request alone. */
export type RemixSessionData = [values: Record<string, unknown>, flash: Record<string, unknown>];

/** The part of remix's session that the storage uses. */
export interface RemixSession {
  /** The id; after `regenerateId()` the new one. */
  readonly id: string;
  /** The id that `regenerateId(true)` has given up. */
  readonly deleteId: string | undefined;
  /** Whether there is something to save. */
  readonly dirty: boolean;
  /** Whether the session was ended. */
  readonly destroyed: boolean;
  /** The values to store. */
  readonly data: [values: object, flash: object];
}

/** remix's interface of a session storage. */
export interface RemixSessionStorage<Session extends RemixSession> {
  /**
   * Reads a session.
   *
   * @param cookie - The cookie's value; null without one.
   * @returns The session; a new one for a cookie that is unknown or null.
   */
  read(cookie: string | null): Promise<Session>;
  /**
   * Saves a session.
   *
   * @param session - The session that `read()` has returned.
   * @returns The cookie to set: null to leave it, an empty text to remove it.
   */
  save(session: Session): Promise<string | null>;
}

/** Options of the storage. */
export interface RemixSessionOptions {
  /**
   * Returns the user of a session's values, for `sessions.of(user)`. At the login, set the user, and
   * call `session.regenerateId(true)`.
   *
   * @param values - The session's keys, without messages for the next request alone.
   * @returns The user; undefined for a visitor who has not logged in.
   * @default no user
   */
  readonly user?: ((values: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
}

/** In the row, messages are keys like all others, so that two requests may each leave one. */
const FLASH = '_flash.';

/**
 * A session storage for remix.
 *
 * `read()` makes the session that `save()` receives, so a save is compared with what its own request
 * has read: keys that other requests have changed are kept, and a session that was ended stays
 * ended. Its cookie is then left alone.
 *
 * @param sessions - The sessions, with the strategy `merge`.
 * @param createSession - remix's own function: `import { createSession } from 'remix/session'`.
 * @param options - The user of a session.
 * @returns A storage for remix's own middleware.
 * @throws SessionSetupError for another strategy, and for an option that is unknown or invalid.
 * @example
 * import { createSession } from '@remix-run/session';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const storage = remixSessionStorage(sessions, createSession);
 *
 * const first = await storage.read(null);
 * first.set('visits', 1);
 * const cookie = await storage.save(first);
 * const second = await storage.read(cookie);
 * second.get('visits'); // 1
 * second.destroy();
 * await storage.save(second); // ''
 * await sessions.close();
 */
export function remixSessionStorage<Session extends RemixSession>(
  sessions: Sessions,
  createSession: (id?: string, data?: RemixSessionData) => Session,
  options: RemixSessionOptions = {},
): RemixSessionStorage<Session> {
  requireLayer('remix', sessions, options, USER);
  const how: LayerOptions = { userOf: options.user ?? (() => undefined) };
  const read = new WeakMap<object, LayerSession>();
  return {
    async read(cookie) {
      const found = cookie ? await LayerSession.open(sessions, how, cookie) : undefined;
      if (found === undefined) return createSession();
      const session = createSession(found.sid, dataOf(found.values));
      read.set(session, found);
      return session;
    },

    async save(session) {
      const found = read.get(session);
      if (session.destroyed) {
        await found?.destroy();
        return '';
      }
      if (!session.dirty) return null;
      const values = valuesOf(session.data);
      if (found?.sid === session.id) return (await found.save(values)) ? session.id : null;
      if (found === undefined && Object.keys(values).length === 0) return null;
      // Without `deleteId` the old session stays, as it was before.
      const isMove = found !== undefined && session.deleteId !== undefined;
      const stored = isMove
        ? await found.moveTo(session.id, values)
        : await LayerSession.create(sessions, how, session.id, values);
      read.set(session, stored);
      return session.id;
    },
  };
}

/**
 * Returns values and messages as keys of the row.
 *
 * @throws SessionValueError for a key that would come back as a message.
 */
function valuesOf([values, flash]: RemixSession['data']): Values {
  for (const key of Object.keys(values)) {
    if (key.startsWith(FLASH)) throw new SessionValueError(key, `a key that begins with ${FLASH}`);
  }
  const messages = Object.entries(flash).map(([key, value]) => [FLASH + key, value]);
  return Object.fromEntries([...Object.entries(values), ...messages]);
}

function dataOf(stored: Values): RemixSessionData {
  const entries = Object.entries(stored);
  const isFlash = ([key]: [string, unknown]): boolean => key.startsWith(FLASH);
  const messages = entries.filter(isFlash);
  return [
    Object.fromEntries(entries.filter((entry) => !isFlash(entry))),
    Object.fromEntries(messages.map(([key, value]) => [key.slice(FLASH.length), value])),
  ];
}
