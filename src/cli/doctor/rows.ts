/** Checks of the rows: what is in them, and what is left of the dead ones. */
import {
  isSealed,
  NOW,
  type OurTable,
  Payload,
  PayloadSeal,
  quote,
  RUNNER,
} from '../../store/operate.ts';
import type { Ask } from '../ask.ts';
import { FOREVER } from '../shape.ts';
import type { Case, Check, Finding, Sample } from './case.ts';

const SAMPLE = 200;
/** Larger sessions are measured and not read. */
const LONGEST = 65_536;

/** Expired rows older than this should be gone: three times the time between two collections. */
const GC_LATE = 15 * 60_000;
/** Fewer are not a backlog. */
const A_PILE = 100;

const KEY_BYTES = 32;

/** Times below are in seconds, as those of PHP's time(): in milliseconds this is the year 1973. */
const SECONDS_END = 100_000_000_000;

/** Errors of an engine that cannot read its own table: files that are missing, cut, or of another server. */
const BROKEN = new Set([1030, 1034, 1035, 1194, 1195, 1286, 1712, 1812, 1814, 1815, 1877, 1932]);

/** Reads some rows. Without the right to read, that right is a finding of its own. */
export async function sampleOf(ask: Ask, table: OurTable): Promise<Sample | undefined> {
  return await readSample(ask, table).catch(
    ({ errno = 0, code }: { errno?: number; code?: string }) =>
      BROKEN.has(errno) ? { rows: [], largest: 0, fault: String(code) } : undefined,
  );
}

/** Whether the server can read the table. */
export const readable: Check = ({ sample: { fault }, table }) => {
  if (fault === undefined) return [];
  return [
    {
      code: 'table-broken',
      level: 'error',
      message: `the server cannot read the table "${table.name}" (${fault}): its error log names the file`,
      remedy:
        'Restore the table from a backup, or make an empty one, with which every visitor is logged out:\n' +
        `DROP TABLE ${quote(table.name)};\n${table.schema};`,
    },
  ];
};

async function readSample(ask: Ask, { name, names }: OurTable): Promise<Sample> {
  const [id, data] = [quote(names.id), quote(names.data)];
  const found = await ask(
    `SELECT ${id},LENGTH(${data}),IF(LENGTH(${data})<=${LONGEST},${data},NULL) FROM ${quote(name)} ` +
      `ORDER BY ${id} LIMIT ${SAMPLE}`,
  );
  const rows = found.map(([key, , bytes]) => ({
    key: Buffer.from(key as Buffer),
    data: bytes === null ? null : Buffer.from(bytes as Buffer),
  }));
  return { rows, largest: Math.max(0, ...found.map(([, length]) => Number(length))) };
}

/** Formats and keys of the sample. */
export const contents: Check = ({ sample, place, table }) => {
  const { format = 'json', seal } = place.options;
  const sealing = seal && new PayloadSeal(seal);
  const others = new Map<string, number>();
  let [unreadable, plain] = [0, 0];
  for (const { key, data } of sample.rows) {
    if (isPlain(key)) plain += 1;
    // Without the keys it is not known whether the application can open it.
    if (data === null || (sealing === undefined && isSealed(data))) continue;
    try {
      const opened =
        sealing === undefined || RUNNER.equals(key) ? data : sealing.open({ key, data }).data;
      const found = new Payload(opened, format).format;
      if (found !== format) others.set(found, (others.get(found) ?? 0) + 1);
    } catch {
      unreadable += 1;
    }
  }
  const of = `of ${sample.rows.length} rows`;
  const findings: Finding[] = [];
  if (others.size > 0) {
    const list = [...others].map(([name, count]) => `${count} in ${name}`).join(', ');
    const [other] = others.keys();
    findings.push({
      code: 'format',
      level: 'warning',
      message:
        `${list} ${of}, and the format is ${format}: another program writes this table, perhaps PHP with ` +
        'another session.serialize_handler, which reads one format only',
      remedy:
        `createSessions({ format: '${other}', … }), if that program stays\n` +
        (format === 'json' ? '' : `or in its php.ini: session.serialize_handler=${format}\n`) +
        `phpsessid convert ${format}, once nothing writes the other format any more`,
    });
  }
  if (unreadable > 0) {
    findings.push({
      code: 'unreadable',
      level: 'error',
      message: `${unreadable} ${of} cannot be read${seal ? ' with seal.keys' : ''}: their visitors get an error`,
      remedy: seal
        ? 'createSessions({ seal: { keys: [newest, …older], readUnsealed: true }, … }), until they have expired'
        : 'phpsessid convert json --dry-run names them, and phpsessid revoke HANDLE ends one.\n' +
          'Cut rows come from a column that was too small.',
    });
  }
  if (plain > 0) {
    findings.push({
      code: 'ids-plain',
      level: 'error',
      message: `${plain} ${of} have an id as their key, and not its hash: each opens its session for a reader of the table`,
      remedy: `createSessions({ table: '…', … }) with a table of its own beside "${table.name}"`,
    });
  }
  return findings;
};

