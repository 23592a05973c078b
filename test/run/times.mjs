/**
 * Loaded before each step and each test file: appends the seconds of its process to the file that
 * `WORKSHOP_TIMES` names.
 *
 * Plain JavaScript, because a step may be a program that loads no TypeScript.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const record = process.env['WORKSHOP_TIMES'];

// The program that runs the files waits for them, and they count separately.
if (record !== undefined && !process.argv[1]?.endsWith('program.ts')) {
  process.on('exit', () => {
    const name = relative(process.cwd(), process.argv[1] ?? '');
    const seconds = [process.uptime(), cpuSeconds()].map((each) => each.toFixed(1));
    appendFileSync(record, `${[...seconds, name].join('\t')}\n`);
  });
}

/** Of this process and, on Linux, of its children that have ended. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  const own = (user + system) / 1e6;
  if (process.platform !== 'linux') return own;
  // proc(5): fields 16 and 17, in ticks of 10 ms; the second field may contain spaces.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return own + (Number(fields[13]) + Number(fields[14])) / 100;
}
