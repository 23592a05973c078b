/** Questions to the server at start, and refusals that name their remedy. */
import { BARE, type Bound, type Database, type Frame } from '../database/database.ts';
import { CREATE_IT, Deadline } from '../database/deadline.ts';
import { SessionSetupError } from '../errors.ts';
import { ALL_ROWS } from './statements.ts';
import type { Table } from './table.ts';

/** The properties of the server that the store depends on. */
export interface Facts {
  /** The schema that the connections use. */
  readonly schema: string;
  /** The most bytes of data that one save may have. */
  readonly maxBytes: number;
  /** The number of nodes that take writes, as far as the server reports it. */
  readonly nodes: number;
}

/** The room of a save's statement in a packet, beside its data. */
const STATEMENT_BYTES = 1024;

/**
 * Asks the server and the table. The version's number is not read: names of products say little
 * about what a server can do.
 *
 * @param overhead - Bytes by which a session's data grows before it is stored.
 * @throws SessionSetupError for a table that would lose or confuse sessions.
 */
export async function probe(
  database: Database,
  table: Table,
  budget: number,
  overhead = 0,
): Promise<Facts> {
  const deadline = new Deadline(budget);
  const ask = async (sql: string, ...values: Bound[]): Promise<readonly (readonly unknown[])[]> =>
    (await database.repeat(deadline, { sql, values })).rows;
  const nodes = await countNodes(ask);
  database.frames = {
    read: nodes === undefined ? BARE : await currentReads(ask),
    write: await strictWrites(ask),
  };
  const [server = []] = await ask('SELECT DATABASE(),@@max_allowed_packet,@@autocommit LIMIT 1');
  const [schema, packet, autocommit] = server;
  if (Number(autocommit) !== 1) {
    throw new SessionSetupError(
      'autocommit is off on this connection, so a save would be rolled back when it closes: set ' +
        'autocommit=1 in the server, in its init_connect, and in the pool',
    );
  }
  const [named, tableName] = table.name.includes('.')
    ? table.name.split('.')
    : [schema, table.name];
  if (named === null) {
    throw new SessionSetupError(
      "the pool has selected no database: set its `database`, or write the table as 'schema.table'",
    );
  }
  const columns = await ask(
    'SELECT COLUMN_NAME,CHARACTER_OCTET_LENGTH,COLLATION_NAME,ENGINE FROM information_schema.COLUMNS ' +
      'JOIN information_schema.TABLES USING (TABLE_SCHEMA,TABLE_NAME) ' +
      `WHERE TABLE_SCHEMA=? AND TABLE_NAME=?${ALL_ROWS}`,
    String(named),
    String(tableName),
  );
  const maxBytes = capacityOf(table, columns);
  return {
    schema: String(named),
    maxBytes: Math.min(maxBytes, Number(packet) - STATEMENT_BYTES) - overhead,
    nodes: nodes ?? 1,
  };
}

/** Returns how many bytes the data column takes. */
function capacityOf(table: Table, columns: readonly (readonly unknown[])[]): number {
  const place = `the table "${table.name}"`;
  const [first] = columns;
  if (first === undefined) {
    throw new SessionSetupError(
      `${place} does not exist, or the user may not see it: ${CREATE_IT}`,
    );
  }
  const found = new Map(columns.map((column) => [String(column[0]).toLowerCase(), column]));
  const missing = table.columns.filter((column) => !found.has(column.toLowerCase()));
  if (missing.length > 0) {
    throw new SessionSetupError(
      `${place} has no column "${missing.join('", "')}": add columns of \`extra\`, set ` +
        '`columns`, or run "npx phpsessid doctor"',
    );
  }
  const engine = first[3] as string | null;
  if (engine?.toLowerCase() !== 'innodb') {
    throw new SessionSetupError(
      engine
        ? `${place} uses the engine ${engine}, without transactions: ALTER TABLE … ENGINE=InnoDB`
        : `${place} is a view: name the table behind it`,
    );
  }
  const [key = '', data = ''] = table.columns;
  const collation = found.get(key.toLowerCase())?.[2];
  if (typeof collation === 'string' && !collation.endsWith('_bin')) {
    throw new SessionSetupError(
      `the column "${key}" of ${place} compares by ${collation}, in which different ids are ` +
        'equal: make it VARBINARY',
    );
  }
  return Number(found.get(data.toLowerCase())?.[1]);
}

