/** The counter page in a process of its own: a second web server, or one that is about to die. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keepTrackOf } from './brood.ts';
import { exchange } from './browser.ts';
import type { Server } from './serve.ts';

/** What the process is told, as its one argument. */
export interface PageOrder {
  /** Absolute path of the class's file. */
  classFile: string;
  settings: Record<string, string>;
}

const program = fileURLToPath(new URL('./page-program.ts', import.meta.url));

/**
 * Serves the counter page from a process of its own.
 *
 * @param order - The class, and PHP's settings.
 * @param databaseUrl - What the class connects to.
 * @returns The server, listening.
 * @throws Error with the process's last words when it ends before it listens.
 */
export async function serveApart(order: PageOrder, databaseUrl: string): Promise<Server> {
  const environment = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--import',
      import.meta.resolve('tsx'),
      program,
      JSON.stringify(order),
    ],
    // It ends when its input does, so it never outlives this process, whatever ends this one.
    { env: environment, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  keepTrackOf(child);
  const ended = once(child, 'close');
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(Number(text)));
    child.once('error', reject);
    child.once('close', (code) => {
      reject(new Error(`The server ended with code ${code} before it listened: ${words.trim()}`));
    });
  });
  return {
    url: `http://127.0.0.1:${port}/`,
    request: (wanted = {}) => exchange(port, wanted, new Map()),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
