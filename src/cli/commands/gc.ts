/** `gc`: deletes expired sessions in rounds. */
import { collect } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { withEngine } from '../connect.ts';
import { EXIT_CODES } from '../ends.ts';
import { placeOf } from '../place.ts';

/** Milliseconds of one round: the most that a kill takes back. */
const ROUND = 2000;

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal, signal } = call;
  const budget = (call.seconds('budget') ?? Number.POSITIVE_INFINITY) * 1000;
  const place = await placeOf(call);
  return await withEngine(place, async (engine) => {
    const context = await engine.start();
    const began = performance.now();
    const left = (): number => budget - (performance.now() - began);
    let deleted = 0;
    let isDone = false;
    try {
      while (!isDone && !signal.aborted && left() > 0) {
        const end = performance.now() + Math.min(ROUND, left());
        await collect(context, end - performance.now(), (count) => {
          deleted += count;
          terminal.progress(`${deleted} deleted`);
        });
        isDone = performance.now() < end;
      }
    } finally {
      // Deleted rows stay deleted when the server stops.
      const seconds = Number(((performance.now() - began) / 1000).toFixed(1));
      if (terminal.isJson) await terminal.json({ deleted, isDone, seconds });
      else {
        const rest = isDone ? '' : '; there may be more';
        await terminal.line(`${deleted} expired sessions deleted in ${seconds} s${rest}`);
      }
    }
    return EXIT_CODES.fine;
  });
}
