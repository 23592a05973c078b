/** Describes whatever was thrown in the few words a learner needs: what, expected, got, where. */
import { inspect } from 'node:util';
import { root } from '../course/catalogue.ts';
import type { ChildEnd } from './child.ts';
import { findMention, findMethod, locate, readSyntaxProblem, type Suspect } from './location.ts';
import type { Failure, Reason } from './report.ts';

const longest = 200;

/**
 * Describes a thrown value.
 *
 * @param thrown - Anything: a test may throw a string.
 * @param suspect - The class under test; undefined while it is not known.
 * @returns Reason, message, expected and actual value, and the place to look at.
 */
export function describeFailure(thrown: unknown, suspect: Suspect | undefined): Failure {
  if (!(thrown instanceof Error)) {
    const message = `a value that is not an Error was thrown: ${show(thrown)}`;
    return { reason: 'error', message, location: locate('', suspect) };
  }
  const { code, operator, expected, actual, generatedMessage } = thrown as Error &
    Record<string, unknown>;
  const reason: Reason =
    code === 'ERR_ASSERTION' ? 'assertion' : code === 'NOT_PORTED' ? 'not ported' : 'error';
  const compares = reason === 'assertion' && operator !== '==';
  const text = thrown.message === '' ? thrown.name : thrown.message;
  return {
    reason,
    // Node's generated messages draw the difference; the two values are shorter.
    message: generatedMessage === true && compares ? firstLine(text) : shorten(text),
    error: typeof code === 'string' ? `${thrown.name} (${code})` : thrown.name,
    ...(compares ? { expected: show(expected), actual: show(actual) } : {}),
    // A missing method has no line; the class that lacks it has one.
    location:
      reason === 'not ported' && suspect
        ? findMethod(suspect.file, suspect.method ?? '')
        : locate(thrown.stack ?? '', suspect),
  };
}

/**
 * Describes why the class's file could not be loaded.
 *
 * @param thrown - The error that loading it threw.
 * @returns The failure, at the place of a syntax error where it is one.
 */
export function describeLoading(thrown: unknown, suspect: Suspect): Failure {
  const syntax = readSyntaxProblem(thrown);
  const failure = describeFailure(thrown, suspect);
  return {
    ...failure,
    reason: 'import',
    ...(syntax ? { message: `Syntax error: ${syntax.text}`, error: undefined } : {}),
    location: syntax?.location ?? findMention(thrown, suspect.file) ?? failure.location,
  };
}

/**
 * Describes a child process that is gone, by its last words.
 *
 * @param suspect - The class that it ran; undefined while it is not known.
 */
export function describeEnd({ code, signal, output }: ChildEnd, suspect?: Suspect): Failure {
  const lines = output.split('\n').filter((line) => /\S/.test(line));
  const last = lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
  const how = signal === null ? `ended with code ${code ?? 'none'}` : `was ended by ${signal}`;
  return {
    reason: 'exit',
    message: `the process of the class ${how}${last === undefined ? '' : `; its last words: ${last.trim()}`}`,
    location: locate(output, suspect),
  };
}

/** Writes a failure as one sentence for a page, without its place. */
export function asSentence({ message, error }: Failure): string {
  const line = firstLine(message).replaceAll(`${root}/`, '');
  const text = error === undefined ? `${line.charAt(0).toUpperCase()}${line.slice(1)}` : line;
  return `${error === undefined ? '' : `${error}: `}${text}${/[.!?]$/.test(text) ? '' : '.'}`;
}

/**
 * Writes a value on one line.
 *
 * @returns The value as `util.inspect` writes it, cut where it is long.
 */
export function show(value: unknown): string {
  return shorten(
    inspect(value, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 160, depth: 4 }),
  );
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? text).replace(/(\. Input)?:$/, '');
}

function shorten(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text;
}
