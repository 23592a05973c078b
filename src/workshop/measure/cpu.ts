/** The CPU time of processes, on systems with /proc. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

const PROC = '/proc';

interface ProcessLine {
  pid: number;
  parent: number;
  ticks: number;
}

let ticksPerSecond: number | undefined;

/**
 * Adds up the CPU time of processes and all their descendants, kernel time included.
 *
 * @returns Microseconds since their start; undefined without /proc, and for an empty list.
 */
export function cpuTimeOf(pids: readonly number[]): number | undefined {
  if (pids.length === 0 || !existsSync(`${PROC}/self/stat`)) return undefined;
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const family = new Set(pids);
  const processes = readdirSync(PROC).flatMap((name) =>
    /^\d+$/.test(name) ? readProcess(name) : [],
  );
  // A child may have a smaller id than its parent, so one pass may not find all.
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  const own = processes.filter(({ pid }) => family.has(pid));
  return (own.reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond) * 1e6;
}

function readProcess(name: string): ProcessLine[] {
  let stat: string;
  try {
    stat = readFileSync(`${PROC}/${name}/stat`, 'latin1');
  } catch {
    // The process has ended since the listing.
    return [];
  }
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // From the third on: state, parent; the 14th to 17th are its own time and that of ended children.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return [{ pid: Number(name), parent: Number(fields[1]), ticks }];
}

/**
 * Finds the process of a database server.
 *
 * @param url - `mysql://…` of the server.
 * @returns Its process id; empty for a server on another machine or in a container.
 */
export async function findDatabaseProcess(url: string): Promise<number[]> {
  if (!/^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname)) return [];
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT @@pid_file AS path');
    const pid = Number(readFileSync(String(rows[0]?.['path']), 'utf8'));
    const isServer = /^(mariadbd|mysqld)/.test(readFileSync(`${PROC}/${pid}/comm`, 'utf8'));
    return isServer ? [pid] : [];
  } catch {
    return [];
  } finally {
    await connection.end();
  }
}
