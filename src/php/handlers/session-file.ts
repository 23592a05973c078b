/**
 * One open session file. Raw descriptors cost a request less than half of what a FileHandle costs,
 * but nothing keeps a descriptor open while a call on it runs in the thread pool: this class does.
 */
import {
  close,
  closeSync,
  constants,
  fstatSync,
  ftruncate,
  ftruncateSync,
  open,
  openSync,
  read,
  readSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { type Awaitable, inSteps, isPromise, ready, type Steps, whenReady } from '../awaitable.ts';
import { onDisk } from './disk.ts';
import { flock } from './file-locks.ts';

const openFile = promisify(open);
const readPart = promisify(read);
const writePart = promisify(write);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);

const FLAGS = constants.O_CREAT | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);

/** A file that is open for reading and writing. */
export class SessionFile {
  readonly #folder: string;
  readonly #descriptor: number;
  /** The call that runs: once a descriptor is closed, the system gives its number to another file. */
  #work: Promise<unknown> | undefined;

  private constructor(folder: string, descriptor: number) {
    this.#folder = folder;
    this.#descriptor = descriptor;
  }

  /**
   * Opens a file, and creates it where it does not exist.
   *
   * @param folder - Its folder.
   * @param path - Its path, not a symbolic link.
   * @param mode - The permissions of a new file.
   * @throws The system's error.
   */
  static open(folder: string, path: Buffer, mode: number): Awaitable<SessionFile> {
    const opening = onDisk(
      folder,
      () => openSync(path, FLAGS, mode),
      () => openFile(path, FLAGS, mode),
    );
    return whenReady(opening, (descriptor) => new SessionFile(folder, descriptor));
  }

  /** The number of bytes. Always synchronous: the system has an open file's data in memory. */
  get size(): number {
    return fstatSync(this.#descriptor).size;
  }

  /** Whether the file is this user's or root's; root may use every file. */
  get isOurs(): boolean {
    const user = process.getuid?.();
    if (user === undefined || user === 0) return true;
    const { uid } = fstatSync(this.#descriptor);
    return uid === 0 || uid === user || uid === process.geteuid?.();
  }

  /**
   * Locks the file for other processes too, until it is closed.
   *
   * @throws Error when the command flock is missing or fails.
   */
  lock(): Awaitable<void> {
    return this.#keepOpen(flock(this.#descriptor));
  }

  /**
   * Reads from the start.
   *
   * @param size - How many bytes are wanted.
   * @returns The bytes; fewer where the file ends earlier.
   * @throws The system's error.
   */
  read(size: number): Awaitable<Buffer> {
    return this.#keepOpen(inSteps(this.#read(size)));
  }

  /**
   * Writes from the start.
   *
   * @param data - The bytes.
   * @param isShorter - Whether the file ends after them.
   * @throws The system's error.
   */
  write(data: Buffer, isShorter: boolean): Awaitable<void> {
    return this.#keepOpen(inSteps(this.#write(data, isShorter)));
  }

  /** Closes the file, once a call that runs has ended. */
  close(): Awaitable<void> {
    return this.#work ? this.#work.catch(() => {}).then(() => this.#close()) : this.#close();
  }

  #close(): Awaitable<void> {
    const file = this.#descriptor;
    return onDisk(
      this.#folder,
      () => closeSync(file),
      () => closeFile(file),
    );
  }

  #keepOpen<Result>(work: Awaitable<Result>): Awaitable<Result> {
    if (isPromise(work)) this.#work = work;
    return work;
  }

  *#read(size: number): Steps<Buffer> {
    const file = this.#descriptor;
    const bytes = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const reading = onDisk(
        this.#folder,
        () => readSync(file, bytes, at, size - at, at),
        async () => (await readPart(file, bytes, at, size - at, at)).bytesRead,
      );
      const count = yield* ready(reading);
      if (count === 0) break;
      at += count;
    }
    return bytes.subarray(0, at);
  }

  *#write(data: Buffer, isShorter: boolean): Steps<void> {
    const file = this.#descriptor;
    let at = 0;
    while (at < data.length) {
      const writing = onDisk(
        this.#folder,
        () => writeSync(file, data, at, data.length - at, at),
        async () => (await writePart(file, data, at, data.length - at, at)).bytesWritten,
      );
      at += yield* ready(writing);
    }
    if (!isShorter) return;
    const cutting = onDisk(
      this.#folder,
      () => ftruncateSync(file, data.length),
      () => truncateFile(file, data.length),
    );
    yield* ready(cutting);
  }
}
