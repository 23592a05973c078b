/** The module "files": one file for each session, `sess_ID` in session.save_path. mod_files.c. */
import { statSync, unlinkSync } from 'node:fs';
import { readdir, stat, unlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getSystemErrorMap } from 'node:util';
import { createId, isValidId } from '../session/identifiers.ts';
import { beforeNul, bytesOf, textOf } from '../zend/conversions.ts';
import { lockFile } from './file-locks.ts';
import type { HandlerContext, OpenHandler, SaveModule } from './save-module.ts';
import { SessionFile } from './session-file.ts';

const PREFIX = 'sess_';
const SLASH = 0x2f;
const LONGEST_PATH = 4096;
/** The longest time that a sweep may block the event loop, in milliseconds. */
const SWEEP_SLICE = 2;
/** The longest delay of setTimeout(); a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

// Error texts in which libuv differs from the C library.
const ERRORS: Record<string, string> = {
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  EIO: 'Input/output error',
};

/** strerror(errno) and the number, as PHP prints them: `No such file or directory (2)`. */
function systemError(error: unknown): string {
  const { code = '', errno = 0 } = error as NodeJS.ErrnoException;
  const words = ERRORS[code] ?? getSystemErrorMap().get(errno)?.[1] ?? code;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${Math.abs(errno)})`;
}

async function exists(path: Buffer | undefined): Promise<boolean> {
  if (path === undefined) return false;
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** session.save_path: `[depth;[mode;]]folder`. */
interface SavePath {
  readonly folder: string;
  /** The number of levels of subfolders, each named by one character of the id. */
  readonly depth: number;
  readonly mode: number;
}

/** Reads session.save_path; undefined, with a warning, for numbers out of range. */
function parseSavePath(savePath: string, { reporter }: HandlerContext): SavePath | undefined {
  const parts = (savePath === '' ? tmpdir() : savePath).split(';');
  const folder = parts.slice(2).join(';') || (parts[1] ?? (parts[0] as string));
  const depth = parts.length > 1 ? Number.parseInt(parts[0] as string, 10) || 0 : 0;
  const mode = parts.length > 2 ? Number.parseInt(parts[1] as string, 8) || 0 : 0o600;
  const ordinal = !Number.isSafeInteger(depth)
    ? 'first'
    : mode < 0 || mode > 0o7777
      ? 'second'
      : undefined;
  if (ordinal === undefined) return { folder, depth, mode };
  const text = `The ${ordinal} parameter in session.save_path is invalid`;
  reporter.warn('E_WARNING', text, '');
  return undefined;
}

/** ps_files, mod_files.c L101: one session's file, locked while it is open. */
class OpenFile implements OpenHandler {
  readonly canValidate = true;
  readonly #context: HandlerContext;
  readonly #place: SavePath;
  #file: SessionFile | undefined;
  #lastId: string | undefined;
  #size = 0;
  #unlock: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the lock was released early: `PhpOptions.maxLockTime`. */
  #isExpired = false;

  constructor(context: HandlerContext, place: SavePath) {
    this.#context = context;
    this.#place = place;
  }

  async read(id: string): Promise<Buffer | undefined> {
    const file = await this.#open(id);
    if (!file) return undefined;
    try {
      this.#size = file.size;
      const bytes = await file.read(this.#size);
      if (bytes.length === this.#size) return bytes;
      this.#warn('Read returned less bytes than requested');
    } catch (error) {
      this.#warn(`Read failed: ${systemError(error)}`);
    }
    return undefined;
  }

  async write(id: string, data: Buffer): Promise<boolean> {
    const file = await this.#open(id);
    if (!file) return false;
    try {
      await file.write(data, data.length < this.#size);
    } catch (error) {
      this.#warn(`Write failed: ${systemError(error)}`);
      return false;
    }
    return true;
  }

  async touch(id: string, data: Buffer): Promise<boolean> {
    const path = this.#pathOf(id);
    if (path === undefined || this.#hasExpired()) return false;
    try {
      const now = new Date(this.#context.clock());
      await utimes(path, now, now);
      return true;
    } catch {
      return await this.write(id, data);
    }
  }

  async destroy(id: string): Promise<boolean> {
    const path = this.#pathOf(id);
    if (path === undefined || this.#hasExpired()) return false;
    if (!this.#file) return true;
    try {
      await unlink(path);
    } catch {
      if (await exists(path)) return false;
    } finally {
      // PHP closes first; here the file is deleted before its lock is released.
      await this.release();
    }
    return true;
  }

  /** A tree of folders is left to an external program. */
  async gc(maxLifetime: number): Promise<number> {
    return this.#place.depth === 0 ? await this.#cleanUp(this.#place.folder, maxLifetime) : -1;
  }

  async createId(): Promise<string | undefined> {
    for (let tries = 4; tries > 0; tries -= 1) {
      const id = createId(this.#context);
      if (!(await exists(this.#pathOf(id)))) return id;
    }
    return undefined;
  }

  async validateId(id: string): Promise<boolean> {
    return await exists(this.#pathOf(id));
  }

  async close(): Promise<boolean> {
    await this.release();
    return true;
  }

  /** ps_files_close(): the lock goes with the file. */
  async release(): Promise<void> {
    const [file, unlock] = [this.#file, this.#unlock];
    this.#file = undefined;
    this.#unlock = undefined;
    clearTimeout(this.#timer);
    try {
      await file?.close();
    } finally {
      unlock?.();
    }
  }

  callbackName(): undefined {
    return undefined;
  }

  /** Whether the lock has expired; if so, an exception becomes pending. */
  #hasExpired(): boolean {
    if (!this.#isExpired) return false;
    const text =
      `The request held its session's file for longer than maxLockTime, ${this.#context.maxLockTime} ` +
      'ms, and the next request has it now: nothing of this one is saved; call ' +
      'session_write_close() before slow work';
    this.#context.reporter.throwLater(new Error(text));
    return true;
  }

  #expireLater(): void {
    const { maxLockTime } = this.#context;
    if (maxLockTime === undefined || maxLockTime > LONGEST_DELAY) return;
    this.#timer = setTimeout(() => {
      this.#isExpired = true;
      this.release().catch((error: unknown) => process.emitWarning(error as Error));
    }, maxLockTime);
  }

  #warn(text: string): void {
    this.#context.reporter.warn('E_WARNING', text);
  }

  /** ps_files_path_create(): `folder/a/b/sess_abc` at depth 2; undefined where that cannot be. */
  #pathOf(id: string): Buffer | undefined {
    const { folder, depth } = this.#place;
    const key = bytesOf(id);
    if (key.length <= depth) return undefined;
    const length = bytesOf(folder).length + 2 * depth + key.length;
    if (LONGEST_PATH < length + 5 + PREFIX.length + 1) return undefined;
    const folders = [...key.subarray(0, depth)].flatMap((byte) => [byte, SLASH]);
    const parts = [bytesOf(`${folder}/`), Buffer.from(folders), bytesOf(PREFIX), key];
    const path = Buffer.concat(parts);
    // The system reads a path up to its first NUL.
    const end = path.indexOf(0);
    return end < 0 ? path : path.subarray(0, end);
  }

  /** ps_files_open(): opens and locks the session's file, unless it is open already. */
  async #open(id: string): Promise<SessionFile | undefined> {
    if (this.#hasExpired()) return undefined;
    if (this.#file && this.#lastId === id) return this.#file;
    this.#lastId = undefined;
    await this.release();
    if (!isValidId(beforeNul(id))) {
      this.#warn(
        'Session ID is too long or contains illegal characters. ' +
          'Only the A-Z, a-z, 0-9, "-", and "," characters are allowed',
      );
      return undefined;
    }
    const path = this.#pathOf(id);
    if (path === undefined) {
      this.#warn(
        'Failed to create session data file path. Too short session ID, ' +
          `invalid save_path or path length exceeds ${LONGEST_PATH} characters`,
      );
      return undefined;
    }
    this.#lastId = id;
    const unlock = await lockFile(path.toString('latin1'));
    let file: SessionFile;
    try {
      file = await SessionFile.open(path, this.#place.mode);
    } catch (error) {
      unlock();
      this.#warn(`open(${textOf(path)}, O_RDWR) failed: ${systemError(error)}`);
      return undefined;
    }
    this.#file = file;
    this.#unlock = unlock;
    this.#expireLater();
    if (file.isOurs) return file;
    await this.release();
    this.#warn('Session data file is not created by your uid');
    return undefined;
  }

  /** ps_files_cleanup_dir(). */
  async #cleanUp(folder: string, maxLifetime: number): Promise<number> {
    const { reporter, clock } = this.#context;
    let names: string[];
    try {
      names = await readdir(folder);
    } catch (error) {
      const text = `ps_files_cleanup_dir: opendir(${folder}) failed: ${systemError(error)}`;
      reporter.warn('E_NOTICE', text);
      return -1;
    }
    const now = Math.floor(clock() / 1000);
    let deleted = 0;
    let began = performance.now();
    for (const name of names) {
      if (!name.startsWith(PREFIX)) continue;
      // In slices: a synchronous stat costs a fifth of an asynchronous one.
      if (performance.now() - began > SWEEP_SLICE) {
        await nextTurn();
        began = performance.now();
      }
      if (deleteOlder(`${folder}/${name}`, now - maxLifetime)) deleted += 1;
    }
    return deleted;
  }
}

/** Deletes a file older than a moment. As in PHP, a file that cannot be deleted counts too. */
function deleteOlder(path: string, seconds: number): boolean {
  try {
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file || Math.floor(file.mtimeMs / 1000) >= seconds) return false;
  } catch {
    return false;
  }
  try {
    unlinkSync(path);
  } catch {}
  return true;
}

/** The module that PHP calls "files". */
export const filesModule: SaveModule = {
  name: 'files',
  async open(context, savePath) {
    const place = parseSavePath(savePath, context);
    return { ok: place !== undefined, handler: place && new OpenFile(context, place) };
  },
};
