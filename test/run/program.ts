/**
 * Runs test files in the order of its arguments, which `node --test` would sort by name.
 *
 * The first argument is the path of the record of failures, the second the number of files at once.
 */
import { setMaxListeners } from 'node:events';
import { createWriteStream } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { HANG } from '../hang.ts';
import { failures } from './failures.ts';

/** A file that hangs becomes a failure with its name; the slowest takes two minutes, alone. */
const timeout = Math.max(3 * HANG, 600_000);

const [record = '', filesAtOnce, ...files] = process.argv.slice(2);
const stop = new AbortController();
// Every file listens to it; Node would warn of a leak at the eleventh.
setMaxListeners(0, stop.signal);
process.once('SIGTERM', () => stop.abort());
const events = run({ files, concurrency: Number(filesAtOnce), timeout, signal: stop.signal });
events.on('test:fail', () => {
  process.exitCode = 1;
});
events.compose(new spec()).pipe(process.stdout);
events.compose(failures).pipe(createWriteStream(record));
