/** `crawl`: the census of a live table. */
import { OurTable } from '../../store/operate.ts';
import { askOn, PATIENCE } from '../ask.ts';
import type { Call } from '../call.ts';
import { type Census, countTable } from '../census.ts';
import { withPool } from '../connect.ts';
import { EXIT_CODES } from '../ends.ts';
import { placeOf } from '../place.ts';
import { bytesText } from '../terminal.ts';

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal, signal } = call;
  const place = await placeOf(call);
  const { table: name, columns, format = 'json' } = place.options;
  const table = new OurTable(name, columns);
  return await withPool(place, async (pool) => {
    const ask = askOn(await pool.getConnection(), PATIENCE);
    let census: Census | undefined;
    for await (census of countTable(ask, table, format)) {
      terminal.progress(`${census.rows} rows`);
      if (signal.aborted) break;
    }
    const counted = census as Census;
    if (terminal.isJson) await terminal.json({ ...counted, isDone: !signal.aborted });
    else for (const line of linesOf(counted)) await terminal.line(line);
    if (signal.aborted) terminal.note('stopped: these are the rows that were counted so far');
    return counted.malformed > 0 ? EXIT_CODES.failed : EXIT_CODES.fine;
  });
}

function linesOf({ lastSeen, size, format, ...numbers }: Census): string[] {
  const line = (name: string, value: string | number): string =>
    `${name.padEnd(24)}${String(value).padStart(12)}`;
  const group = (title: string, counts: Readonly<Record<string, number>>): string[] =>
    Object.entries(counts).map(([name, count]) => line(`${title} ${name}`, count));
  const { rows, expired, renewed, alive, signedIn, empty, malformed, bytes, largest } = numbers;
  return [
    line('rows', rows),
    line('expired', expired),
    line('renewed', renewed),
    line('alive', alive),
    line('logged in', signedIn),
    ...group('last seen', lastSeen),
    ...group('size', size),
    ...group('format', format),
    line('empty', empty),
    line('malformed', malformed),
    line('bytes', bytesText(bytes)),
    line('largest', bytesText(largest)),
  ];
}
