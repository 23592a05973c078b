/** A fresh data folder for each version of the server, made once and copied for each run. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, makeOnce } from '../cache.ts';
import { type Announcements, run } from '../program.ts';
import type { RunFolder, ServerProgram } from './interfaces.ts';
import { systemTables } from './program.ts';
import { filesOf } from './run-folder.ts';

/**
 * Options that determine the data folder's files, and keep them small: 14 MB instead of more than
 * 100. The server refuses a folder that was made with other options.
 */
function layout({ flavour }: ServerProgram): string[] {
  const common = ['--innodb-buffer-pool-size=16M', '--innodb-use-native-aio=OFF'];
  if (flavour === 'mysql') return common;
  return [
    ...common,
    '--innodb-log-file-size=4M',
    '--innodb-data-file-path=ibdata1:2M:autoextend',
    '--innodb-autoextend-increment=1',
    '--aria-log-file-size=8M',
  ];
}

/** Lists the options of every start of this server, bootstrap included. */
export function basicOptions(
  program: ServerProgram,
  { data, temporary }: Pick<RunFolder, 'data' | 'temporary'>,
): string[] {
  // The server refuses to run as root without this option.
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const folders = [`--datadir=${data}`, `--tmpdir=${temporary}`];
  return ['--no-defaults', ...folders, ...user, ...program.args, ...layout(program)];
}

/**
 * Makes a data folder with the system's tables and no account in them.
 *
 * @returns A folder to copy; no server may run on it.
 * @throws Error with the server's output when it fails.
 */
export async function templateFor(
  program: ServerProgram,
  announcements: Announcements,
): Promise<string> {
  const mark = createHash('sha256').update(layout(program).join(' ')).digest('hex').slice(0, 8);
  const name = `${program.flavour}-${program.version}-${mark}`.replaceAll(/[^\w.-]/g, '_');
  return await makeOnce(join(cacheFolder(), 'templates', name), async (draft) => {
    announcements.progress?.('database: preparing an empty data folder (once) …');
    const folder = filesOf(draft);
    for (const each of [folder.data, folder.temporary]) await mkdir(each, { mode: 0o700 });
    const { path, flavour, environment } = program;
    const [mode, input] =
      flavour === 'mysql' ? ['--initialize-insecure', ''] : ['--bootstrap', bootstrapSql(program)];
    const options = basicOptions(program, folder);
    const result = await run(path, [...options, mode], {
      environment,
      input,
      signal: announcements.signal,
      timeout: 120_000,
    });
    if (result.code !== 0) {
      throw new Error(`${path} ${mode} failed:\n${result.stderr.trim().slice(-1500)}`);
    }
  });
}

/** The statements of MariaDB's own installation script, without the accounts; one per line. */
function bootstrapSql({ share, path }: ServerProgram): string {
  const tables = share && systemTables(share);
  if (!tables) throw new Error(`${path}: the SQL of its system tables is missing`);
  return [
    'CREATE DATABASE mysql;',
    'USE mysql;',
    'SET @auth_root_socket=NULL;',
    readFileSync(tables, 'utf8'),
    '',
  ].join('\n');
}
