/**
 * Serves the counter page by the class that the condition chose: one process for one class.
 *
 * The lab starts it as `node -C lesson-05 --import tsx src/workshop/sandbox/play.ts`, with the class's
 * database in DATABASE_URL, and listens to what it tells over the channel between the two.
 */
import { writeSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { SessionsExport } from './contract.ts';
import type { Message } from './messages.ts';
import { describeFault, findPlace } from './place.ts';
import type { Fault } from './report.ts';
import { FAULT_MARK } from './stall.ts';
import { traceCallbacks, traceRequests, traceStatements } from './trace.ts';
import { missingMethods, unportedPage } from './unported-page.ts';

const tell = (message: Message): void => {
  if (process.connected) process.send?.(message);
};

/** The channel may die with the process; standard error is written before anything else happens. */
const lastWords = (fault: Fault): void => {
  writeSync(2, `${FAULT_MARK}${JSON.stringify(fault)}\n`);
};

let ending = false;
const end = (): never => {
  ending = true;
  process.exit(0);
};
process.once('disconnect', end);
process.once('SIGTERM', end);
// Ctrl-C reaches the whole group: the lab decides in which order its processes end.
process.on('SIGINT', () => {});
process.on('uncaughtException', (error) => {
  ending = true;
  lastWords(describeFault(error));
  process.exit(1);
});
process.on('exit', (code) => {
  if (ending) return;
  const place = findPlace(new Error('exit').stack ?? '');
  lastWords({ message: `The class called process.exit(${code}).`, place });
});

watchForStalls();
traceCallbacks(tell);
traceStatements(tell);

try {
  const { Sessions } = (await import('#sessions')) as { Sessions: SessionsExport };
  await serve(Sessions);
} catch (error) {
  ending = true;
  lastWords(describeFault(error));
  process.exit(1);
}

async function serve(Sessions: SessionsExport): Promise<void> {
  const missing = missingMethods(Sessions);
  // Gc with every request, so that it can be seen; PHP's default is one in a hundred.
  const settings = { 'session.gc_probability': 1, 'session.gc_divisor': 1 };
  // Below the handlers of faults, so that what cannot be loaded is a sentence as well.
  const { counterPage } = await import('./counter.ts');
  const page = missing.includes('initCallbacks')
    ? unportedPage(Sessions, missing)
    : counterPage(Sessions, { settings });
  const listener: RequestListener = (request, response) => {
    response.setHeader('X-Process', String(process.pid));
    page(request, response);
  };
  const server = createServer(traceRequests(listener, tell));
  server.listen(0, '127.0.0.1', () => {
    tell({ type: 'listening', port: (server.address() as AddressInfo).port });
  });
}

function watchForStalls(): void {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const beat = new Int32Array(shared);
  setInterval(() => Atomics.add(beat, 0, 1), 250);
  // Node 20 does not hand the loader of a .ts entry to a thread: the thread fetches it itself.
  const source = `import('tsx/esm/api').then(({ tsImport }) => tsImport('./stall.ts', ${JSON.stringify(import.meta.url)}))`;
  new Worker(source, { eval: true, workerData: shared }).unref();
}
