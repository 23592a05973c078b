/** The module "files": one file for each session, `sess_ID` in session.save_path. mod_files.c. */
import { statSync, unlinkSync, utimesSync } from 'node:fs';
import { stat, unlink, utimes } from 'node:fs/promises';
import { warnOf } from '../../serialize/messages.ts';
import { type Awaitable, inSteps, ready, type Steps } from '../awaitable.ts';
import { createId, isValidId } from '../session/identifiers.ts';
import { beforeNul, textOf } from '../zend/conversions.ts';
import { onDisk } from './disk.ts';
import { lockFile } from './file-locks.ts';
import type { HandlerContext, OpenHandler, SaveModule } from './save-module.ts';
import { LONGEST_PATH, parseSavePath, pathOf, type SavePath } from './save-path.ts';
import { SessionFile } from './session-file.ts';
import { sweep } from './sweep.ts';
import { systemError } from './system-error.ts';

/** The longest delay of setTimeout(); a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** ps_files, mod_files.c L101: one session's file, locked while it is open. */
class OpenFile implements OpenHandler {
  readonly canValidate = true;
  readonly #context: HandlerContext;
  readonly #place: SavePath;
  #file: SessionFile | undefined;
  #lastId: string | undefined;
  #unlock: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the lock was released early: `PhpOptions.maxLockTime`. */
  #isExpired = false;

  constructor(context: HandlerContext, place: SavePath) {
    this.#context = context;
    this.#place = place;
  }

  read(id: string): Awaitable<Buffer | undefined> {
    return inSteps(this.#read(id));
  }

  *#read(id: string): Steps<Buffer | undefined> {
    const file = yield* this.#open(id);
    if (!file) return undefined;
    try {
      const { size } = file;
      const bytes = yield* ready(file.read(size));
      if (bytes.length === size) return bytes;
      this.#warn('Read returned less bytes than requested');
    } catch (error) {
      this.#warn(`Read failed: ${systemError(error)}`);
    }
    return undefined;
  }

  write(id: string, data: Buffer): Awaitable<boolean> {
    return inSteps(this.#write(id, data));
  }

  *#write(id: string, data: Buffer): Steps<boolean> {
    const file = yield* this.#open(id);
    if (!file) return false;
    try {
      // The size of now: another process, which does not see our lock, may have written more.
      yield* ready(file.write(data, data.length < file.size));
    } catch (error) {
      this.#warn(`Write failed: ${systemError(error)}`);
      return false;
    }
    return true;
  }

