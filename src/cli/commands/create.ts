/** `create`: the tables, or their SQL. */
import { leaseSchema, OurTable } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { nameOf, withEngine } from '../connect.ts';
import { EXIT_CODES } from '../ends.ts';
import { optionsOf, placeOf } from '../place.ts';

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  if (call.flag('print')) return await print(call);
  const { terminal } = call;
  const place = await placeOf(call);
  const { table, leaseTable } = place.options;
  return await withEngine(place, async (engine) => {
    await engine.createTable();
    // A table that was there already may be of another shape.
    await engine.start();
    if (terminal.isJson) await terminal.json({ tables: [table, leaseTable] });
    else await terminal.line(`the tables ${table} and ${leaseTable} are in ${nameOf(place.url)}`);
    return EXIT_CODES.fine;
  });
}

async function print(call: Call): Promise<number> {
  const { terminal } = call;
  const { table, leaseTable, columns } = await optionsOf(call);
  const statements = [new OurTable(table, columns).schema, leaseSchema(leaseTable)];
  if (terminal.isJson) await terminal.json({ statements });
  else for (const sql of statements) await terminal.line(`${sql};`);
  return EXIT_CODES.fine;
}
