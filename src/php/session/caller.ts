/** The lines that started a session or sent a head, and the messages that name them. */
import { fileURLToPath } from 'node:url';
import type { PhpMessageLevel } from '../messages.ts';
import type { Place, SessionContext } from './context.ts';

/** A frame with its function's name, or without; a folder's name may have parentheses. */
const LOCATION = /^at (?:.*? \((?!eval at )(.+):(\d+):\d+\)|(?:async )?(.+):(\d+):\d+)$/;

/** Finds a caller's file and line; undefined where the engine does not name them. */
export type Caller = () => Place | undefined;

let entry: ((...values: never[]) => unknown) | undefined;

/**
 * Calls a session function on behalf of another function, whose caller is then the one that
 * {@link callerOf} finds.
 *
 * @param called - The function that the program has called.
 * @param body - Calls the session function at once.
 * @returns The result of `body`.
 */
export function callThrough<Result>(
  called: (...values: never[]) => unknown,
  body: () => Result,
): Result {
  entry = called;
  try {
    return body();
  } finally {
    entry = undefined;
  }
}

/**
 * Remembers the line that called a function. The stack is captured now and read only when a message
 * needs it.
 *
 * @param called - The function; its own frames and those below it are left out.
 */
export function callerOf(called: (...values: never[]) => unknown): Caller {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, entry ?? called);
  entry = undefined;
  Error.stackTraceLimit = stackTraceLimit;
  return () => {
    const frame = holder.stack?.split('\n')[1];
    const found = frame === undefined ? undefined : LOCATION.exec(frame.trim());
    if (!found) return undefined;
    const [, named, namedLine, file = named ?? '', line = namedLine] = found;
    return { file: file.startsWith('file://') ? fileURLToPath(file) : file, line: Number(line) };
  };
}

/**
 * php_session_session_already_started_error(): 8.3 and 8.4 name the line in one notice, 8.5 in all.
 *
 * @param context - The request.
 * @param startedAt - The caller of session_start(); undefined after session.auto_start.
 * @param level - The message's level.
 * @param text - PHP's message.
 */
export function warnStarted(
  { settings, reporter }: SessionContext,
  startedAt: Caller | undefined,
  level: PhpMessageLevel,
  text: string,
): void {
  const at = startedAt?.();
  const automatically = settings.get('auto_start') ? ' (session started automatically)' : '';
  const place = at ? ` (started from ${at.file} on line ${at.line})` : automatically;
  reporter.warn(level, text + place);
}

/**
 * The notice of a session_start() while a session is active; each release words it its own way.
 *
 * @param context - The request.
 * @param startedAt - The caller of the first session_start().
 */
export function warnSecondStart(context: SessionContext, startedAt: Caller | undefined): void {
  const { settings, reporter } = context;
  const text = 'Ignoring session_start() because a session is already';
  if (reporter.version < '8.3') reporter.warn('E_NOTICE', `${text} active`);
  else if (reporter.version >= '8.5' || startedAt?.() || !settings.get('auto_start')) {
    warnStarted(context, startedAt, 'E_NOTICE', `${text} active`);
  } else reporter.warn('E_NOTICE', `${text} automatically active`);
}

/**
 * Whether a message may yet name the line that sends the head. Up to 8.4 the only one that does is
 * `warnLimiterTooLate()`, which the cookie's own warning precedes where cookies are used.
 *
 * @param context - The request.
 */
export function namesSender({ reporter, settings }: SessionContext): boolean {
  return reporter.version >= '8.5' || !settings.get('use_cookies');
}

/**
 * php_session_headers_already_sent_error(): from 8.5 on, the message names the line that sent them.
 *
 * @param context - The request.
 * @param text - PHP's message.
 */
export function warnSent({ head, reporter }: SessionContext, text: string): void {
  const from = reporter.version >= '8.5' ? head.sentFrom : undefined;
  reporter.warn('E_WARNING', from ? `${text} (sent from ${from.file} on line ${from.line})` : text);
}
