/** Locates an error: at a line of the class if its stack has one. */
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root, shown } from '../course/catalogue.ts';
import type { Location } from './report.ts';

/** The class under test. */
export interface Suspect {
  /** Absolute path of the class's file; empty while it is not known. */
  file: string;
  /** The method that was called last. */
  method?: string | undefined;
}

/** A compiler's error, and the place it names. */
interface SyntaxProblem {
  text: string;
  location: Location | undefined;
}

const source = join(root, 'src') + sep;

/**
 * Finds the place to look at: the class's line in the stack; without one, the method that was
 * called last; without that, the first line that is neither in a package nor in `src`.
 *
 * @param stack - An error's `stack`, or other text with frames in it.
 * @param suspect - The class under test; undefined while it is not known.
 */
export function locate(stack: string, suspect: Suspect | undefined): Location | undefined {
  const frames = readFrames(stack);
  const inClass = frames.find(({ file }) => file === suspect?.file);
  if (inClass) return inClass;
  if (suspect?.method !== undefined) {
    const place = findMethod(suspect.file, suspect.method);
    return place && { ...place, isLastCall: true };
  }
  return frames.find(
    ({ file }) => !/[/\\]node_modules[/\\]/.test(file) && !file.startsWith(source),
  );
}

/** Reads the frames of a stack that lie in files, the innermost first. */
export function readFrames(stack: string): Location[] {
  return stack.split('\n').flatMap((line) => {
    const frame =
      /^\s*at (?:async )?(?:(?<where>.+?) \()?(?<file>(?:file:\/\/|\/|[A-Za-z]:\\).*?):(?<line>\d+)(?::\d+)?\)?$/.exec(
        line,
      )?.groups;
    if (!frame) return [];
    const file = toPath(frame['file'] ?? '');
    const method = /(?:^|[.\s])#?([A-Za-z_$][\w$]*)(?: \[as .*\])?$/.exec(
      frame['where'] ?? '',
    )?.[1];
    return [{ file, line: Number(frame['line']), ...(method ? { method } : {}) }];
  });
}

/** Finds the line on which a method of the class begins; the class's own line where it has none. */
export function findMethod(file: string, method: string): Location | undefined {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const declaration = new RegExp(`^\\s*((public|static|readonly|async)\\s+)*${method}\\s*[(=<]`);
  const begin = Math.max(lines.findIndex(beginsClass), 0);
  // Other classes, such as the class's errors, may stand before it and have a constructor too.
  const index = lines.findIndex((line, at) => at >= begin && declaration.test(line));
  return index >= 0 ? { file, line: index + 1, method } : { file, line: begin + 1 };
}

/** Whether a line of a lesson's file begins its class. */
export function beginsClass(line: string): boolean {
  return /^\s*(export\s+)?(default\s+)?class\s+Sessions\b/.test(line);
}

/**
 * Reads a compiler's error: esbuild's list of errors, or its text, which is all that survives
 * from the loader's thread.
 *
 * @param thrown - The error that loading a file threw.
 * @returns Undefined for any other error.
 */
export function readSyntaxProblem(thrown: unknown): SyntaxProblem | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if ('errors' in thrown && Array.isArray(thrown.errors)) {
    const [first] = thrown.errors as { text?: unknown; location?: Location | null }[];
    if (typeof first?.text === 'string') {
      const { file, line } = first.location ?? {};
      const known = file !== undefined && line !== undefined;
      return { text: first.text, location: known ? { file, line } : undefined };
    }
  }
  const [, file, line, text] =
    /^(\/.*?|[A-Z]:.*?):(\d+):\d+: ERROR: (.*)$/m.exec(thrown.message) ?? [];
  if (file === undefined || text === undefined) return undefined;
  return { text, location: { file, line: Number(line) } };
}

/**
 * Finds the line of a file that an error names anywhere in its message or stack, as Node does for
 * a file that it cannot link.
 *
 * @param file - Absolute path.
 */
export function findMention(thrown: unknown, file: string): Location | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const places = `${thrown.message}\n${thrown.stack ?? ''}`.matchAll(
    /((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^\n:]*?\.[cm]?[jt]s)(?:\?[^\n:]*)?:(\d+)/g,
  );
  for (const [, path, line] of places) {
    if (toPath(path ?? '') === file) return { file, line: Number(line) };
  }
  return undefined;
}

/** `lessons/mine/sessions.ts:31`. */
export function namePlace({ file, line }: Location): string {
  return `${shown(file)}:${line}`;
}

/** The path of a file or `file:` URL, without the query that makes a copy of a module. */
export function toPath(file: string): string {
  if (!file.startsWith('file:')) return file;
  const url = new URL(file);
  url.search = '';
  return fileURLToPath(url);
}
