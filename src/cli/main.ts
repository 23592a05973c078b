#!/usr/bin/env node
/** `npx phpsessid`: the process around the program, its signals and its pipes. */
import { EXIT_CODES, Interrupted, PipeClosed } from './ends.ts';
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
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') {
      stopping.abort(new PipeClosed());
      return;
    }
    // As on a full disk: what was written so far is not the whole result.
    if (stream === process.stdout) process.stderr.write(`error: cannot write: ${message}\n`);
    process.exit(EXIT_CODES.failed);
  });
}

const { argv, env, stdout, stderr } = process;
void runProgram(argv.slice(2), { env, stdout, stderr, signal: stopping.signal }).then((code) => {
  process.exitCode = code;
  // A connection to a server that hangs keeps the process no longer than this.
  setTimeout(() => process.exit(), 1000).unref();
});
