/** Describes whatever was thrown in the few words a learner needs: what, expected, got, where. */
import { AssertionError } from 'node:assert';
import { readFileSync } from 'node:fs';
import { shown } from '../course/catalogue.ts';
import { examinedBy } from './assertion.ts';
import type { ChildEnd } from './child.ts';
import { findMention, findMethod, locate, readSyntaxProblem, type Suspect } from './location.ts';
import type { Failure, Reason } from './report.ts';
import { shorten, show, showBoth, withoutRoot } from './values.ts';

/**
 * Describes a thrown value of any kind: reason, message, expected and actual value, and the place.
 */
export function describeFailure(thrown: unknown, suspect: Suspect | undefined): Failure {
  if (!(thrown instanceof Error)) {
    const message = `a value that is not an Error was thrown: ${show(thrown)}`;
    return { reason: 'error', message, location: locate('', suspect) };
  }
  const code = 'code' in thrown ? thrown.code : undefined;
  // The whole message: its remedy is at the end.
  if (code === 'MISSING_PROGRAM') return { reason: 'missing', message: thrown.message };
  const reason: Reason = code === 'NOT_PORTED' ? 'not ported' : 'error';
  return {
    reason,
    message: shorten(thrown.message === '' ? thrown.name : thrown.message),
    error: typeof code === 'string' ? `${thrown.name} (${code})` : thrown.name,
    ...(thrown instanceof AssertionError ? describeAssertion(thrown) : {}),
    // A missing method has no line; the class that lacks it has one.
    location:
      reason === 'not ported' && suspect
        ? findMethod(suspect.file, suspect.method ?? '')
        : locate(thrown.stack ?? '', suspect),
  };
}

/**
 * Describes what an assertion compared. Node's generated messages draw the difference; the examined
 * expression and the two values are shorter.
 */
function describeAssertion(
  error: AssertionError,
): Pick<Failure, 'reason' | 'message' | 'expected' | 'actual'> {
  const { operator, expected, actual, generatedMessage, stack = '' } = error;
  const reason = 'assertion';
  // To a test's own message Node adds the difference, below an empty line or a legend.
  const [ownMessage = ''] = error.message.split(/\n(?:\n|\+ actual - expected\n)/, 1);
  const own = generatedMessage ? undefined : shorten(ownMessage);
  const examined = generatedMessage ? examinedBy(stack) : undefined;
  if (operator === '==') return { reason, message: own ?? `not true: ${examined ?? '…'}` };
  const missing = /^Missing expected \w+(?: \(.*?\))?(?:: (?<own>.*)|\.)$/s.exec(error.message);
  if (missing) {
    const wanted = expected === undefined ? '' : `, expected ${show(expected)}`;
    const call = missing.groups?.['own'] ?? examinedBy(stack) ?? 'the call';
    return { reason, message: `${call}: no error${wanted}` };
  }
  const message = own ?? examined ?? firstLine(error.message);
  const both = showBoth(expected, actual);
  if (/^not|^doesNot/.test(operator)) both.expected = `not ${both.expected}`;
  return { reason, message, ...both };
}

/** Describes why the class's file could not be loaded, at the place of a syntax error. */
export function describeLoading(thrown: unknown, suspect: Suspect): Failure {
  const syntax = readSyntaxProblem(thrown);
  const failure = describeFailure(thrown, suspect);
  if (syntax && hasNulls(suspect.file)) {
    const message = `${shown(suspect.file)} is not UTF-8 text: save it in that encoding`;
    return { reason: 'import', message };
  }
  return {
    ...failure,
    reason: 'import',
    ...(syntax ? { message: `Syntax error: ${syntax.text}`, error: undefined } : {}),
    location: syntax?.location ?? findMention(thrown, suspect.file) ?? failure.location,
  };
}

/** True for a file in UTF-16, as a Windows shell's `>` writes it: no line of it can be fixed. */
function hasNulls(file: string): boolean {
  try {
    return readFileSync(file).includes(0);
  } catch {
    return false;
  }
}

/** The two lines of a warning of Node's own. */
const WARNING = /^\(node:\d+\) |^\(Use `node --trace-/;
/** Node's heading of the stacks that it prints last when it aborts. */
const STACKS = /^----- Native stack trace -----/m;

/** Describes a child process that is gone, by its last words. */
export function describeEnd({ code, signal, output }: ChildEnd, suspect?: Suspect): Failure {
  const [words = ''] = output.split(STACKS, 1);
  const lines = words.split('\n').filter((line) => /\S/.test(line) && !WARNING.test(line));
  const last = lines.findLast((line) => /^(?:\w*Error|FATAL ERROR)\b/.test(line)) ?? lines.at(-1);
  const how = signal === null ? `ended with code ${code ?? 'none'}` : `was ended by ${signal}`;
  return {
    reason: 'exit',
    message: `the process of the class ${how}${last === undefined ? '' : `; its last words: ${withoutRoot(last.trim())}`}`,
    location: locate(output, suspect),
  };
}

/** Writes a failure as one sentence for a page, without its place. */
export function asSentence({ message, error }: Failure): string {
  const line = withoutRoot(firstLine(message));
  // A path keeps its case.
  const isWord = error === undefined && !/^\S*\//.test(line);
  const text = isWord ? `${line.charAt(0).toUpperCase()}${line.slice(1)}` : line;
  return `${error === undefined ? '' : `${error}: `}${text}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? text).replace(/(\. Input)?:$/, '');
}
