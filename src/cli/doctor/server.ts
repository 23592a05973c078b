/** Checks of the server and of the way to it. */
import { createConnection } from 'mysql2/promise';
import { NOW } from '../../store/operate.ts';
import { UsageError } from '../ends.ts';
import { type Case, type Check, type Finding, isPrimary, Unchecked } from './case.ts';

const MEBIBYTE = 1024 ** 2;

/** mysql2's pools close a connection that was idle for a minute. */
const POOL_IDLE = 60;

/** Sessions that the store reads by one statement. */
const ROWS_AT_ONCE = 32;

/** Milliseconds that a statement must be given. */
const SHORTEST_STATEMENT = 1000;

/** Connections that a pool of mysql2 opens. */
const POOL_SIZE = 10;

/** Milliseconds that two clocks may differ. */
const CLOCKS_APART = 2000;

/** A node of a cluster that takes no part in it. */
export function clusterState(server: Case['server']): Finding[] {
  if (isPrimary(server)) return [];
  return [
    {
      code: 'cluster-state',
      level: 'error',
      message:
        `the node is ${server.get('wsrep_cluster_status')}, ready: ${server.get('wsrep_ready')}: it refuses ` +
        'every statement until it sees a majority of the cluster',
      remedy:
        'Start the other nodes, or reconnect this one to them. Only if they are gone for good, on ONE node:\n' +
        "SET GLOBAL wsrep_provider_options='pc.bootstrap=YES';",
    },
  ];
}

/** Settings of the server. */
export const settings: Check = ({ server, sample, place }) => {
  const findings: Finding[] = [];
  const add = (finding: Finding): void => void findings.push(finding);
  const isOn = (name: string): boolean => /^(?:ON|1)$/.test(server.get(name) ?? '');
  const readOnly = [
    'read_only',
    'super_read_only',
    'innodb_read_only',
    'transaction_read_only',
    'tx_read_only',
  ].find(isOn);
  if (readOnly !== undefined) {
    add({
      code: 'read-only',
      level: 'error',
      message: `the server has ${readOnly}=ON: no session can be saved (a replica, perhaps)`,
      remedy: `Connect to the primary, or, if this is it:\nSET GLOBAL ${readOnly}=OFF;`,
    });
  }
  const mode = server.get('sql_mode') ?? '';
  if (!/\bSTRICT_(?:TRANS|ALL)_TABLES\b/.test(mode)) {
    add({
      code: 'sql-mode',
      level: 'error',
      message: `sql_mode is '${mode}', which is not strict: a value that does not fit is cut without an error`,
      remedy: `SET GLOBAL sql_mode=CONCAT_WS(',', NULLIF(@@GLOBAL.sql_mode, ''), 'STRICT_TRANS_TABLES');`,
    });
  }
  const rows = Number(server.get('sql_select_limit'));
  if (rows < ROWS_AT_ONCE) {
    add({
      code: 'select-limit',
      level: 'error',
      message: `sql_select_limit is ${rows}, and the store reads up to ${ROWS_AT_ONCE} sessions at once: it would take the others for ended`,
      remedy: 'SET GLOBAL sql_select_limit=DEFAULT;',
    });
  }
  // MariaDB counts seconds, MySQL milliseconds and reads only; 0 is no limit.
  const longest =
    Number(server.get('max_statement_time') ?? 0) * 1000 ||
    Number(server.get('max_execution_time') ?? 0);
  if (longest > 0 && longest < SHORTEST_STATEMENT) {
    const name = server.has('max_statement_time') ? 'max_statement_time' : 'max_execution_time';
    add({
      code: 'statement-time',
      level: 'warning',
      message: `${name} stops statements after ${longest} ms: a busy server refuses reads and saves`,
      remedy: `SET GLOBAL ${name}=0;`,
    });
  }
  if (server.get('autocommit') === 'OFF') {
    add({
      code: 'autocommit',
      level: 'error',
      message: 'autocommit is OFF: a save is taken back when its connection closes',
      remedy: 'SET GLOBAL autocommit=1;\nand in the configuration of the server: autocommit=1',
    });
  }
  const isolation = server.get('transaction_isolation') ?? server.get('tx_isolation') ?? '';
  if (/UNCOMMITTED|SERIALIZABLE/.test(isolation)) {
    const harm = isolation.startsWith('S')
      ? 'reads within a transaction lock rows, and saves wait for them'
      : 'a read can return a save that is then taken back';
    add({
      code: 'isolation',
      level: 'error',
      message: `the isolation is ${isolation}: ${harm}`,
      remedy: 'SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED;',
    });
  }
  const packet = Number(server.get('max_allowed_packet'));
  const needed = Math.max(MEBIBYTE, 2 * sample.largest + 1024);
  if (packet < needed) {
    add({
      code: 'packet',
      level: 'error',
      message:
        `max_allowed_packet is ${packet} bytes; the largest session of the sample has ${sample.largest}: ` +
        'a larger one is refused',
      remedy: `SET GLOBAL max_allowed_packet=${Math.max(16 * MEBIBYTE, 2 ** Math.ceil(Math.log2(needed)))};`,
    });
  }
  if (server.get('innodb_flush_log_at_trx_commit') === '0') {
    add({
      code: 'flush-log',
      level: 'warning',
      message:
        'innodb_flush_log_at_trx_commit is 0: a crash of the server takes back up to a second of saves that ' +
        'were acknowledged, logouts included',
      remedy:
        'SET GLOBAL innodb_flush_log_at_trx_commit=1; -- or 2, if only a power cut may do that',
    });
  }
  const wait = Number(server.get('wait_timeout'));
  if (wait < POOL_IDLE) {
    add({
      code: 'wait-timeout',
      level: 'warning',
      message: `wait_timeout is ${wait} s, shorter than a pool keeps idle connections (${POOL_IDLE} s): requests meet closed ones`,
      remedy: `SET GLOBAL wait_timeout=${10 * POOL_IDLE};\nor in the pool: { idleTimeout: ${(wait * 1000) / 2} }`,
    });
  }
  const { strategy = 'merge', oneWriter = false } = place.options;
  const nodes = server.get('wsrep_on') === 'ON' ? Number(server.get('wsrep_cluster_size')) : 1;
  if (nodes > 1 && !oneWriter && (strategy === 'lock' || strategy === 'row')) {
    add({
      code: 'cluster-locks',
      level: 'error',
      message: `strategy '${strategy}' locks on one node, and the cluster has ${nodes}: the store refuses to start`,
      remedy: "createSessions({ strategy: 'lease', … }), or 'merge', which needs no lock",
    });
  }
  return findings;
};

