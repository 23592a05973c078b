/** The system's errors in C's words: strerror(errno), which PHP prints. */
import { getSystemErrorMap } from 'node:util';

// Where libuv's words are not those of the C library.
const WORDS: Record<string, string> = {
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  EIO: 'Input/output error',
};

/**
 * Describes an error of a system call as PHP does: `No such file or directory (2)`.
 *
 * @param error - What `node:fs` threw.
 * @returns The words and the number.
 */
export function systemError(error: unknown): string {
  const { code = '', errno = 0 } = error as NodeJS.ErrnoException;
  const words = WORDS[code] ?? getSystemErrorMap().get(errno)?.[1] ?? code;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${Math.abs(errno)})`;
}
