/** Checks of the server's settings. */
import { type Case, type Check, type Finding, globalName } from './case.ts';

const MEBIBYTE = 1024 ** 2;

/** mysql2's pools close a connection that was idle for a minute. */
const POOL_IDLE = 60;

/** Rows that an application's pages read at once. */
const ROWS_AT_ONCE = 1000;

/** Rows of a large table, as many sites have. */
const LARGE_TABLE = 1_000_000;

/** Prepared statements that a site needs: some dozens for each connection of a few processes' pools. */
const PREPARED = 1000;

/** Milliseconds that a statement must be given. */
const SHORTEST_STATEMENT = 1000;

/** Settings of the server, in the order in which an operator would correct them. */
export const settings: Check = (examined) => {
  const general = { ...examined, server: generalOf(examined) };
  return CHECKS.flatMap((check) => {
    const finding = check(examined);
    if (finding === undefined) return [];
    // SET GLOBAL leaves as it is what init_connect or the account sets.
    return check(general) ? finding : { ...finding, remedy: remedyOfAccount(examined) };
  });
};

/** The server as it is before init_connect, the account and a proxy change it. */
function generalOf({ server }: Case): Case['server'] {
  return new Map([
    ...server,
    ...[...server.keys()].flatMap((name) => {
      const value = server.get(globalName(name));
      return value === undefined ? [] : [[name, value] as const];
    }),
  ]);
}

function remedyOfAccount({ server }: Case): string {
  return (
    'The setting of the server itself is right. For this account one of these changes it:\n' +
    `init_connect of the server, which is '${server.get('init_connect') ?? ''}'\n` +
    'the options of the account, which SHOW CREATE USER lists\na proxy'
  );
}

function readOnly({ server }: Case): Finding | undefined {
  const name = [
    'read_only',
    'super_read_only',
    'innodb_read_only',
    'transaction_read_only',
    'tx_read_only',
  ].find((each) => /^(?:ON|1)$/.test(server.get(each) ?? ''));
  if (name === undefined) return undefined;
  return {
    code: 'read-only',
    level: 'error',
    message: `the server has ${name}=ON: no session can be saved (a replica, perhaps)`,
    remedy: `Connect to the primary, or, if this is it:\nSET GLOBAL ${name}=OFF;`,
  };
}

/** https://dev.mysql.com/doc/refman/8.4/en/forcing-innodb-recovery.html */
function recovery({ server }: Case): Finding | undefined {
  const level = Number(server.get('innodb_force_recovery') ?? 0);
  if (level === 0) return undefined;
  return {
    code: 'read-only',
    level: 'error',
    message: `the server runs with innodb_force_recovery=${level}, a mode for the rescue of damaged data: it refuses saves, or can lose them`,
    remedy:
      'Dump the data, remove innodb_force_recovery from the configuration of the server, and restart it.',
  };
}

function notStrict({ server }: Case): Finding | undefined {
  const mode = server.get('sql_mode') ?? '';
  if (/\bSTRICT_(?:TRANS|ALL)_TABLES\b/.test(mode)) return undefined;
  return {
    code: 'sql-mode',
    level: 'error',
    message: `sql_mode is '${mode}', which is not strict: a value that does not fit is cut without an error`,
    remedy: `SET GLOBAL sql_mode=CONCAT_WS(',', NULLIF(@@GLOBAL.sql_mode, ''), 'STRICT_TRANS_TABLES');`,
  };
}

function selectLimit({ server }: Case): Finding | undefined {
  const rows = numberOf(server, 'sql_select_limit');
  if (rows >= ROWS_AT_ONCE) return undefined;
  return {
    code: 'select-limit',
    level: 'warning',
    message: `sql_select_limit is ${rows}: SELECTs of the application get no more rows, without an error`,
    remedy: 'SET GLOBAL sql_select_limit=DEFAULT;',
  };
}

/** Pages of a list have few rows; a count, and the census of a large table, have all. */
function joinSize({ server }: Case): Finding | undefined {
  const rows = numberOf(server, 'max_join_size');
  if (server.get('sql_big_selects') !== 'OFF' || rows >= LARGE_TABLE) return undefined;
  return {
    code: 'select-limit',
    level: 'warning',
    message: `max_join_size is ${rows}: the server refuses a SELECT that may read more rows`,
    remedy: 'SET GLOBAL max_join_size=DEFAULT;',
  };
}

function preparedLimit({ server }: Case): Finding | undefined {
  const most = numberOf(server, 'max_prepared_stmt_count');
  if (most >= PREPARED) return undefined;
  return {
    code: 'prepared-limit',
    level: 'error',
    message: `max_prepared_stmt_count is ${most}: the store's statements are prepared on each connection of each process, and are refused beyond it`,
    remedy: 'SET GLOBAL max_prepared_stmt_count=DEFAULT;',
  };
}

/** MariaDB counts seconds, MySQL milliseconds and reads only; 0 is no limit. */
function statementTime({ server }: Case): Finding | undefined {
  const longest =
    Number(server.get('max_statement_time') ?? 0) * 1000 ||
    Number(server.get('max_execution_time') ?? 0);
  if (longest === 0 || longest >= SHORTEST_STATEMENT) return undefined;
  const name = server.has('max_statement_time') ? 'max_statement_time' : 'max_execution_time';
  return {
    code: 'statement-time',
    level: 'warning',
    message: `${name} stops statements after ${longest} ms: a busy server refuses reads and saves`,
    remedy: `SET GLOBAL ${name}=0;`,
  };
}

