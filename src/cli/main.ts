#!/usr/bin/env node
/** `npx phpsessid`: the process around the program, its signals and its pipes. */
import { Interrupted, PipeClosed } from './ends.ts';
import { runProgram } from './program.ts';

const stopping = new AbortController();

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(name, () => {
    if (stopping.signal.aborted) process.exit(code);
    stopping.abort(new Interrupted(code));
  });
}
// `phpsessid list | head` closes the pipe before the list is over.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    stopping.abort(new PipeClosed());
  });
}

const { argv, env, stdout, stderr } = process;
void runProgram(argv.slice(2), { env, stdout, stderr, signal: stopping.signal }).then((code) => {
  process.exitCode = code;
});
