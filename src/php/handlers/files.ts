/** The module "files": a file a session, `sess_ID` in session.save_path. ext/session/mod_files.c. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat, unlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createId, isValidId } from '../session/identifiers.ts';
import type { PhpRequest } from '../session/request.ts';
import type { SaveModule } from '../session/save-module.ts';
import { beforeNul, bytesOf, textOf } from '../zend/conversions.ts';
import { lockFile } from './file-locks.ts';
import { systemError } from './system-errors.ts';

const PREFIX = 'sess_';
const SLASH = 0x2f;
const LONGEST_PATH = 4096;
const FLAGS = constants.O_CREAT | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);

/** ps_files, mod_files.c L101. */
class FilesData {
  file: FileHandle | undefined;
  lastKey: string | undefined;
  size = 0;
  release: (() => void) | undefined;
  readonly folder: string;
  readonly depth: number;
  readonly mode: number;

  constructor(folder: string, depth: number, mode: number) {
    this.folder = folder;
    this.depth = depth;
    this.mode = mode;
  }
}

function dataOf(request: PhpRequest): FilesData | undefined {
  return request.moduleData instanceof FilesData ? request.moduleData : undefined;
}

/** ps_files_path_create(): `folder/a/b/sess_abc` at depth 2; undefined where it cannot be. */
function pathOf(data: FilesData | undefined, id: string): Buffer | undefined {
  const key = bytesOf(id);
  if (!data || key.length <= data.depth) return undefined;
  const length = bytesOf(data.folder).length + 2 * data.depth + key.length;
  if (LONGEST_PATH < length + 5 + PREFIX.length + 1) return undefined;
  const folders = [...key.subarray(0, data.depth)].flatMap((byte) => [byte, SLASH]);
  const path = [bytesOf(`${data.folder}/`), Buffer.from(folders), bytesOf(PREFIX), key];
  const whole = Buffer.concat(path);
  // The system reads it up to a NUL.
  const end = whole.indexOf(0);
  return end < 0 ? whole : whole.subarray(0, end);
}

/** ps_files_close(): the lock goes with the file. */
async function closeFile(data: FilesData): Promise<void> {
  const { file, release } = data;
  data.file = undefined;
  data.release = undefined;
  try {
    await file?.close();
  } finally {
    release?.();
  }
}

/** ps_files_open(): opens and locks the session's file, unless it is open already. */
async function openFile(
  request: PhpRequest,
  data: FilesData,
  id: string,
): Promise<FileHandle | undefined> {
  if (data.file && data.lastKey === id) return data.file;
  data.lastKey = undefined;
  await closeFile(data);
  if (!isValidId(beforeNul(id))) {
    request.warn(
      'E_WARNING',
      'Session ID is too long or contains illegal characters. ' +
        'Only the A-Z, a-z, 0-9, "-", and "," characters are allowed',
    );
    return undefined;
  }
  const path = pathOf(data, id);
  if (path === undefined) {
    request.warn(
      'E_WARNING',
      'Failed to create session data file path. Too short session ID, ' +
        `invalid save_path or path length exceeds ${LONGEST_PATH} characters`,
    );
    return undefined;
  }
  data.lastKey = id;
  const release = await lockFile(path.toString('latin1'));
  let file: FileHandle;
  try {
    file = await open(path, FLAGS, data.mode);
  } catch (error) {
    release();
    request.warn('E_WARNING', `open(${textOf(path)}, O_RDWR) failed: ${systemError(error)}`);
    return undefined;
  }
  data.file = file;
  data.release = release;
  if (!(await isOurs(file))) {
    await closeFile(data);
    request.warn('E_WARNING', 'Session data file is not created by your uid');
    return undefined;
  }
  return file;
}

/** Sessions of another program's user are not accepted, unless this process is root. */
async function isOurs(file: FileHandle): Promise<boolean> {
  const user = process.getuid?.();
  if (user === undefined || user === 0) return true;
  const { uid } = await file.stat();
  return uid === 0 || uid === user || uid === process.geteuid?.();
}

async function writeFile(request: PhpRequest, id: string, bytes: Buffer): Promise<boolean> {
  const data = dataOf(request);
  const file = data && (await openFile(request, data, id));
  if (!file) return false;
  try {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at, at);
      at += bytesWritten;
    }
    if (bytes.length < data.size) await file.truncate(bytes.length);
  } catch (error) {
    request.warn('E_WARNING', `Write failed: ${systemError(error)}`);
    return false;
  }
  return true;
}

