/** Where a session was started or a head sent, for the messages that say so. */
import type { Place } from './request.ts';

const LOCATION = /(?:\(|at )(?:async )?((?:file:\/\/)?[^()]+):(\d+):\d+\)?$/;

/**
 * Finds the line that called a function.
 *
 * @param called - The function; its own frames and those below it are left out.
 * @returns The caller's file and line, undefined where the engine does not tell.
 */
export function callerOf(called: (...values: never[]) => unknown): Place | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, called);
  Error.stackTraceLimit = stackTraceLimit;
  const frame = holder.stack?.split('\n')[1];
  const found = frame === undefined ? undefined : LOCATION.exec(frame.trim());
  if (!found) return undefined;
  const [, file = '', line = '0'] = found;
  return { file: file.startsWith('file://') ? new URL(file).pathname : file, line: Number(line) };
}
