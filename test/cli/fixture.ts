/** Shared by the command line's tests: the program in this process, with streams of its own. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after } from 'node:test';
import type { Connection, Pool } from 'mysql2/promise';
import { runProgram } from '../../src/cli/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** Writes a file that its owner alone may read, and returns its path. */
export function written(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  return path;
}

/**
 * Inserts sessions without an owner, whose ids are not known.
 *
 * @param left - Milliseconds until they expire; negative for expired ones.
 */
export async function fill(pool: Pool | Connection, count: number, left: number): Promise<void> {
  const [now, data, token] = [Date.now(), '{}', ''];
  const rows = Array.from({ length: count }, (_, at) => {
    const key = createHash('sha256').update(`${at}`).digest();
    return [key, data, 1, token, now, now, now + left];
  });
  await pool.query('INSERT INTO sessions (id,d,version,token,created,updated,expires) VALUES ?', [
    rows,
  ]);
}

/** The end of one run. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Options of one run. */
export interface Running {
  readonly env?: Record<string, string | undefined>;
  readonly isTerminal?: boolean;
  /** The terminal's width. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

/** Collects what is written. */
class Collected extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns: number) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs the program; arguments are words separated by spaces, or a list. */
export async function phpsessid(
  args: string | readonly string[],
  {
    env = {},
    isTerminal = false,
    columns = 80,
    signal = new AbortController().signal,
  }: Running = {},
): Promise<Ran> {
  const stdout = new Collected(isTerminal, columns);
  const stderr = new Collected(isTerminal, columns);
  const list = typeof args === 'string' ? args.split(' ').filter(Boolean) : args;
  const code = await runProgram(list, { env, stdout, stderr, signal });
  return { code, out: stdout.text, err: stderr.text };
}