async function exists(path: Buffer | undefined): Promise<boolean> {
  if (path === undefined) return false;
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** ps_files_cleanup_dir(). */
async function cleanUp(request: PhpRequest, folder: string, maxLifetime: number): Promise<number> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const text = `ps_files_cleanup_dir: opendir(${folder}) failed: ${systemError(error)}`;
    request.warn('E_NOTICE', text);
    return -1;
  }
  const now = Math.floor(request.clock() / 1000);
  let deleted = 0;
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const path = `${folder}/${name}`;
    const changed = await stat(path).then(
      ({ mtimeMs }) => Math.floor(mtimeMs / 1000),
      () => undefined,
    );
    if (changed === undefined || now - changed <= maxLifetime) continue;
    // Counted even when it cannot be deleted, as PHP does.
    await unlink(path).catch(() => {});
    deleted += 1;
  }
  return deleted;
}

/** `[depth;[mode;]]folder`; undefined for numbers out of range. */
function parseSavePath(request: PhpRequest, savePath: string): FilesData | undefined {
  const parts = (savePath === '' ? tmpdir() : savePath).split(';');
  const folder = parts.slice(2).join(';') || (parts[1] ?? (parts[0] as string));
  const depth = parts.length > 1 ? Number.parseInt(parts[0] as string, 10) || 0 : 0;
  const mode = parts.length > 2 ? Number.parseInt(parts[1] as string, 8) || 0 : 0o600;
  const ordinal = !Number.isSafeInteger(depth)
    ? 'first'
    : mode < 0 || mode > 0o7777
      ? 'second'
      : undefined;
  if (ordinal === undefined) return new FilesData(folder, depth, mode);
  const text = `The ${ordinal} parameter in session.save_path is invalid`;
  request.warn('E_WARNING', text, '');
  return undefined;
}

/** The module that PHP calls "files". */
export const filesHandler: SaveModule = {
  name: 'files',

  async open(request, savePath) {
    const data = parseSavePath(request, savePath);
    if (!data) return false;
    const before = dataOf(request);
    if (before) await closeFile(before);
    request.moduleData = data;
    return true;
  },

  async close(request) {
    const data = dataOf(request);
    request.moduleData = undefined;
    if (data) await closeFile(data);
    return true;
  },

  async read(request, id) {
    const data = dataOf(request);
    const file = data && (await openFile(request, data, id));
    if (!file) return undefined;
    try {
      const { size } = await file.stat();
      data.size = size;
      const bytes = Buffer.alloc(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await file.read(bytes, at, size - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      if (at === size) return bytes;
      request.warn('E_WARNING', 'Read returned less bytes than requested');
    } catch (error) {
      request.warn('E_WARNING', `Read failed: ${systemError(error)}`);
    }
    return undefined;
  },

  write: writeFile,

  async destroy(request, id) {
    const data = dataOf(request);
    const path = pathOf(data, id);
    if (!data || path === undefined) return false;
    if (!data.file) return true;
    try {
      await unlink(path);
    } catch {
      if (await exists(path)) return false;
    } finally {
      // PHP closes first; here the file goes before the lock does.
      await closeFile(data);
    }
    return true;
  },

  async gc(request, maxLifetime) {
    const data = dataOf(request);
    // A tree of folders is left to an external program.
    if (data?.depth !== 0) return -1;
    return await cleanUp(request, data.folder, maxLifetime);
  },

  async createId(request) {
    const { settings } = request;
    const bits = settings.get('sid_bits_per_character');
    for (let tries = 4; tries > 0; tries -= 1) {
      const id = createId(settings.get('sid_length'), bits, request.randomBytes);
      if (!(await exists(pathOf(dataOf(request), id)))) return id;
    }
    return undefined;
  },

  async validateId(request, id) {
    return await exists(pathOf(dataOf(request), id));
  },

  async updateTimestamp(request, id, bytes) {
    const path = pathOf(dataOf(request), id);
    if (path === undefined) return false;
    try {
      const now = new Date(request.clock());
      await utimes(path, now, now);
      return true;
    } catch {
      return await writeFile(request, id, bytes);
    }
  },
};
