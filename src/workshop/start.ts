/** `npm start`: starts the database and the lab, and ends both. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lab } from './lab/lab.ts';
import { exitCodeOf, readOptions, WrongCall } from './machine/command.ts';
import type { DatabaseServer } from './machine/database/server.ts';
import { decideOnSignals } from './machine/signals.ts';
import { keepSiteCurrent } from './site/background.ts';

const DEFAULT_PORT = 4_170;
const HELP = `Starts the workshop: a database of its own and the lab, a page in your browser.

  npm start
  npm start -- --port 8080    the lab's port; default ${DEFAULT_PORT} or the next free one
  npm start -- --no-open      opens no browser
  npm start -- --no-docs      does not build the documentation when it is missing or old
  npm start -- --instructor   shows the lessons to a room: big type, one heading at a time
  npm start -- --help         prints this

DATABASE_URL=mysql://user:password@host:port/ uses a server of yours: the workshop makes
schemas named phpsessid_… there, drops them at the end and touches nothing else.
Ctrl-C ends the workshop and everything it started.
`;

interface Options {
  port: number | undefined;
  open: boolean;
  docs: boolean;
  instructor: boolean;
  help: boolean;
}

const OPTIONS = {
  port: { type: 'string' },
  'no-open': { type: 'boolean', default: false },
  'no-docs': { type: 'boolean', default: false },
  instructor: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

function optionsOf(args: string[]): Options {
  const { values } = readOptions('npm start', { args, options: OPTIONS });
  const { instructor, help } = values;
  const [open, docs] = [!values['no-open'], !values['no-docs']];
  return { port: readPort(values.port), open, docs, instructor, help };
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new WrongCall(`--port must be a number from 0 to 65535, and "${text}" is not.`);
}

/** Listens on the wanted port; without one, on the first that is free from the default on. */
async function listen(server: Server, wanted: number | undefined): Promise<number> {
  const last = wanted ?? DEFAULT_PORT + 20;
  for (let port = wanted ?? DEFAULT_PORT; port <= last; port += 1) {
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EADDRINUSE' && wanted === undefined) continue;
      throw new WrongCall(describeListenError(code, port));
    }
  }
  throw new WrongCall(
    `The ports ${DEFAULT_PORT} to ${last} are all taken. Choose a free one: npm start -- --port 8080`,
  );
}

function describeListenError(code: string | undefined, port: number): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken by another program. Choose another: npm start -- --port ${port < 65_535 ? port + 1 : port - 1}`;
  }
  if (code === 'EACCES') {
    return `Port ${port} needs rights that this user does not have. Choose one above 1023: npm start -- --port ${DEFAULT_PORT}`;
  }
  return `Port ${port} cannot be used (${code}). Choose another: npm start -- --port ${DEFAULT_PORT}`;
}

/** Opens the page in the system's browser, if it has one. */
function openBrowser(address: string): void {
  const [program = '', ...args] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '']
        : ['xdg-open'];
  const child = spawn(program, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  // Loaded now: an invalid command line and --help need none of it, and it takes half a second.
  const [{ Lab }, { labServer }, { obtainServer }] = await Promise.all([
    import('./lab/lab.ts'),
    import('./lab/server.ts'),
    import('./machine/database/server.ts'),
  ]);
  const began = performance.now();
  const ended = new AbortController();
  const exit = new Promise<number>((resolve) => {
    decideOnSignals((signal) => {
      ended.abort();
      resolve(signal === 'SIGINT' ? 130 : 0);
    });
  });

  const lab = new Lab({ instructor: options.instructor });
  const server = labServer(lab);
  const port = await listen(server, options.port);
  if (options.port === undefined && port !== DEFAULT_PORT) {
    say(`port ${DEFAULT_PORT} is taken, the lab takes ${port}`);
  }
  let database: DatabaseServer | undefined;
  try {
    const { signal } = ended;
    database = await Promise.race([
      obtainServer({ progress: say, signal, share: true }),
      exit.then(() => undefined),
    ]);
    if (database) {
      lab.useDatabase(database, performance.now() - began);
      announce(lab, port);
      if (options.open && process.stdout.isTTY) openBrowser(`http://127.0.0.1:${port}/`);
      if (options.docs) lab.documentation = keepSiteCurrent(lab.ending, say);
    }
    return await exit;
  } finally {
    server.close();
    server.closeAllConnections();
    await lab.close();
    await database?.close();
  }
}

function announce({ database, lessons, currentLesson }: Lab, port: number): void {
  const seconds = ((database.milliseconds ?? 0) / 1_000).toFixed(1);
  const { number, title } = currentLesson;
  say(
    `lab http://127.0.0.1:${port} · database ready ${seconds} s · ` +
      `lesson ${number} of ${lessons.at(-1)?.number} · ${title} · Ctrl-C ends it`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await exitCodeOf(main);
