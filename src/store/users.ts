/** The sessions of one user: a list to show, and ways to end them. */
import type { Context } from './context.ts';
import { Deadline } from './database/deadline.ts';
import type { ExtraValue } from './extra.ts';
import { type Kind, OBJECT, requireKind } from './kinds.ts';
import { endFound, removeRows } from './remove.ts';
import type { Listed } from './table/table.ts';

/** An id or a handle in place of the session would end this session as well. */
const SESSION: Kind = {
  takes: 'the session that stays',
  accepts: (value) => OBJECT.accepts(value) && 'handle' in Object(value),
};

/** A session in a user's list. It has neither the id nor anything that leads to it. */
export interface ListedSession<Column extends string = string> {
  /** The session's name, for `revoke()`. */
  readonly handle: string;
  /** When it began. */
  readonly created: Date;
  /** When it was last used, to the exactness of `touchAfter`. */
  readonly lastSeen: Date;
  /** The label that `create()` or `renew()` was given. */
  readonly label: string | undefined;
  /** The columns of the option `extra`, by name. */
  readonly extra: Readonly<Record<Column, ExtraValue>>;
}

/**
 * The sessions of one user; `sessions.of(user)` returns it.
 *
 * @example
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const session = await sessions.start(undefined);
 * await session.renew({ user: 'ann', label: 'Firefox on Linux' });
 *
 * const ann = sessions.of('ann');
 * const [newest] = await ann.list();
 * newest?.label; // 'Firefox on Linux'
 * await ann.revokeOthers(session); // 0
 * await ann.revoke(newest?.handle ?? ''); // true
 * await sessions.open(session.id); // undefined
 * await sessions.close();
 */
export class UserSessions<Column extends string = string> {
  readonly #start: () => Promise<Context>;
  readonly #user: string;

  /** @internal */
  constructor(start: () => Promise<Context>, user: string) {
    this.#start = start;
    this.#user = user;
  }

  /**
   * Lists the user's live sessions.
   *
   * @returns The newest first; empty for a user without a session.
   * @throws SessionUnavailable.
   */
  async list(): Promise<ListedSession<Column>[]> {
    const context = await this.#start();
    const listed = await this.#read(context, new Deadline(context.budget));
    return listed.map(({ key, created, updated, label, extra }) => ({
      handle: context.hash.handleOf(key),
      created: new Date(created),
      lastSeen: new Date(updated),
      label,
      extra: extra as ListedSession<Column>['extra'],
    }));
  }

  /**
   * Ends one session.
   *
   * @param handle - Its handle in the list; another user's handle ends nothing.
   * @returns False if the user has no such session.
   * @throws SessionUnavailable.
   */
  async revoke(handle: string): Promise<boolean> {
    const context = await this.#start();
    const isItsHandle = ({ key }: Listed): boolean => context.hash.handleOf(key) === handle;
    const deadline = new Deadline(context.budget);
    const listed = (await this.#read(context, deadline)).find(isItsHandle);
    if (listed === undefined) return false;
    return await endFound(context, deadline, { key: listed.key, user: this.#user });
  }

  /**
   * Ends all sessions of the user but one, as after a new password.
   *
   * @param session - The session that stays. Without a handle, as before its first save, all end.
   * @returns How many were ended.
   * @throws SessionSetupError for an id or a handle in place of the session; SessionUnavailable: some
   *   sessions may be alive then.
   */
  async revokeOthers(session: { readonly handle: string | undefined }): Promise<number> {
    requireKind('revokeOthers()', session, SESSION);
    const context = await this.#start();
    const { hash, events } = context;
    return await this.#end(context, session.handle, (key) => {
      events.emit('destroy', () => ({ handle: hash.handleOf(key), user: this.#user }));
    });
  }

  /**
   * Ends all sessions of the user, those that are being renewed included.
   *
   * @returns How many were ended.
   * @throws SessionUnavailable: some sessions may be alive then.
   */
  async revokeAll(): Promise<number> {
    const context = await this.#start();
    const user = this.#user;
    const count = await this.#end(context);
    const deadline = new Deadline(context.budget);
    await context.database.repeat(deadline, context.table.removePointers(user));
    context.events.emit('destroy', () => ({ user, count }));
    return count;
  }

  /** Ends all sessions but the one with a handle, and returns how many there were. */
  async #end(context: Context, handle?: string, onEnded?: (key: Buffer) => void): Promise<number> {
    const { hash, table, budget } = context;
    const deadline = new Deadline(budget);
    let count = 0;
    // A session that was renewed since it was listed has another row now.
    for (;;) {
      const listed = (await this.#read(context, deadline)).map(({ key }) => key);
      const keys = listed.filter((key) => hash.handleOf(key) !== handle);
      if (keys.length === 0) return count;
      count += await removeRows(context, deadline, keys, (some) => table.removeLive(some));
      if (onEnded) keys.forEach(onEnded);
    }
  }

  async #read({ database, table }: Context, deadline: Deadline): Promise<Listed[]> {
    const { rows } = await database.repeat(deadline, table.list(this.#user));
    return rows.map((row) => table.listedOf(row));
  }
}
