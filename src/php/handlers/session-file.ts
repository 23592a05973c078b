/**
 * One open session file. Raw descriptors cost a request less than half of what a FileHandle costs,
 * but nothing keeps a descriptor open while a call on it runs: this class does.
 */
import { close, constants, fstatSync, ftruncate, open, read, write } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const readPart = promisify(read);
const writePart = promisify(write);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);

const FLAGS = constants.O_CREAT | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);

/** A file that is open for reading and writing. */
export class SessionFile {
  readonly #descriptor: number;
  /** The call that runs: once a descriptor is closed, the system gives its number to another file. */
  #work: Promise<unknown> | undefined;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Opens a file, and creates it where it does not exist.
   *
   * @param path - Its path, not a symbolic link.
   * @param mode - The permissions of a new file.
   * @throws The system's error.
   */
  static async open(path: Buffer, mode: number): Promise<SessionFile> {
    return new SessionFile(await openFile(path, FLAGS, mode));
  }

  /** The number of bytes. Synchronous, because the system has an open file's data in memory. */
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
   * Reads from the start.
   *
   * @param size - How many bytes are wanted.
   * @returns The bytes; fewer where the file ends earlier.
   * @throws The system's error.
   */
  read(size: number): Promise<Buffer> {
    return this.#keepOpen(this.#read(size));
  }

  /**
   * Writes from the start.
   *
   * @param data - The bytes.
   * @param isShorter - Whether the file ends after them.
   * @throws The system's error.
   */
  write(data: Buffer, isShorter: boolean): Promise<void> {
    return this.#keepOpen(this.#write(data, isShorter));
  }

  /** Closes the file, once a call that runs has ended. */
  async close(): Promise<void> {
    await this.#work?.catch(() => {});
    await closeFile(this.#descriptor);
  }

  #keepOpen<Result>(work: Promise<Result>): Promise<Result> {
    this.#work = work;
    return work;
  }

  async #read(size: number): Promise<Buffer> {
    const bytes = Buffer.alloc(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await readPart(this.#descriptor, bytes, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  }

  async #write(data: Buffer, isShorter: boolean): Promise<void> {
    for (let at = 0; at < data.length; ) {
      const { bytesWritten } = await writePart(this.#descriptor, data, at, data.length - at, at);
      at += bytesWritten;
    }
    if (isShorter) await truncateFile(this.#descriptor, data.length);
  }
}
