/**
 * Sessions in MySQL and MariaDB: nothing lost when requests overlap, nothing revived after a logout,
 * no id in the table.
 *
 * {@link createSessions} opens a store. `start()` gives a visitor's session with values, `open()` and
 * `create()` the bytes; `of(user)` lists and ends a user's sessions. The adapters, such as
 * `phpsessid/mysql/express`, save before a response leaves and set the cookie.
 *
 * @module mysql
 */

export type { AnySession } from './all.ts';
export type { CacheOptions } from './cache/rows.ts';
export type { CreateOptions } from './create.ts';
export type { AnyPool } from './database/database.ts';
export {
  SessionClosed,
  SessionConflict,
  SessionError,
  SessionLockLost,
  SessionLockTimeout,
  SessionNotFresh,
  SessionSetupError,
  SessionTooLarge,
  SessionUnavailable,
  SessionUnreadable,
  SessionValueError,
} from './errors.ts';
export type { SessionEvent, SessionEventKind, SessionListener } from './events.ts';
export type { Extra, ExtraValue, ExtraView } from './extra.ts';
export type { GcOptions } from './gc.ts';
export type { OnConflict, ResolveConflict } from './on-conflict.ts';
export type { Opening, OpenOptions, StartOptions } from './open.ts';
export type { OpenSession, ReadSession } from './open-session.ts';
export type {
  ArticleOptions,
  ArticleTableOptions,
  Connected,
  SessionsOptions,
  Strategy,
} from './options.ts';
export type { Owner } from './owner.ts';
export type { Contest, Decide } from './payload/merge.ts';
export type { Format } from './payload/payload.ts';
export type { PhpFormat } from './payload/php.ts';
export type { SealOptions } from './payload/seal.ts';
export type { RenewOptions } from './renew.ts';
export type { SaveAnswer, SaveOptions } from './save.ts';
export type { PhpSaveHandler, SaveHandlerOptions } from './save-handler.ts';
export type { CookieChange, Session, SessionRenewOptions } from './session.ts';
export { createSessions, type Sessions } from './store.ts';
export type { Columns } from './table/statements.ts';
export type { ListedSession, UserSessions } from './users.ts';
