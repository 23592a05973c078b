/**
 * Finds the line of an endless loop.
 *
 * The loop blocks the one thread that could report it. A second thread reads a counter that the
 * main thread increments; when the counter stops, it asks the debugger where the main thread is,
 * reports that place and kills the process.
 */
import { Session } from 'node:inspector';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { stripTypes } from '../machine/program.ts';
import { limitFairly } from './fair-limit.ts';
import { type Suspect, toPath } from './location.ts';
import { type Location, reportingEnvironment, sendReport } from './report.ts';

/** Milliseconds between two looks at the counter, and how long it may stay the same. */
const interval = 500;
const patience = 3_000;

interface Watched {
  counter: SharedArrayBuffer;
  suspect: Suspect;
}

interface Script {
  url: string;
  map: string | undefined;
}

interface Position {
  scriptId: string;
  lineNumber: number;
  columnNumber?: number | undefined;
}

/** Watches this process for an endless loop. */
export function watchForStalls(suspect: Suspect): void {
  const counter = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const beat = new Int32Array(counter);
  setInterval(() => Atomics.add(beat, 0, 1), interval / 2);
  // Node 20 does not hand the loader of a .ts entry to a thread: the thread loads it itself.
  const [loader, own] = [stripTypes[1], import.meta.url].map((url) => JSON.stringify(url));
  const source = `import(${loader}).then(() => import(${own}))`;
  const watched: Watched = { counter, suspect };
  const options = { eval: true, workerData: watched, env: reportingEnvironment() };
  new Worker(source, options).unref();
}

if (!isMainThread && parentPort) watch(workerData as Watched);

function watch({ counter, suspect }: Watched): void {
  const beat = new Int32Array(counter);
  let last = -1;
  let lift = (): void => {};
  const timer = setInterval(() => {
    const current = Atomics.load(beat, 0);
    if (current === last) return;
    last = current;
    lift();
    lift = limitFairly(process.pid, patience, () => {
      clearInterval(timer);
      reportStall(suspect);
    });
  }, interval);
}

function reportStall({ file }: Suspect): void {
  const scripts = new Map<string, Script>();
  const session = new Session();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params }) => {
    scripts.set(params.scriptId, { url: params.url, map: params.sourceMapURL });
  });
  session.on('Debugger.paused', ({ params }) => {
    const position = params.callFrames
      .map((frame) => frame.location)
      .find(({ scriptId }) => toPath(scripts.get(scriptId)?.url ?? '') === file);
    const line = position && originalLine(position, scripts.get(position.scriptId)?.map);
    end(line === undefined ? undefined : { file, line });
  });
  // A main thread inside one long native call cannot be paused, so its location is unknown.
  limitFairly(process.pid, 2_000, () => end(undefined));
  session.post('Debugger.enable', () => session.post('Debugger.pause'));
}

/** The compiled class has few lines; its source map leads back. Counted from one. */
function originalLine(position: Position, map: string | undefined): number {
  const encoded = /^data:application\/json[^,]*;base64,(.*)$/s.exec(map ?? '')?.[1];
  if (!encoded) return position.lineNumber + 1;
  const payload = JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload;
  const entry = new SourceMap(payload).findEntry(position.lineNumber, position.columnNumber ?? 0);
  return ('originalLine' in entry ? entry.originalLine : position.lineNumber) + 1;
}

function end(location: Location | undefined): void {
  const message = `the class has not paused for ${patience / 1_000} seconds: an endless loop. Its process was ended`;
  sendReport({ kind: 'broken', failure: { reason: 'timeout', message, location } });
  process.kill(process.pid, 'SIGKILL');
}
