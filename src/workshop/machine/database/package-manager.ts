/** Installs a server with the package manager of a system without apt, if that needs no question. */
import { type Announcements, findProgram, run } from '../program.ts';

interface Manager {
  program: string;
  args: string[];
  /** Homebrew belongs to the user; the others change the system and need root. */
  root: boolean;
}

const managers: Manager[] = [
  { program: 'brew', args: ['install', 'mariadb'], root: false },
  { program: 'dnf', args: ['install', '-y', 'mariadb-server'], root: true },
  { program: 'apk', args: ['add', 'mariadb'], root: true },
  { program: 'pacman', args: ['-S', '--noconfirm', '--needed', 'mariadb'], root: true },
];

/**
 * Installs MariaDB with the system's package manager; returns false if there is none, or it would
 * ask.
 */
export async function installWithPackageManager(announcements: Announcements): Promise<boolean> {
  const { signal, progress } = announcements;
  for (const { program, args, root } of managers) {
    const path = findProgram([program]);
    if (path === undefined) continue;
    const prefix = root ? await rightsPrefix(signal) : [];
    if (prefix === undefined) return false;
    progress?.(`database: ${program} ${args.join(' ')} …`);
    const [first = path, ...rest] = [...prefix, path, ...args];
    const result = await run(first, rest, { signal, timeout: 600_000 });
    if (result.code === 0) return true;
    throw new Error(`${program}: ${(result.stderr || result.stdout).trim().slice(-500)}`);
  }
  return false;
}

/** Returns the words before a command that needs root; undefined when sudo would ask. */
async function rightsPrefix(signal: AbortSignal | undefined): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  const sudo = findProgram(['sudo']);
  if (sudo === undefined) return undefined;
  const { code } = await run(sudo, ['-n', 'true'], { signal, timeout: 10_000 });
  return code === 0 ? [sudo, '-n'] : undefined;
}

/** Returns the command that installs a server on this system. */
export function installCommand(): string {
  if (findProgram(['apt-get'])) return 'sudo apt-get install mariadb-server-core';
  if (process.platform === 'win32') return 'winget install MariaDB.Server';
  const manager = managers.find(({ program }) => findProgram([program]));
  if (manager === undefined) {
    return process.platform === 'darwin'
      ? 'brew install mariadb (https://brew.sh)'
      : 'install the package mariadb-server, whatever it is called on your system';
  }
  return [...(manager.root ? ['sudo'] : []), manager.program, ...manager.args].join(' ');
}