/** A hash has bytes of all values: 32 of an id's alphabet in a row do not occur. */
function isPlain(key: Buffer): boolean {
  if (RUNNER.equals(key)) return false;
  return key.length !== KEY_BYTES || /^[A-Za-z0-9,_-]+$/.test(key.toString('latin1'));
}

/** Rows that should have been deleted, and rows that never will be. */
export const expiry: Check = async ({ ask, table, shape }) => {
  const expires = quote(table.names.expires);
  if (!shape.columns.has(table.names.expires.toLowerCase())) return [];
  const findings: Finding[] = [];
  const from = `FROM ${quote(table.name)} WHERE`;
  const update = `UPDATE ${quote(table.name)} SET ${expires}=`;
  for (const { unit, where, correction, harm } of [
    {
      unit: 'seconds',
      where: `${expires} BETWEEN 1 AND ${SECONDS_END}`,
      correction: `${expires}*1000`,
      harm: 'each is expired for the store, which deletes it',
    },
    {
      unit: 'microseconds',
      where: `${expires}>${FOREVER}`,
      correction: `${expires} DIV 1000`,
      harm: 'none of them expires',
    },
  ]) {
    const [[count] = []] = await ask(`SELECT COUNT(*) ${from} ${where}`);
    if (Number(count) === 0) continue;
    findings.push({
      code: 'expires-unit',
      level: 'error',
      message: `${count} rows have an expiry in ${unit}, and the store counts milliseconds: ${harm}. Another program has written them`,
      remedy: `Correct that program first, then:\n${update}${correction} WHERE ${where};`,
    });
  }
  const [[late] = []] = await ask(
    `SELECT COUNT(*) FROM (SELECT 1 ${from} ${expires}>${SECONDS_END} AND ${expires}<${NOW}-${GC_LATE} ` +
      'LIMIT 100000) AS late',
  );
  if (Number(late) >= A_PILE) {
    findings.push({
      code: 'gc',
      level: 'warning',
      message: `${Number(late) >= 100_000 ? '100000 or more' : late} rows expired over ${GC_LATE / 60_000} minutes ago: nothing deletes them`,
      remedy:
        'phpsessid gc\nthen createSessions() without gc: false, or in cron: */5 * * * * phpsessid gc',
    });
  }
  const [[endless] = []] = await ask(`SELECT COUNT(*) ${from} ${expires}=${FOREVER}`);
  if (Number(endless) > 0) {
    findings.push({
      code: 'endless',
      level: 'error',
      message: `${endless} rows never expire: an older version has inserted them after the migration`,
      remedy: 'phpsessid migrate',
    });
  }
  return findings;
};

/** Whether the sample and the expiry can be read at all. */
export function areReadable({ shape, table }: Pick<Case, 'shape' | 'table'>): boolean {
  const { id, data } = table.names;
  return [id, data].every((name) => shape.columns.has(name.toLowerCase()));
}
