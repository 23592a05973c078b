/** Strategy `lock`: a named lock of the server, on a connection of its own, from read to close. */
import { hash } from 'node:crypto';
import type { Answer, Link, Statement } from '../database/database.ts';
import { Deadline } from '../database/deadline.ts';
import { StatementFailure } from '../database/failures.ts';
import { SessionLockTimeout } from '../errors.ts';
import { quote } from '../table/names.ts';
import { type Hold, type HoldContext, transact } from './hold.ts';

/** RELEASE_LOCK must not keep a response waiting for long; a doubtful connection is closed. */
const RELEASE_WITHIN = 1000;

/**
 * Milliseconds that the server waits for the lock before it answers, and is asked again: a server that
 * hangs gives no answer. Whole seconds, because MySQL rounds.
 */
const ASK_EVERY = 1000;

const SQL = 'SELECT GET_LOCK(?,?) LIMIT 1';

/**
 * Takes the session's lock.
 *
 * @param key - The session's key.
 * @throws SessionLockTimeout; StatementFailure.
 */
export async function lockByName(
  context: HoldContext,
  key: Buffer,
  deadline: Deadline,
): Promise<Hold> {
  const { database, table, facts, lockTimeout } = context;
  const link = await database.connect(deadline);
  // Names are server-wide, and MySQL takes 64 characters without regard to case.
  const name = hash(
    'sha256',
    `${facts.schema}\0${quote(table.name)}\0${key.toString('hex')}`,
    'hex',
  );
  for (;;) {
    const { patience } = deadline;
    const wait = Math.min(patience, ASK_EVERY);
    const began = performance.now();
    const { rows } = await link.run(deadline, SQL, [name, wait / 1000], wait);
    deadline.noteWait(performance.now() - began);
    const got = String(rows[0]?.[0]);
    if (got === '1') return new NamedLock(link, name);
    if (got !== '0') {
      // After any other answer the connection may have the lock.
      link.destroy();
      throw new StatementFailure(new Error(`GET_LOCK() returned ${got}`), false);
    }
    if (wait === patience) break;
  }
  link.release();
  throw new SessionLockTimeout(lockTimeout);
}

class NamedLock implements Hold {
  readonly isExclusive = true;
  readonly isPinned = true;
  readonly isLost = false;
  readonly locksRow = false;
  readonly #link: Link;
  readonly #name: string;

  constructor(link: Link, name: string) {
    this.#link = link;
    this.#name = name;
  }

  read(deadline: Deadline, { sql, values }: Statement): Promise<Answer> {
    return this.#link.run(deadline, sql, values);
  }

  write(deadline: Deadline, statement: Statement): Promise<Answer> {
    return this.read(deadline, statement);
  }

  transact(deadline: Deadline, statements: readonly Statement[]): Promise<boolean> {
    return transact(this.#link, deadline, statements);
  }

  async close(): Promise<void> {
    try {
      const deadline = new Deadline(RELEASE_WITHIN);
      const { rows } = await this.#link.run(deadline, 'SELECT RELEASE_LOCK(?) LIMIT 1', [
        this.#name,
      ]);
      if (Number(rows[0]?.[0]) === 1) this.#link.release();
    } catch {
      // The connection is closed below, which releases the lock.
    }
    this.#link.destroy();
  }
}
