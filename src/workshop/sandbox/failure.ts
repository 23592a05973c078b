/** Turning whatever was thrown into the few words a learner needs: what, expected, got, where. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { Statement } from '../wire/statement.ts';
import type { Failure, Location, Reason } from './report.ts';

/** What is known about the class under test, for a place in its file. */
export interface Suspect {
  /** Absolute path of the class's file. */
  file: string;
  /** The method that was called last. */
  method?: string | undefined;
}

const longest = 200;

/**
 * Describes what was thrown.
 *
 * @param error - Anything: a test may throw a string.
 * @param suspect - The class under test; undefined while it is not known.
 * @returns Reason, message, expected and actual value, and the place to look at.
 */
export function describeFailure(error: unknown, suspect: Suspect | undefined): Failure {
  const { code, message, stack, compared, generated } = read(error);
  const reason: Reason =
    code === 'ERR_ASSERTION' ? 'assertion' : code === 'NOT_PORTED' ? 'not ported' : 'error';
  return {
    reason,
    message: summarize(message, generated && compared !== undefined),
    ...(compared ? { expected: show(compared.expected), actual: show(compared.actual) } : {}),
    // What is missing has no line; the class that lacks it has.
    location:
      reason === 'not ported' && suspect
        ? findMethod(suspect.file, suspect.method ?? '')
        : locate(stack, suspect),
  };
}

/**
 * Describes why the class's file could not be loaded.
 *
 * @param error - What loading it threw.
 * @param suspect - The file.
 * @returns The failure, at the place of a syntax error where that is what it was.
 */
export function describeLoading(error: unknown, suspect: Suspect): Failure {
  const failure = describeFailure(error, suspect);
  const syntax = locateSyntaxError(error, suspect);
  return { ...failure, reason: 'import', location: syntax ?? failure.location };
}

/**
 * Describes a test that did not end in time.
 *
 * @param seconds - The limit.
 * @param unanswered - The statements the database has not answered.
 * @param suspect - The class, with the method that was called last.
 * @returns The failure, saying what is being waited for.
 */
export function describeTimeout(
  seconds: number,
  unanswered: readonly Statement[],
  suspect: Suspect,
): Failure {
  const [statement] = unanswered;
  const waiting = statement
    ? `; the database has not answered ${show(statement.sql)}`
    : `; no statement is on its way, so the class waits for something that never comes`;
  return {
    reason: 'timeout',
    message: `no result after ${seconds} seconds${waiting}`,
    location: locate('', suspect),
  };
}

interface Thrown {
  code: unknown;
  message: string;
  stack: string;
  /** Undefined where the error compares nothing. */
  compared: { expected: unknown; actual: unknown } | undefined;
  generated: boolean;
}

function read(error: unknown): Thrown {
  if (!(error instanceof Error)) {
    const message = `something that is no Error was thrown: ${show(error)}`;
    return { code: undefined, message, stack: '', compared: undefined, generated: false };
  }
  const fields = error as Error & Record<string, unknown>;
  const compares = fields['code'] === 'ERR_ASSERTION' && fields['operator'] !== '==';
  return {
    code: fields['code'],
    message: error.message === '' ? error.name : error.message,
    stack: error.stack ?? '',
    compared: compares ? { expected: fields['expected'], actual: fields['actual'] } : undefined,
    generated: fields['generatedMessage'] === true,
  };
}

/** Node's generated messages draw the difference; the values themselves say it shorter. */
function summarize(message: string, generated: boolean): string {
  if (generated) return (message.split('\n', 1)[0] ?? message).replace(/(\. Input)?:$/, '');
  return shorten(message);
}

/**
 * A value on one line.
 *
 * @param value - Anything.
 * @returns It as `util.inspect` writes it, cut where it gets long.
 */
export function show(value: unknown): string {
  return shorten(
    inspect(value, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 160, depth: 4 }),
  );
}

function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}

/**
 * The place to look at: the class's own line when the stack passes through it, else the method
 * that was called last, else the first line outside of Node and of node_modules.
 */
function locate(stack: string, suspect: Suspect | undefined): Location | undefined {
  const frames = readFrames(stack);
  const inClass = frames.find(({ file }) => file === suspect?.file);
  if (inClass) return inClass;
  if (suspect?.method !== undefined) return findMethod(suspect.file, suspect.method);
  return frames.find(({ file }) => !/[/\\]node_modules[/\\]|[/\\]src[/\\]workshop[/\\]/.test(file));
}

/**
 * The places a stack names.
 *
 * @param stack - An error's `stack`.
 * @returns Frames in files, the innermost first.
 */
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

function toPath(file: string): string {
  if (!file.startsWith('file://')) return file;
  const url = new URL(file);
  url.search = '';
  return fileURLToPath(url);
}

/**
 * The line on which a method begins.
 *
 * @param file - The class's file.
 * @param method - The method's name.
 * @returns The place; the class itself where it has no such method.
 */
export function findMethod(file: string, method: string): Location | undefined {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const declaration = new RegExp(`^\\s*(static\\s+)?(async\\s+)?${method}\\s*[(=<]`);
  const index = lines.findIndex((line) => declaration.test(line));
  if (index >= 0) return { file, line: index + 1, method };
  const begin = lines.findIndex((line) => /^\s*(export\s+)?(default\s+)?class\b/.test(line));
  return { file, line: Math.max(begin, 0) + 1 };
}

/** Where a file cannot be read as TypeScript, from the words of whoever tried. */
function locateSyntaxError(error: unknown, suspect: Suspect): Location | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${error.message}\n${error.stack ?? ''}`;
  const places = text.matchAll(
    /((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^\n:]*?\.[cm]?[jt]s)(?:\?[^\n:]*)?:(\d+)/g,
  );
  for (const [, file, line] of places) {
    if (toPath(file ?? '') === suspect.file) return { file: suspect.file, line: Number(line) };
  }
  return undefined;
}
