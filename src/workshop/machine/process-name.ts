/**
 * Names that identify the process that made a folder, so that a later process can find out whether
 * it is still running.
 *
 * A process id alone is reused; with the process's start time and the machine's boot it is unique.
 */
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Distinguishes machines, and containers with their own process ids, that share one folder. */
const machine = digest(`${hostname()} ${readOrNothing(() => readlinkSync('/proc/self/ns/pid'))}`);
const boot = digest(readOrNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')));
const ownPrefix = [machine.slice(0, 8), boot.slice(0, 6), process.pid, startOf(process.pid)].join(
  '-',
);

/** Makes a name for a file or folder: `machine-boot-pid-start-random`, never the same twice. */
export function nameForThisProcess(): string {
  return `${ownPrefix}-${randomBytes(3).toString('hex')}`;
}

/**
 * Returns whether the process that made a name is still running.
 *
 * @param name - The result of nameForThisProcess() in that process.
 * @returns `'unknown'` when the name is of another machine or not one of these names.
 */
export function ownerOf(name: string): 'alive' | 'dead' | 'unknown' {
  const [itsMachine, itsBoot, pid, start] = name.split('-');
  if (itsMachine !== machine.slice(0, 8) || !pid || !start) return 'unknown';
  if (itsBoot !== boot.slice(0, 6)) return 'dead';
  return startOf(Number(pid)) === start ? 'alive' : 'dead';
}

/** Returns a process's start time in the system's own unit; `'none'` for an unknown process. */
function startOf(pid: number): string {
  if (process.platform === 'linux') {
    const stat = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
    // The second field is the program's name in brackets and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat === '' || fields[0] === 'Z') return 'none';
    return Number(fields[19]).toString(36);
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'none';
  }
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return digest(stdout ?? '').slice(0, 8);
}

/** Returns a process's command line, words separated by spaces; `''` for an unknown process. */
export function commandLineOf(pid: number): string {
  if (process.platform === 'linux') {
    return readOrNothing(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  }
  const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout ?? '';
}

function readOrNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
