/** `migrate`: an older table to the present shape, step by step and online. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PoolConnection } from 'mysql2/promise';
import { leaseSchema, OurTable, quote, RUNNER, settingsOf } from '../../store/operate.ts';
import { type Ask, askOn } from '../ask.ts';
import type { Call } from '../call.ts';
import { withPool } from '../connect.ts';
import { EXIT_CODES, errorName, Refusal, UsageError } from '../ends.ts';
import { type Place, placeOf } from '../place.ts';
import { FOREVER, type Shape, shapeOf } from '../shape.ts';

/**
 * Seconds that an ALTER waits for the table. While it waits, later statements on the table wait behind
 * it; so it fails soon and is repeated.
 */
const LOCK_WAIT = 2;
const TRIES = 15;
const PAUSE = 1000;

/** Rows of one UPDATE. */
const AT_ONCE = 500;

/** The server cannot do this with this algorithm or lock. */
const UNSUPPORTED = new Set([1845, 1846, 1221]);
const LOCK_WAIT_TIMEOUT = 1205;

/** The program itself names the right that is missing. */
const RIGHTS = new Set([1142, 1143]);

const UNFIT =
  'a row has a value that does not fit into the new type: correct the row, or delete it';

/** Reasons for which the server refuses a step, with the remedy. Its own text may quote a row's values. */
const REFUSALS: Readonly<Record<number, string>> = {
  1062: 'two rows have the same value: delete one of them, or every row if the visitors may log in again',
  1205: 'a transaction keeps the table in use: SELECT * FROM information_schema.INNODB_TRX shows it, KILL ends its connection',
  1264: UNFIT,
  1265: UNFIT,
  1292: UNFIT,
  1366: UNFIT,
  1406: UNFIT,
};

/** The last one copies the table beside live writes: MariaDB 11.2. */
const ALGORITHMS = [
  ', ALGORITHM=INSTANT',
  ', ALGORITHM=INPLACE, LOCK=NONE',
  ', ALGORITHM=COPY, LOCK=NONE',
] as const;

/** A step that stops writes. */
class NeedsLock extends Error {}

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const place = await placeOf(call);
  const { table: name, columns } = place.options;
  const table = new OurTable(name, columns);
  const renames = renamesOf(call);
  const additions = additionsOf(call);
  return await withPool(place, async (pool) => {
    const connection = await pool.getConnection();
    try {
      const migration = new Migration(call, table, connection);
      return await migration.run(renames, additions, place);
    } finally {
      // The migration has changed session variables, which the pool's next user does not expect.
      connection.destroy();
    }
  });
}

class Migration {
  readonly #call: Call;
  readonly #table: OurTable;
  readonly #ask: Ask;
  readonly #done: string[] = [];
  #filled = 0;

  constructor(call: Call, table: OurTable, connection: PoolConnection) {
    this.#call = call;
    this.#table = table;
    this.#ask = askOn(connection);
  }

  /** Reports the steps that are done, also when a later one fails. */
  async run(...work: Parameters<Migration['work']>): Promise<number> {
    let end: number | undefined;
    try {
      end = await this.work(...work);
      return end;
    } finally {
      const isDone = end === EXIT_CODES.fine && !this.#call.signal.aborted;
      const isWorth = this.#call.terminal.isJson || this.#done.length + this.#filled > 0;
      if (isDone || isWorth) await this.#report(isDone);
    }
  }