/** Limits of the account that a pool meets: on a shared host they are often set. */
export const accountLimits: Check = async ({ ask, server }) => {
  const limits: string[] = [];
  const least = Math.min(
    ...['max_user_connections', 'max_connections']
      .map((name) => Number(server.get(name)))
      .filter((count) => count > 0),
  );
  if (least < POOL_SIZE) limits.push(`${least} connections at a time (a pool opens ${POOL_SIZE})`);
  const [[account] = []] = await ask('SHOW CREATE USER CURRENT_USER()');
  const hourly = /MAX_(QUERIES|UPDATES|CONNECTIONS)_PER_HOUR ([1-9]\d*)/g;
  for (const [, what = '', count] of String(account).matchAll(hourly)) {
    limits.push(`${count} ${what.toLowerCase()} an hour`);
  }
  if (limits.length === 0) return [];
  return [
    {
      code: 'account-limits',
      level: 'warning',
      message: `the account may have ${limits.join(', ')}: requests beyond that fail`,
      remedy:
        'ALTER USER … WITH MAX_USER_CONNECTIONS 0 MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0\n' +
        'or, for connections, a smaller pool: createPool({ connectionLimit: …, … })',
    },
  ];
};

/** Clocks: of this machine, of the server, of the other nodes. */
export const clocks: Check = async ({ ask, call, place }) => {
  const here = await offsetOf(ask);
  const findings: Finding[] = [];
  if (Math.abs(here) > CLOCKS_APART) {
    findings.push({
      code: 'clock',
      level: 'warning',
      message:
        `the server's clock is ${secondsText(here)} this machine's: sessions expire by the server's; cookies ` +
        'with a Max-Age, and logs, go by the other',
      remedy: 'On both machines: timedatectl set-ntp true',
    });
  }
  for (const node of call.list('node')) {
    if (!URL.canParse(`mysql://${node}`))
      throw new UsageError(`--node takes HOST[:PORT], not "${node}"`);
    // The same account and TLS.
    const address = new URL(place.url);
    address.host = node;
    address.port = new URL(`mysql://${node}`).port || '3306';
    address.pathname = '';
    const connection = await createConnection({
      uri: address.href,
      connectTimeout: 5000,
    }).catch((error: { code?: string }) => {
      throw new Unchecked(`the clock of ${node}: cannot connect (${error.code})`);
    });
    try {
      const there = await offsetOf(async (sql) => {
        const [rows] = await connection.query({ sql, rowsAsArray: true });
        return rows as unknown as unknown[][];
      });
      if (Math.abs(there - here) > CLOCKS_APART) {
        findings.push({
          code: 'clock-nodes',
          level: 'error',
          message: `the clock of ${node} is ${secondsText(there - here)} the first node's: a session is alive on one and expired on the other`,
          remedy: 'On every node: timedatectl set-ntp true',
        });
      }
    } finally {
      connection.destroy();
    }
  }
  return findings;
};

/** Milliseconds by which a server's clock is ahead; the shortest of three round trips is the most exact. */
async function offsetOf(ask: Case['ask']): Promise<number> {
  let [best, offset] = [Number.POSITIVE_INFINITY, 0];
  for (let tries = 0; tries < 3; tries += 1) {
    const began = Date.now();
    const [[now] = []] = await ask(`SELECT ${NOW}`);
    const ended = Date.now();
    if (ended - began >= best) continue;
    best = ended - began;
    offset = Number(now) - (began + ended) / 2;
  }
  return offset;
}

function secondsText(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  return `${seconds} s ${milliseconds > 0 ? 'ahead of' : 'behind'}`;
}