  touch(id: string, data: Buffer): Awaitable<boolean> {
    return inSteps(this.#touch(id, data));
  }

  *#touch(id: string, data: Buffer): Steps<boolean> {
    const path = pathOf(this.#place, id);
    if (path === undefined || this.#hasExpired()) return false;
    const now = new Date(this.#context.options.clock());
    try {
      const touching = onDisk(
        this.#place.folder,
        () => utimesSync(path, now, now),
        () => utimes(path, now, now),
      );
      yield* ready(touching);
      return true;
    } catch {
      return yield* this.#write(id, data);
    }
  }

  destroy(id: string): Awaitable<boolean> {
    return inSteps(this.#destroy(id));
  }

  *#destroy(id: string): Steps<boolean> {
    const path = pathOf(this.#place, id);
    if (path === undefined || this.#hasExpired()) return false;
    if (!this.#file) return true;
    try {
      const deleting = onDisk(
        this.#place.folder,
        () => unlinkSync(path),
        () => unlink(path),
      );
      yield* ready(deleting);
    } catch {
      if (yield* ready(this.validateId(id))) return false;
    } finally {
      // PHP closes first; here the file is deleted before its lock is released.
      yield* this.#release();
    }
    return true;
  }

  /** Up to PHP 8.5, a tree of folders is left to an external program. */
  gc(maxLifetime: number): Awaitable<number> {
    const isSwept = this.#place.depth === 0 || this.#context.reporter.version >= '8.6';
    return isSwept ? sweep(this.#place, maxLifetime, this.#context) : -1;
  }

  createId(): Awaitable<string | undefined> {
    return inSteps(this.#createId());
  }

  *#createId(): Steps<string | undefined> {
    for (let tries = 4; tries > 0; tries -= 1) {
      const id = createId(this.#context);
      if (!(yield* ready(this.validateId(id)))) return id;
    }
    return undefined;
  }

  validateId(id: string): Awaitable<boolean> {
    const path = pathOf(this.#place, id);
    if (path === undefined) return false;
    return onDisk(
      this.#place.folder,
      () => existsNow(path),
      () => exists(path),
    );
  }

  close(): Awaitable<boolean> {
    return inSteps(this.#close());
  }

  *#close(): Steps<boolean> {
    yield* this.#release();
    return true;
  }

  release(): Awaitable<void> {
    return inSteps(this.#release());
  }

  /** ps_files_close(): the lock goes with the file. */
  *#release(): Steps<void> {
    const [file, unlock] = [this.#file, this.#unlock];
    this.#file = undefined;
    this.#unlock = undefined;
    clearTimeout(this.#timer);
    try {
      yield* ready(file?.close());
    } catch (error) {
      // PHP ignores this; but a network's file system may report only here that a write was lost.
      this.#warn(`Close failed: ${systemError(error)}`);
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
      `The request held its session's file for longer than maxLockTime, ${this.#context.options.maxLockTime} ` +
      'ms, and the next request has it now: nothing of this one is saved; call ' +
      'session_write_close() before slow work';
    this.#context.reporter.throwLater(new Error(text));
    return true;
  }

  #expireLater(): void {
    const { maxLockTime } = this.#context.options;
    if (maxLockTime === undefined || maxLockTime > LONGEST_DELAY) return;
    this.#timer = setTimeout(async () => {
      this.#isExpired = true;
      try {
        await this.release();
      } catch (error) {
        warnOf(error);
      }
    }, maxLockTime);
  }

  #warn(text: string): void {
    this.#context.reporter.warn('E_WARNING', text);
  }

  /** ps_files_open(): opens and locks the session's file, unless it is open already. */
  *#open(id: string): Steps<SessionFile | undefined> {
    if (this.#hasExpired()) return undefined;
    if (this.#file && this.#lastId === id) return this.#file;
    this.#lastId = undefined;
    yield* this.#release();
    if (!isValidId(beforeNul(id))) {
      this.#warn(
        'Session ID is too long or contains illegal characters. ' +
          'Only the A-Z, a-z, 0-9, "-", and "," characters are allowed',
      );
      return undefined;
    }
    const path = pathOf(this.#place, id);
    if (path === undefined) {
      this.#warn(
        'Failed to create session data file path. Too short session ID, ' +
          `invalid save_path or path length exceeds ${LONGEST_PATH} characters`,
      );
      return undefined;
    }
    this.#lastId = id;
    const unlock = yield* ready(lockFile(path.toString('latin1')));
    let file: SessionFile;
    try {
      file = yield* ready(SessionFile.open(this.#place.folder, path, this.#place.mode));
    } catch (error) {
      unlock();
      this.#warn(`open(${textOf(path)}, O_RDWR) failed: ${systemError(error)}`);
      return undefined;
    }
    this.#file = file;
    this.#unlock = unlock;
    if (!file.isOurs) {
      yield* this.#release();
      this.#warn('Session data file is not created by your uid');
      return undefined;
    }
    try {
      if (this.#context.options.flock) yield* ready(file.lock());
    } catch (error) {
      yield* this.#release();
      this.#context.reporter.throwLater(error as Error);
      return undefined;
    }
    this.#expireLater();
    return file;
  }
}

function existsNow(path: Buffer): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

async function exists(path: Buffer): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** The module that PHP calls "files". */
export const filesModule: SaveModule = {
  name: 'files',
  open(context, savePath) {
    const place = parseSavePath(savePath, context);
    return { ok: place !== undefined, handler: place && new OpenFile(context, place) };
  },
};
