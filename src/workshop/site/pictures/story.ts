/** One story as a table: what the program says, what is called for it, what is answered. */
import { show } from '../claims.ts';
import type { Call, Recording } from '../record-stories.ts';
import type { Yield } from '../weave.ts';

/**
 * Draws a recorded story.
 *
 * @param recording What PHP and the library have both done.
 */
export function drawStory({ lines, calls, cookies, messages, php }: Recording): Yield {
  const during = lines.flatMap((line, at) => part(`\`${line}\``, callsAt(calls, at)));
  const end = callsAt(calls, lines.length);
  const told = [
    ...cookies.map((cookie) => ['*the browser is told*', `\`Set-Cookie: ${cookie}\``, '']),
    ...messages.map((message) => ['*PHP says*', message, '']),
  ];
  const rows = [
    ['the program', `PHP ${php} and ours call`, 'and hear'],
    ['---', '---', '---'],
    ...during,
    ...(end.length > 0 ? part('*the request ends*', end) : []),
    ...told,
  ];
  return {
    kind: 'block',
    text: rows.map((row) => `| ${row.map(withoutBars).join(' | ')} |`).join('\n'),
  };
}

function callsAt(calls: readonly Call[], line: number): Call[] {
  return calls.filter((call) => call.line === line);
}

/** The first call stands beside the line that caused it, the others below. */
function part(said: string, calls: readonly Call[]): string[][] {
  if (calls.length === 0) return [[said, '', '']];
  return calls.map(({ callback, values, answer }, index) => [
    index === 0 ? said : '',
    `\`${callback}(${values.map(show).join(', ')})\``,
    `\`${show(answer)}\``,
  ]);
}

function withoutBars(cell: string): string {
  return cell.replaceAll('|', '\\|');
}