type Ask = (sql: string) => Promise<readonly (readonly unknown[])[]>;

/** Galera's number of nodes; undefined for a server without a cluster. */
async function countNodes(ask: Ask): Promise<number | undefined> {
  const [isOn] = await ask("SHOW VARIABLES LIKE 'wsrep_on'");
  if (isOn?.[1] !== 'ON') return undefined;
  const [size] = await ask("SHOW STATUS LIKE 'wsrep_cluster_size'");
  return Number(size?.[1] ?? 1);
}

/**
 * Finds how a SELECT waits until its node has applied what the others have committed before.
 *
 * @returns The frame of each SELECT; bare where the server waits by itself.
 * @throws SessionSetupError for a server that can do neither.
 */
async function currentReads(ask: Ask): Promise<Frame> {
  const [wait] = await ask("SHOW VARIABLES LIKE 'wsrep_sync_wait'");
  if (Number(wait?.[1]) & 1) return BARE;
  const before = 'SET STATEMENT wsrep_sync_wait=1 FOR ';
  try {
    await ask(`${before}SELECT 1`);
    return { before, behind: '' };
  } catch (error) {
    if (!(error instanceof SessionSetupError)) throw error;
    throw new SessionSetupError(
      'a node of this cluster may be behind the others, and would log visitors out: set ' +
        'wsrep_sync_wait=1 on every node',
      error.cause,
    );
  }
}

const STRICT = "sql_mode='STRICT_ALL_TABLES'";

/** How MariaDB and MySQL change a setting for one statement. */
const STRICT_FRAMES: readonly Frame[] = [
  { before: `SET STATEMENT ${STRICT} FOR `, behind: '' },
  { before: '', behind: ` /*+ SET_VAR(${STRICT}) */` },
];

/**
 * Finds how a save is refused whose data does not fit, as after a column was narrowed while the
 * program runs: a server that is not strict cuts the data and reports success. The setting of the
 * application's connections stays as it is.
 *
 * A connection that stops being strict after this question is not noticed. A frame around every save
 * would cover that, and would hide the verb of a statement from proxies that route by it.
 *
 * @returns The frame of each save; bare where the server is strict by itself.
 * @throws SessionSetupError for a server that can do neither.
 */
async function strictWrites(ask: Ask): Promise<Frame> {
  const isStrict = (mode: unknown): boolean => /STRICT_(?:ALL|TRANS)_TABLES/.test(String(mode));
  const [modes = []] = await ask('SELECT @@sql_mode,@@GLOBAL.sql_mode LIMIT 1');
  if (modes.every(isStrict)) return BARE;
  for (const frame of STRICT_FRAMES) {
    try {
      const [mode] = await ask(`${frame.before}SELECT${frame.behind} @@sql_mode LIMIT 1`);
      if (isStrict(mode?.[0])) return frame;
    } catch (error) {
      if (!(error instanceof SessionSetupError)) throw error;
    }
  }
  throw new SessionSetupError(
    `sql_mode is '${modes[0]}', with which the server cuts data that does not fit: add STRICT_TRANS_TABLES`,
  );
}

/**
 * Refuses a lock that only one node would know of.
 *
 * @throws SessionSetupError.
 */
export function requireOneWriter(strategy: string, nodes: number): void {
  if (nodes <= 1 || (strategy !== 'lock' && strategy !== 'row')) return;
  throw new SessionSetupError(
    `strategy: '${strategy}' locks on one node, and this cluster has ${nodes} that take writes: use ` +
      "'merge' or 'lease', or set oneWriter: true if the address leads to a single writer",
  );
}
