/** A story as a table: the program's lines, the callbacks of each, and their answers. */
import { inspect } from 'node:util';
import { block, type Yield } from '../page.ts';
import type { Call, Recording } from '../record-stories.ts';
import { table } from '../table.ts';

/** Draws a recorded story. */
export function drawStory({ lines, calls, cookies, messages, php }: Recording): Yield {
  const during = lines.flatMap((line, at) => part(`\`${line}\``, callsAt(calls, at)));
  const end = callsAt(calls, lines.length);
  const outcome = [
    ...cookies.map((cookie) => ['*response header*', `\`Set-Cookie: ${cookie}\``, '']),
    ...messages.map((message) => ['*PHP says*', message, '']),
  ];
  const rows = [...during, ...(end.length > 0 ? part('*the request ends*', end) : []), ...outcome];
  return block(table(['the program', `PHP ${php} and this library call`, 'result'], rows));
}

function callsAt(calls: readonly Call[], line: number): Call[] {
  return calls.filter((call) => call.line === line);
}

/** The first call is beside the line that caused it, the others are below. */
function part(said: string, calls: readonly Call[]): string[][] {
  if (calls.length === 0) return [[said, '', '']];
  return calls.map(({ callback, values, answer }, index) => [
    index === 0 ? said : '',
    `\`${callback}(${values.map(show).join(', ')})\``,
    `\`${show(answer)}\``,
  ]);
}

/** A value as Node shows it, on one line. */
export function show(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: null });
}
