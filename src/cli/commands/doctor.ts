/** `doctor`: findings with their remedies. */
import type { Pool } from 'mysql2/promise';
import { OurTable, quote } from '../../store/operate.ts';
import { askOn, PATIENCE } from '../ask.ts';
import type { Call } from '../call.ts';
import { nameOf, withPool } from '../connect.ts';
import { attached } from '../doctor/attached.ts';
import {
  type Case,
  type Check,
  type Finding,
  isPrimary,
  readServer,
  Unchecked,
} from '../doctor/case.ts';
import { encryption, proxy } from '../doctor/encryption.ts';
import { leases, tooNarrow, tooWide } from '../doctor/rights.ts';
import { areReadable, contents, expiry, readable, sampleOf } from '../doctor/rows.ts';
import { secrets } from '../doctor/secrets.ts';
import { accountLimits, clocks, clusterState, limitReached, nodesOf } from '../doctor/server.ts';
import { settings } from '../doctor/settings.ts';
import { cookie, siteOf } from '../doctor/site.ts';
import { shape, tableLocked } from '../doctor/table.ts';
import { EXIT_CODES, errorName, UsageError } from '../ends.ts';
import { CODES, type Code } from '../findings.ts';
import { type Place, placeOf } from '../place.ts';
import { shapeOf } from '../shape.ts';
import { printable } from '../terminal.ts';

/** Checks by their subjects, in the order of the report. */
const CHECKS: Readonly<Record<string, Check>> = {
  'the table': shape,
  'its files': readable,
  'constraints and triggers': attached,
  'the server': settings,
  "the account's limits": accountLimits,
  'the leases': leases,
  'the clocks': clocks,
  'the connection': encryption,
  'a proxy': proxy,
  'rights that are missing': tooNarrow,
  'rights that are not needed': tooWide,
  'the rows': contents,
  'expired rows': expiry,
  'the secrets': secrets,
  'the cookie': cookie,
};

/** Checks that read the columns of the store. */
const OF_ROWS: ReadonlySet<Check> = new Set([contents, expiry]);

/** Seconds that a question waits for the table: while an ALTER waits for it, later requests wait as well. */
const LOCK_WAIT = 5;
const LOCK_WAIT_TIMEOUT = 1205;

/** The server's error for an account that has used up its statements of the hour. */
const LIMIT_REACHED = 1226;

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const ignored = new Set(call.list('ignore'));
  for (const code of ignored) {
    if (CODES.includes(code as Code)) continue;
    throw new UsageError(`--ignore: there is no finding "${code}"; known are ${CODES.join(', ')}`);
  }
  if (call.text('cookie') !== undefined && call.text('site') === undefined) {
    throw new UsageError('--cookie belongs to --site URL');
  }
  siteOf(call);
  nodesOf(call);
  const place = await placeOf(call);
  const result = await withPool(place, (pool) =>
    examine(call, place, pool).catch((error: { errno?: number }): Result => {
      if (error.errno !== LIMIT_REACHED) throw error;
      return {
        findings: [limitReached(place.url)],
        unchecked: ['everything else: the server refuses statements'],
        isPartial: true,
      };
    }),
  );
  const shown = result.findings.filter(({ code }) => !ignored.has(code));
  await report(call, place, { ...result, findings: shown });
  return shown.length === 0 && !result.isPartial ? EXIT_CODES.fine : EXIT_CODES.failed;
}

interface Result {
  readonly findings: Finding[];
  /** Checks that could not be made, and why. */
  readonly unchecked: string[];
  /** Whether "nothing found" would mislead: a check that was asked for is missing, or nearly all are. */
  isPartial: boolean;
}

async function examine(call: Call, place: Place, pool: Pool): Promise<Result> {
  const connection = await pool.getConnection();
  const ask = askOn(connection, PATIENCE);
  const server = await readServer(ask);
  if (!isPrimary(server)) {
    return {
      findings: clusterState(server),
      unchecked: ['everything else: the node refuses statements'],
      isPartial: true,
    };
  }
  const { table: name, columns } = place.options;
  const table = new OurTable(name, columns);
  await ask(`SET SESSION lock_wait_timeout=${LOCK_WAIT}`);
  const isLocked = await ask(`SELECT 1 FROM ${quote(name)} LIMIT 0`).then(
    () => false,
    ({ errno }: { errno?: number }) => errno === LOCK_WAIT_TIMEOUT,
  );
  if (isLocked) {
    return {
      findings: [tableLocked(name, LOCK_WAIT)],
      unchecked: ['everything else: the table is locked'],
      isPartial: true,
    };
  }
  const base = { call, place, ask, connection, table, server, shape: await shapeOf(ask, table) };
  const canRead = areReadable(base);
  const sample = canRead ? await sampleOf(ask, table) : undefined;
  const result: Result = { findings: [], unchecked: [], isPartial: false };
  const skip = (reason: string, isAsked = false): void => {
    result.unchecked.push(reason);
    result.isPartial ||= isAsked;
  };
  const examined: Case = { ...base, sample: sample ?? { rows: [], largest: 0 }, skip };
  for (const [about, check] of Object.entries(CHECKS)) {
    call.signal.throwIfAborted();
    call.terminal.progress(`checking ${about} …`);
    if (OF_ROWS.has(check) && !canRead) {
      skip(`${about}: the table is not there, or of another shape`);
      continue;
    }
    try {
      result.findings.push(...(await check(examined)));
    } catch (error) {
      const { errno, code, fatal } = error as { errno?: number; code?: string; fatal?: boolean };
      // Every later check would fail as well.
      if (fatal === true || errno === LIMIT_REACHED) throw error;
      if (error instanceof Unchecked) skip(error.message, error.isAsked);
      else if (errno !== undefined)
        skip(`${about}: the server reported ${errorName({ errno, code })}`);
      else throw error;
    }
  }
  return result;
}

async function report(
  { terminal }: Call,
  { url, options }: Place,
  { findings, unchecked, isPartial }: Result,
): Promise<void> {
  if (terminal.isJson) {
    await terminal.json({ findings, unchecked });
    return;
  }
  for (const { code, level, message, remedy } of findings) {
    const colour = level === 'error' ? 'red' : 'yellow';
    await terminal.line(
      `${terminal.paint(colour, level.padEnd(7))}  ${terminal.paint('bold', code)}`,
    );
    await terminal.line(`  ${printable(message)}`);
    for (const line of remedy.split('\n')) await terminal.line(`    ${printable(line)}`);
    await terminal.line();
  }
  for (const reason of unchecked) {
    await terminal.line(terminal.paint('dim', `not checked: ${reason}`));
  }
  const where = `${nameOf(url)}, table ${options.table ?? 'sessions'}`;
  const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  if (findings.length > 0) await terminal.line(`${where}: ${count}`);
  else if (isPartial) {
    await terminal.line(
      terminal.paint(
        'yellow',
        `${where}: nothing found, but not everything that was asked for could be checked`,
      ),
    );
  } else await terminal.line(terminal.paint('green', `${where}: nothing found`));
}
