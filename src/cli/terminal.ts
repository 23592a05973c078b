/** Output: results to stdout, all else to stderr; colours and progress on a terminal only. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

/** A stream that may be a terminal. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number };

/** The process's surroundings; a test has its own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Aborted by Ctrl-C and by a closed pipe. Long work stops after its current batch. */
  readonly signal: AbortSignal;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

/** Milliseconds between two lines of progress. */
const PROGRESS_EVERY = 100;

/** Writes a command's results and messages. */
export class Terminal {
  readonly isJson: boolean;
  readonly #out: Screen;
  readonly #err: Screen;
  readonly #env: Surroundings['env'];
  readonly #signal: AbortSignal;
  #drawn = 0;
  #isDirty = false;

  /** @param isJson - Whether results are JSON, one value a line. */
  constructor({ env, stdout, stderr, signal }: Surroundings, isJson: boolean) {
    this.isJson = isJson;
    this.#out = stdout;
    this.#err = stderr;
    this.#env = env;
    this.#signal = signal;
  }

  /**
   * Writes a line of the result. Waits while the reader of a pipe is slow.
   *
   * @throws AbortError when the pipe is closed meanwhile.
   */
  async line(text = ''): Promise<void> {
    this.#clear();
    if (this.#out.write(`${text}\n`)) return;
    await once(this.#out, 'drain', { signal: this.#signal });
  }

  /** Writes one JSON value. */
  async json(value: unknown): Promise<void> {
    await this.line(printable(JSON.stringify(value)));
  }

  /** Writes a message to stderr. */
  note(text: string): void {
    this.#clear();
    this.#err.write(`${text}\n`);
  }

  /** Writes a warning to stderr. */
  warn(text: string): void {
    this.note(`${this.#style(this.#err, 'yellow', 'warning:')} ${text}`);
  }

  /** Writes an error to stderr. */
  error(text: string): void {
    this.note(`${this.#style(this.#err, 'red', 'error:')} ${text}`);
  }

  /** Shows how far long work is, on a terminal. */
  progress(text: string): void {
    if (!this.#err.isTTY || performance.now() - this.#drawn < PROGRESS_EVERY) return;
    this.#drawn = performance.now();
    this.#isDirty = true;
    // A line that the terminal wraps could not be removed.
    this.#err.write(`\r\x1b[K${text.slice(0, (this.#err.columns ?? 80) - 1)}`);
  }

  /** Removes the line of progress. */
  end(): void {
    this.#clear();
  }

  /** Colours a part of the result. */
  paint(style: Style, text: string): string {
    return this.#style(this.#out, style, text);
  }

  #style(screen: Screen, style: Style, text: string): string {
    const { NO_COLOR, TERM } = this.#env;
    return screen.isTTY && !NO_COLOR && TERM !== 'dumb'
      ? styleText(style, text, { validateStream: false })
      : text;
  }

  #clear(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#err.write('\r\x1b[K');
  }
}

/**
 * Escapes characters that a terminal would obey, or that turn the direction of a text. Names of users,
 * labels and keys come from visitors.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** The message about a handle of no live session. */
export function noSession(handle: string): string {
  return (
    `no live session has the handle ${printable(handle)}: handles change with the newest secret; ` +
    'phpsessid list shows them'
  );
}

/** A point in time for a table: to the second, in UTC. */
export function timeOf(date: Date): string {
  const text = Number.isNaN(date.getTime()) ? 'invalid' : date.toISOString();
  return text.replace(/\.\d+Z$/, 'Z');
}

/** A number of bytes, readable. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KiB'] : [bytes / 1024 ** 2, 'MiB'];
  return `${value.toFixed(1)} ${unit}`;
}
