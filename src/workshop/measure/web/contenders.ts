/** The pages that the web benchmarks compare, and how each is served. */
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { progress } from '../../machine/command.ts';
import type { DatabaseServer } from '../../machine/database/server.ts';
import { obtainPhpFpm, type PhpFpm } from '../../machine/php-fpm.ts';
import { type Served, serveNode } from '../contender.ts';
import { counterPage, servePhp } from '../php-server.ts';

/** One page that is measured. */
interface Contender {
  readonly label: string;
  /** Its page in pages.mjs; its own name if left out. */
  readonly page?: string;
  /** Served by PHP, with session files or with PDO. */
  readonly php?: 'files' | 'pdo';
  /** The aims, by the path of the page. */
  readonly targets?: Readonly<Record<string, string>>;
}

/** Contenders that are measured side by side. */
export interface Comparison {
  readonly about: string;
  /** The contender against which ratios are taken. */
  readonly peer: string;
  /** The pages' titles by their paths. */
  readonly pages: Readonly<Record<string, string>>;
  readonly hasDatabase: boolean;
  /** The packages whose versions are printed. */
  readonly packages: readonly string[];
  readonly contenders: Readonly<Record<string, Contender>>;
}

const php: Comparison = {
  about: `Builds the package and asks one counter page for a request after the other: with bare node:http,
with express-session, and with PHP's functions in node:http and in Express. No database takes part.
All contenders run side by side; each round asks each of them, and medians are printed.`,
  peer: 'express-session',
  pages: { '/': 'a counter' },
  hasDatabase: false,
  packages: ['express', 'express-session'],
  contenders: {
    node: { label: 'node:http, a cookie and a Map' },
    'express-session': { label: 'Express, express-session with MemoryStore', page: 'memory' },
    'php-node': {
      label: 'withPhpSession(), handler in memory',
      targets: { '/': '≤ 60 µs, ≤ 0.40' },
    },
    'php-express': { label: 'phpSession() in Express, the same', targets: { '/': '≤ 0.90' } },
    'php-files': { label: 'withPhpSession(), files handler', targets: { '/': '≤ 150 µs' } },
  },
};

const http: Comparison = {
  about: `Builds the package and asks a counter page, and a page that only reads its session, for a request
after the other: Express with express-session and its MySQL store, the same with our store, our own
door on node:http, and PHP where php-fpm can be obtained.`,
  peer: 'express',
  pages: { '/': 'a counter', '/whoami': 'a page that only reads' },
  hasDatabase: true,
  packages: ['mysql2', 'express', 'express-session', 'express-mysql-session'],
  contenders: {
    memory: { label: 'Express, express-session, MemoryStore' },
    express: { label: 'Express, express-session, express-mysql-session' },
    'ours-behind-express': {
      label: 'Express, express-session, our store',
      targets: { '/': '≥ 1.1 ×' },
    },
    'ours-node': {
      label: 'node:http, our own door',
      targets: { '/': '≥ 2.2 ×, CPU ≤ 0.6 of PDO’s', '/whoami': '≥ 8 ×' },
    },
    'php-files': { label: 'PHP-FPM and nginx, session files', php: 'files' },
    'php-pdo': { label: 'PHP-FPM and nginx, PDO with a locked row', php: 'pdo' },
  },
};

/** By the name of the benchmark. */
export const comparisons: Readonly<Record<'php' | 'http', Comparison>> = { php, http };

/** The programs of a run. */
export interface Place {
  readonly server: DatabaseServer | undefined;
  readonly php: PhpFpm | undefined;
  readonly clients: number;
}

/** Obtains PHP, or reports why it is not measured. */
export async function findPhp(): Promise<PhpFpm | undefined> {
  const found = await obtainPhpFpm({ progress });
  if (!('reason' in found)) return found;
  progress(`PHP is not measured: ${found.reason}`);
  return undefined;
}

/** Serves a contender, on a schema of its own if the comparison has a database. */
export async function serve(
  name: string,
  { contenders }: Comparison,
  { server, php, clients }: Place,
): Promise<Served> {
  const { page = name, php: kind } = contenders[name] ?? { label: name };
  const url = (await server?.createSchema(`bench ${name}`))?.url ?? '';
  if (php === undefined || kind === undefined) {
    const program = fileURLToPath(new URL('pages.mjs', import.meta.url));
    return await serveNode(program, [page], { DATABASE_URL: url });
  }
  const variables: Record<string, string> = {};
  if (kind === 'pdo') {
    const connection = await createConnection(url);
    await connection.query(
      'CREATE TABLE php_sessions (id VARBINARY(128) PRIMARY KEY, d BLOB NOT NULL, ' +
        'expires INT UNSIGNED NOT NULL, KEY (expires)) ENGINE=InnoDB',
    );
    await connection.end();
    const handler = fileURLToPath(new URL('pdo-handler.php', import.meta.url));
    Object.assign(variables, { DATABASE_URL: url, SESSIONS: handler });
  }
  return await servePhp(php, { script: counterPage, variables, settings: {}, workers: clients });
}
