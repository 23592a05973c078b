/** session.save_path, and the files in its folder. mod_files.c. */
import { tmpdir } from 'node:os';
import { bytesOf, isInteger64 } from '../zend/conversions.ts';
import { leadingInteger } from '../zend/quantity.ts';
import type { HandlerContext } from './save-module.ts';

/** The start of a session file's name. */
export const PREFIX = 'sess_';

const SLASH = 0x2f;
/** MAXPATHLEN. */
export const LONGEST_PATH = 4096;

/** session.save_path: `[depth;[mode;]]folder`. */
export interface SavePath {
  readonly folder: string;
  /** The number of levels of subfolders, each named by one byte of the id; negative as written. */
  readonly depth: number;
  readonly mode: number;
}

/** Reads session.save_path; undefined, with a warning, for numbers out of range. */
export function parseSavePath(
  savePath: string,
  { reporter }: HandlerContext,
): SavePath | undefined {
  const parts = (savePath === '' ? tmpdir() : savePath).split(';');
  const folder = parts.length > 2 ? parts.slice(2).join(';') : (parts.at(-1) as string);
  const depth = parts.length > 1 ? leadingInteger(parts[0] as string) : 0n;
  const written = parts.length > 2 ? leadingInteger(parts[1] as string, 8) : 0o600n;
  // The long that strtol() returns becomes an int.
  const mode = Number(BigInt.asIntN(32, written));
  const ordinal = !isInteger64(depth)
    ? 'first'
    : !isInteger64(written) || mode < 0 || mode > 0o7777
      ? 'second'
      : undefined;
  if (ordinal === undefined) return { folder, depth: Number(depth), mode };
  const text = `The ${ordinal} parameter in session.save_path is invalid`;
  reporter.warn('E_WARNING', text, '');
  return undefined;
}

/** ps_files_path_create(): `folder/a/b/sess_abc` at depth 2; undefined where that cannot be. */
export function pathOf({ folder, depth }: SavePath, id: string): Buffer | undefined {
  const key = bytesOf(id);
  // In C a negative depth is a huge size_t.
  if (depth < 0 || key.length <= depth) return undefined;
  const length = bytesOf(folder).length + 2 * depth + key.length;
  if (LONGEST_PATH < length + 5 + PREFIX.length + 1) return undefined;
  const folders = [...key.subarray(0, depth)].flatMap((byte) => [byte, SLASH]);
  const parts = [bytesOf(`${folder}/`), Buffer.from(folders), bytesOf(PREFIX), key];
  const path = Buffer.concat(parts);
  // The system reads a path up to its first NUL.
  const end = path.indexOf(0);
  return end < 0 ? path : path.subarray(0, end);
}
