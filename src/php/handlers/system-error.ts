import { getSystemErrorMap } from 'node:util';

// Error texts in which libuv differs from the C library.
const ERRORS: Record<string, string> = {
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  EIO: 'Input/output error',
};

/** strerror(errno) and the number, as PHP prints them: `No such file or directory (2)`. */
export function systemError(error: unknown): string {
  const { code = '', errno = 0 } = error as NodeJS.ErrnoException;
  const words = ERRORS[code] ?? getSystemErrorMap().get(errno)?.[1] ?? code;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${Math.abs(errno)})`;
}