  async work(
    renames: readonly (readonly [string, string])[],
    additions: ReadonlyMap<string, string>,
    place: Place,
  ): Promise<number> {
    await this.#ask(`SET SESSION lock_wait_timeout=${LOCK_WAIT}`);
    let shape = await this.#shape();
    const steps = [
      ...renameSteps(this.#table, shape, renames),
      ...[...additions]
        .filter(([column]) => !shape.columns.has(column.toLowerCase()))
        .map(([, definition]) => `${this.#alter} ADD COLUMN ${definition}`),
    ];
    const lost = await this.#runAll(steps);
    if (lost !== undefined) return lost;
    if (!this.#call.flag('dry-run')) shape = await this.#shape();
    const stuck = await this.#stuck(shape, renames);
    if (stuck.length > 0) {
      for (const text of stuck) this.#call.terminal.error(text);
      return EXIT_CODES.failed;
    }
    const rest = shape.differences.flatMap(({ sql }) => sql ?? []);
    const { strategy, leaseTable } = place.options;
    const failed = await this.#runAll(rest);
    if (failed !== undefined) return failed;
    if (strategy === 'lease' && !this.#call.flag('dry-run'))
      await this.#ask(leaseSchema(leaseTable));
    await this.#fill(place);
    return EXIT_CODES.fine;
  }

  get #alter(): string {
    return `ALTER TABLE ${quote(this.#table.name)}`;
  }

  async #shape(): Promise<Shape> {
    const shape = await shapeOf(this.#ask, this.#table);
    if (shape.exists) return shape;
    throw new Refusal(`there is no table "${this.#table.name}": phpsessid create makes it`);
  }

  /** Differences that only the owner of the table can decide. */
  async #stuck(shape: Shape, renames: readonly (readonly [string, string])[]): Promise<string[]> {
    const { id } = this.#table.names;
    // In a dry run the columns have their old names still.
    const coming = new Set(this.#call.flag('dry-run') ? renames.flat() : []);
    const texts = shape.differences
      .filter(({ sql, message }) => sql === undefined && !mentions(message, coming))
      .map(({ message, advice }) => `${message}: ${advice}`);
    const isRetyped = shape.differences.some(
      ({ code }) => code === 'id-collation' || code === 'id-short',
    );
    if (!isRetyped) return texts;
    const [strange] = await this.#ask(
      `SELECT 1 FROM ${quote(this.#table.name)} WHERE LENGTH(${quote(id)})<>32 ` +
        `AND ${quote(id)}<>? LIMIT 1`,
      [RUNNER],
    );
    if (strange === undefined) return texts;
    const reason = `the column "${id}" has values that are not hashes of ids: no cookie would find its row`;
    return [
      ...texts,
      `${reason}; let these sessions end, and begin with phpsessid create --table …`,
    ];
  }

  /** Runs statements; returns an exit code if one of them would stop writes. */
  async #runAll(statements: readonly string[]): Promise<number | undefined> {
    const { terminal, signal } = this.#call;
    for (const sql of statements) {
      if (signal.aborted) return EXIT_CODES.failed;
      try {
        if (!this.#call.flag('dry-run')) await this.#step(sql);
      } catch (error) {
        if (!(error instanceof NeedsLock)) throw refusalOf(error, sql);
        terminal.error(`this step stops writes while the table is copied: ${sql}`);
        terminal.note('give --allow-lock, at a quiet time, to run it');
        return EXIT_CODES.failed;
      }
      this.#done.push(sql);
      if (!terminal.isJson) await terminal.line(`${sql};`);
    }
    return undefined;
  }

  async #step(sql: string): Promise<void> {
    const algorithms = this.#call.flag('allow-lock') ? [...ALGORITHMS, ''] : ALGORITHMS;
    for (const algorithm of algorithms) {
      if (await this.#try(`${sql}${algorithm}`)) return;
    }
    throw new NeedsLock();
  }

  /** Returns false if the server does not support the statement's algorithm or lock. */
  async #try(sql: string): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#ask(sql);
        return true;
      } catch (error) {
        const { errno = 0 } = error as { errno?: number };
        if (UNSUPPORTED.has(errno)) return false;
        if (errno !== LOCK_WAIT_TIMEOUT || tries === TRIES) throw error;
        this.#call.terminal.progress(`the table is in use by a long transaction; try ${tries} …`);
        await delay(PAUSE, undefined, { signal: this.#call.signal });
      }
    }
  }

