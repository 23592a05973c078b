/** `convert`: live sessions in another format. */

import type { Format } from '../../store/index.ts';
import { type Converted, convertAll } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { withStore } from '../connect.ts';
import { EXIT_CODES, UsageError } from '../ends.ts';
import { printable } from '../terminal.ts';

const FORMATS: readonly string[] = ['json', 'php', 'php_serialize', 'php_binary'];

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal, signal } = call;
  const [format] = call.words;
  if (format === undefined || !FORMATS.includes(format)) {
    const given = format === undefined ? '' : `, not "${printable(format)}"`;
    throw new UsageError(`convert takes a format: ${FORMATS.join(', ')}${given}`);
  }
  const isDry = call.flag('dry-run');
  return await withStore(call, async (context) => {
    const counts: Record<Converted['outcome'], number> = {
      converted: 0,
      already: 0,
      gone: 0,
      busy: 0,
      refused: 0,
      unreadable: 0,
    };
    let seen = 0;
    let isDone = false;
    try {
      for await (const each of convertAll(context, format as Format, isDry)) {
        const { handle, outcome, reason } = each;
        counts[outcome] += 1;
        seen += 1;
        if (reason !== undefined) terminal.note(`${handle} ${outcome}: ${printable(reason)}`);
        terminal.progress(`${seen} sessions, ${counts.converted} converted`);
        if (signal.aborted) break;
      }
      isDone = !signal.aborted;
    } finally {
      // Converted rows stay converted when the server stops.
      await report(call, { format, isDry, isDone, ...counts });
    }
    return counts.busy + counts.refused + counts.unreadable > 0
      ? EXIT_CODES.failed
      : EXIT_CODES.fine;
  });
}

interface Report extends Readonly<Record<Converted['outcome'], number>> {
  readonly format: string;
  readonly isDry: boolean;
  readonly isDone: boolean;
}

async function report({ terminal }: Call, result: Report): Promise<void> {
  if (terminal.isJson) {
    await terminal.json(result);
    return;
  }
  const { format, isDry, isDone, converted, already } = result;
  const word = isDry ? 'would be converted' : 'converted';
  await terminal.line(`${converted} ${word}, ${already} were ${format} already`);
  for (const outcome of ['gone', 'busy', 'refused', 'unreadable'] as const) {
    if (result[outcome] > 0) await terminal.line(`${result[outcome]} ${EXPLAINED[outcome]}`);
  }
  if (!isDone) await terminal.line('stopped: run it again for the rest');
}

const EXPLAINED = {
  gone: 'ended or renewed meanwhile',
  busy: 'were saved by others at each try: run it again',
  refused: 'left as they are: a value would come back as another one',
  unreadable: 'left as they are: their bytes are in no known format',
} as const;
