/** PHP behind a web server: php-fpm and nginx with a separate folder, for one contender. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { canConnect, freePort } from '../machine/free-port.ts';
import { withIni } from '../machine/php.ts';
import type { PhpFpm } from '../machine/php-fpm.ts';
import { stopSupervised, supervise } from '../machine/supervise.ts';
import type { Served } from './contender.ts';

/** The configuration of PHP. */
interface PhpOrder {
  /** Absolute path of the page. */
  script: string;
  /** The script's environment: the class's path and its database. */
  variables: Record<string, string>;
  /** php.ini settings. */
  settings: Record<string, string>;
  /** The number of concurrent requests. */
  workers: number;
}

/** A page that counts, with PHP's own handler or the class that SESSIONS names. */
export const counterPage: string = fileURLToPath(new URL('php-page.php', import.meta.url));

/** Milliseconds until both must respond. */
const startLimit = 60_000;

/** Serves a PHP page on a free port of the loopback; both programs end with this process. */
export async function servePhp(programs: PhpFpm, order: PhpOrder): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'phpsessid-fpm-'));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children) await stopSupervised(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const socket = join(folder, 'fpm.sock');
    const { php, nginx } = programs;
    const asRoot = userInfo().uid === 0 ? ['-R'] : [];
    const pool = join(folder, 'fpm.conf');
    await writeFile(pool, poolFile(socket, folder, order), { mode: 0o600 });
    const fpm = [php.path, ...withIni(php.ini), ...asRoot, '-F', '-y', pool];
    children.push(supervise(fpm, folder, php.env));
    await until(async () => existsSync(socket), children, folder);
    const port = await freePort();
    const site = join(folder, 'nginx.conf');
    await writeFile(site, siteFile(order.script, socket, folder, port));
    children.push(
      supervise([nginx, '-p', folder, '-e', join(folder, 'log'), '-c', site], folder, php.env),
    );
    await until(() => canConnect(port), children, folder);
    const pids = children.flatMap(({ pid }) => pid ?? []);
    return { ports: [port], pids, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function poolFile(
  socket: string,
  folder: string,
  { variables, settings, workers }: PhpOrder,
): string {
  // php-fpm refuses to run as root unless it is named, and other users cannot read this folder.
  const user = userInfo().uid === 0 ? ['user = root', 'group = root'] : [];
  const all = { 'session.save_path': folder, ...settings };
  return [
    '[global]',
    'daemonize = no',
    `error_log = ${join(folder, 'log')}`,
    '[www]',
    ...user,
    `listen = ${socket}`,
    'pm = static',
    `pm.max_children = ${workers}`,
    ...Object.entries(variables).map(([name, value]) => `env[${name}] = '${value}'`),
    ...Object.entries(all).map(([name, value]) => `php_admin_value[${name}] = "${value}"`),
    '',
  ].join('\n');
}

/** Like Debian's nginx, with one process and without an access log. */
function siteFile(script: string, socket: string, folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 256; }
http {
  access_log off;
  tcp_nodelay on;
  ${temporary.map((name) => `${name}_temp_path ${join(folder, name)};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / {
      fastcgi_pass unix:${socket};
      fastcgi_param SCRIPT_FILENAME ${script};
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param REQUEST_URI $request_uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
    }
  }
}
`;
}

async function until(
  ready: () => Promise<boolean>,
  children: readonly ChildProcess[],
  folder: string,
): Promise<void> {
  const deadline = Date.now() + startLimit;
  while (!(await ready())) {
    if (children.some(({ exitCode }) => exitCode !== null) || Date.now() > deadline) {
      const words = await readFile(join(folder, 'log'), 'utf8').catch(() => 'the log is empty');
      throw new Error(`php-fpm and nginx did not start: ${words.trim()}`);
    }
    await delay(10);
  }
}