  /** Gives an expiry to rows that came without one, in small pieces along the index. */
  async #fill({ options }: Place): Promise<void> {
    if (this.#call.flag('dry-run')) return;
    const { idle, absolute } = settingsOf({ ...options, url: '' });
    const [table, c] = [quote(this.#table.name), this.#table.names];
    const [id, expires] = [quote(c.id), quote(c.expires)];
    while (!this.#call.signal.aborted) {
      const rows = await this.#ask(
        `SELECT ${id} FROM ${table} WHERE ${expires}>=${FOREVER} LIMIT ${AT_ONCE}`,
      );
      if (rows.length === 0) break;
      const marks = rows.map(() => '?').join(',');
      await this.#ask(
        // Below FOREVER in each case: a row with times in another unit would be found again.
        `UPDATE ${table} SET ${expires}=LEAST(${quote(c.updated)}+?,${quote(c.created)}+?,${FOREVER - 1}) ` +
          `WHERE ${id} IN (${marks}) AND ${expires}>=${FOREVER}`,
        [idle, absolute, ...rows.map(([key]) => key as Buffer)],
      );
      this.#filled += rows.length;
      this.#call.terminal.progress(`${this.#filled} rows have an expiry`);
    }
  }

  async #report(isDone: boolean): Promise<void> {
    const filled = this.#filled;
    const { terminal } = this.#call;
    const isDry = this.#call.flag('dry-run');
    const steps = this.#done;
    if (terminal.isJson) {
      await terminal.json({ isDry, isDone, steps, filled });
      return;
    }
    const count = `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}`;
    const end = filled === 0 ? '' : `, ${filled} rows have got their expiry`;
    await terminal.line(
      steps.length === 0 && filled === 0
        ? `the table ${this.#table.name} has the present shape`
        : `${count}${isDry ? ' to do' : ' done'}${end}`,
    );
    if (!isDone) await terminal.line('stopped: run it again for the rest');
  }
}

/** The refusal of a step; other errors, such as a missing right or a lost connection, as they are. */
function refusalOf(error: unknown, sql: string): unknown {
  const { errno, code, fatal, sqlState } = error as Readonly<Record<string, unknown>>;
  if (fatal === true || sqlState === undefined || RIGHTS.has(Number(errno))) return error;
  const reason = REFUSALS[Number(errno)] ?? 'run it with an SQL client, which shows the reason';
  return new Refusal(
    `the server refuses this step (${errorName({ errno, code })}): ${sql}\n${reason}`,
  );
}

function mentions(message: string, names: ReadonlySet<string>): boolean {
  return [...names].some((name) => message.includes(`the column "${name}"`));
}

function renameSteps(
  table: OurTable,
  { columns }: Shape,
  renames: readonly (readonly [string, string])[],
): string[] {
  return renames.flatMap(([from, to]) => {
    if (columns.has(to.toLowerCase())) return [];
    if (columns.has(from.toLowerCase())) {
      return [`ALTER TABLE ${quote(table.name)} RENAME COLUMN ${quote(from)} TO ${quote(to)}`];
    }
    throw new Refusal(`--rename ${from}=${to}: the table has neither column`);
  });
}

function renamesOf(call: Call): [string, string][] {
  return call.list('rename').map((text) => {
    const [from = '', to = '', ...rest] = text.split('=');
    if (from !== '' && to !== '' && rest.length === 0) return [from, to];
    throw new UsageError(`--rename takes OLD=NEW, such as payload=d, not "${text}"`);
  });
}

/** Columns of the application's own, by their names. */
function additionsOf(call: Call): ReadonlyMap<string, string> {
  return new Map(
    call.list('add').map((definition) => {
      const name = /^`([^`]+)`\s|^(\w+)\s/.exec(definition);
      if (!name) throw new UsageError(`--add takes a column's definition, not "${definition}"`);
      if (/\bNOT\s+NULL\b/i.test(definition) && !/\bDEFAULT\b/i.test(definition)) {
        throw new UsageError(
          `--add "${definition}": without a default every new session is refused`,
        );
      }
      return [(name[1] ?? name[2]) as string, definition];
    }),
  );
}
