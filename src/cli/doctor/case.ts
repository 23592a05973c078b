/** The part that the doctor's checks share: one connection, and the answers it has given already. */
import type { Connection } from 'mysql2/promise';
import type { OurTable } from '../../store/operate.ts';
import type { Ask, Rows } from '../ask.ts';
import type { Call } from '../call.ts';
import type { Code } from '../findings.ts';
import type { Place } from '../place.ts';
import type { Shape } from '../shape.ts';

/** One thing that is wrong. */
export interface Finding {
  readonly code: Code;
  /** An error loses, refuses or mixes up sessions; a warning costs speed or protection. */
  readonly level: 'error' | 'warning';
  /** The fault with its value, and its harm. */
  readonly message: string;
  /** SQL or configuration to paste. */
  readonly remedy: string;
}

/** A check could not be made. */
export class Unchecked extends Error {
  readonly isAsked: boolean;

  /** @param isAsked - Whether an option asks for the check. */
  constructor(message: string, isAsked = false) {
    super(message);
    this.isAsked = isAsked;
  }
}

/** An installation under examination. */
export interface Case {
  readonly call: Call;
  readonly place: Place;
  readonly ask: Ask;
  readonly connection: Connection;
  readonly table: OurTable;
  /** The server's variables and status, as a new connection has them, and their global values. */
  readonly server: ReadonlyMap<string, string>;
  readonly shape: Shape;
  readonly sample: Sample;
  /**
   * Notes a part of a check that could not be made; the rest of it goes on.
   *
   * @param isAsked - Whether an option asks for it.
   */
  skip(reason: string, isAsked?: boolean): void;
}

/** Some rows, in the order of their keys, which is random for hashes. */
export interface Sample {
  readonly rows: readonly { readonly key: Buffer; readonly data: Buffer | null }[];
  /** The size of the largest one. */
  readonly largest: number;
  /** The server's error if its engine cannot read the table. */
  readonly fault?: string | undefined;
}

/**
 * One check.
 *
 * @throws Unchecked with the reason.
 */
export type Check = (examined: Case) => Promise<readonly Finding[]> | readonly Finding[];

const VARIABLES = [
  'autocommit',
  'binlog_format',
  'completion_type',
  'idle_transaction_timeout',
  'idle_write_transaction_timeout',
  'init_connect',
  'innodb_flush_log_at_trx_commit',
  'innodb_force_recovery',
  'innodb_read_only',
  'log_bin',
  'max_allowed_packet',
  'max_connections',
  'max_execution_time',
  'max_join_size',
  'max_prepared_stmt_count',
  'max_statement_time',
  'max_user_connections',
  'read_only',
  'super_read_only',
  'sql_big_selects',
  'sql_mode',
  'transaction_isolation',
  'transaction_read_only',
  'tx_isolation',
  'tx_read_only',
  'wait_timeout',
  'wsrep_on',
];

const STATUS = ['Ssl_cipher', 'wsrep_cluster_size', 'wsrep_cluster_status', 'wsrep_ready'];

/**
 * Reads the server's variables; SHOW is answered even by a node that refuses everything else. The
 * limit of rows would cut the answers of this connection, so it is read first and lifted.
 */
export async function readServer(ask: Ask): Promise<ReadonlyMap<string, string>> {
  const rows: Rows[] = [await ask("SHOW VARIABLES LIKE 'sql_select_limit'")];
  await ask('SET SESSION sql_select_limit=18446744073709551615');
  for (const [what, names] of [
    ['VARIABLES', VARIABLES],
    ['STATUS', STATUS],
  ] as const) {
    rows.push(await ask(`SHOW ${what} WHERE Variable_name IN (?)`, [names as never]));
  }
  const names = [...VARIABLES, 'sql_select_limit'];
  const all = await ask('SHOW GLOBAL VARIABLES WHERE Variable_name IN (?)', [names as never]);
  rows.push(all.map(([name, value]) => [globalName(String(name)), value]));
  return new Map(rows.flat().map(([name, value]) => [String(name).toLowerCase(), String(value)]));
}

/** The key of a variable's value for new connections, before init_connect and the account change it. */
export function globalName(variable: string): string {
  return `global ${variable}`;
}

/** Whether a node of a cluster takes part in it; true for a server without a cluster. */
export function isPrimary(server: Case['server']): boolean {
  if (server.get('wsrep_on') !== 'ON') return true;
  return server.get('wsrep_cluster_status') === 'Primary' && server.get('wsrep_ready') === 'ON';
}
