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
    throw new UsageError(`convert takes a format: ${FORMATS.join(', ')}`);
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
    for await (const { handle, outcome, reason } of convertAll(context, format as Format, isDry)) {
      counts[outcome] += 1;
      seen += 1;
      if (reason !== undefined) terminal.note(`${handle} ${outcome}: ${printable(reason)}`);
      terminal.progress(`${seen} sessions, ${counts.converted} converted`);
      if (signal.aborted) break;
    }
    const isDone = !signal.aborted;
    if (terminal.isJson) await terminal.json({ format, isDry, isDone, ...counts });
    else {
      const word = isDry ? 'would be converted' : 'converted';
      await terminal.line(`${counts.converted} ${word}, ${counts.already} were ${format} already`);
      for (const outcome of ['gone', 'busy', 'refused', 'unreadable'] as const) {
        if (counts[outcome] > 0) await terminal.line(`${counts[outcome]} ${EXPLAINED[outcome]}`);
      }
      if (!isDone) await terminal.line('stopped: run it again for the rest');
    }
    return counts.busy + counts.refused + counts.unreadable > 0
      ? EXIT_CODES.failed
      : EXIT_CODES.fine;
  });
}

const EXPLAINED = {
  gone: 'ended or renewed meanwhile',
  busy: 'were saved by others at each try: run it again',
  refused: 'left as they are: a value would come back as another one',
  unreadable: 'left as they are: their bytes are in no known format',
} as const;