function autocommit({ server }: Case): Finding | undefined {
  const completion = server.get('completion_type') ?? 'NO_CHAIN';
  if (completion === 'CHAIN' || completion === '1') {
    return {
      code: 'autocommit',
      level: 'error',
      message:
        'completion_type is CHAIN: a COMMIT begins the next transaction, and a later save on the connection is rolled back when it closes',
      remedy: 'SET GLOBAL completion_type=NO_CHAIN;',
    };
  }
  if (server.get('autocommit') !== 'OFF') return undefined;
  return {
    code: 'autocommit',
    level: 'error',
    message: 'autocommit is OFF: a save is rolled back when its connection closes',
    remedy: 'SET GLOBAL autocommit=1;\nand in the configuration of the server: autocommit=1',
  };
}

function isolation({ server }: Case): Finding | undefined {
  const level = server.get('transaction_isolation') ?? server.get('tx_isolation') ?? '';
  if (!/UNCOMMITTED|SERIALIZABLE/.test(level)) return undefined;
  const harm = level.startsWith('S')
    ? 'reads within a transaction lock rows, and saves wait for them'
    : 'a read can return a save that is then rolled back';
  return {
    code: 'isolation',
    level: 'error',
    message: `the isolation is ${level}: ${harm}`,
    remedy: 'SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED;',
  };
}

function packet({ server, sample }: Case): Finding | undefined {
  const bytes = numberOf(server, 'max_allowed_packet');
  const needed = Math.max(MEBIBYTE, 2 * sample.largest + 1024);
  if (bytes >= needed) return undefined;
  const enough = Math.max(16 * MEBIBYTE, 2 ** Math.ceil(Math.log2(needed)));
  return {
    code: 'packet',
    level: 'error',
    message:
      `max_allowed_packet is ${bytes} bytes; the largest session of the sample has ${sample.largest}: ` +
      'a larger one is refused',
    remedy: `SET GLOBAL max_allowed_packet=${enough};`,
  };
}

function flushLog({ server }: Case): Finding | undefined {
  if (server.get('innodb_flush_log_at_trx_commit') !== '0') return undefined;
  return {
    code: 'flush-log',
    level: 'warning',
    message:
      'innodb_flush_log_at_trx_commit is 0: a crash of the server takes back up to a second of saves that ' +
      'were acknowledged, logouts included',
    remedy: 'SET GLOBAL innodb_flush_log_at_trx_commit=1; -- or 2, if only a power cut may do that',
  };
}

/** The collection and the strategy `row` read what is committed. */
function binlogFormat({ server }: Case): Finding | undefined {
  if (server.get('log_bin') !== 'ON' || server.get('binlog_format') !== 'STATEMENT') {
    return undefined;
  }
  return {
    code: 'binlog-format',
    level: 'error',
    message:
      'binlog_format is STATEMENT, with which the server refuses writes at READ COMMITTED: expired sessions are not deleted',
    remedy:
      'SET GLOBAL binlog_format=ROW;\nand in the configuration of the server: binlog_format=ROW',
  };
}

function waitTimeout({ server }: Case): Finding | undefined {
  const wait = numberOf(server, 'wait_timeout');
  if (wait >= POOL_IDLE) return undefined;
  return {
    code: 'wait-timeout',
    level: 'warning',
    message: `wait_timeout is ${wait} s, shorter than a pool keeps idle connections (${POOL_IDLE} s): requests meet closed ones`,
    remedy: `SET GLOBAL wait_timeout=${10 * POOL_IDLE};\nor in the pool: { idleTimeout: ${(wait * 1000) / 2} }`,
  };
}

/** MariaDB ends the connection of a transaction that sends no statement; 0 is no limit. */
function idleTransaction({ server, place }: Case): Finding | undefined {
  if (place.options.strategy !== 'row') return undefined;
  for (const name of ['idle_transaction_timeout', 'idle_write_transaction_timeout']) {
    const seconds = Number(server.get(name) ?? 0);
    if (seconds === 0 || seconds >= POOL_IDLE) continue;
    return {
      code: 'wait-timeout',
      level: 'error',
      message: `${name} is ${seconds} s: strategy 'row' keeps a transaction while a request works, and a longer request loses its save`,
      remedy: `SET GLOBAL ${name}=${POOL_IDLE};`,
    };
  }
  return undefined;
}

function clusterLocks({ server, place }: Case): Finding | undefined {
  const { strategy = 'merge', oneWriter = false } = place.options;
  const nodes = server.get('wsrep_on') === 'ON' ? Number(server.get('wsrep_cluster_size')) : 1;
  if (nodes < 2 || oneWriter || (strategy !== 'lock' && strategy !== 'row')) return undefined;
  return {
    code: 'cluster-locks',
    level: 'error',
    message: `strategy '${strategy}' locks on one node, and the cluster has ${nodes}: the store refuses to start`,
    remedy: "createSessions({ strategy: 'lease', … }), or 'merge', which needs no lock",
  };
}

const CHECKS = [
  readOnly,
  recovery,
  notStrict,
  selectLimit,
  joinSize,
  preparedLimit,
  statementTime,
  autocommit,
  isolation,
  packet,
  flushLog,
  binlogFormat,
  waitTimeout,
  idleTransaction,
  clusterLocks,
];

/** A number among the variables; of one that a proxy keeps to itself, nothing is wrong. */
function numberOf(server: Case['server'], name: string): number {
  return Number(server.get(name) ?? Number.POSITIVE_INFINITY);
}
