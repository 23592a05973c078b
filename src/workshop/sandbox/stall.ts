/**
 * Runs in a thread beside a play process and notices when the process no longer answers itself.
 *
 * An endless loop blocks the one thread that could report it. This thread reads a beat which the
 * main thread counts up; when the beat stands still it asks the debugger where the main thread
 * is, says so on standard error and ends the process.
 */
import { writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { isLessonFile, shown } from '../course/catalogue.ts';
import type { Fault } from './report.ts';

/** How standard error marks a line that holds a fault. */
export const FAULT_MARK = 'phpsessid-fault ';

const INTERVAL = 500;
const PATIENCE = 6;

interface Script {
  url: string;
  map: string | undefined;
}

interface Location {
  scriptId: string;
  lineNumber: number;
  columnNumber?: number | undefined;
}

if (!isMainThread && parentPort) watch(new Int32Array(workerData as SharedArrayBuffer));

function watch(beat: Int32Array): void {
  let last = -1;
  let still = 0;
  const timer = setInterval(() => {
    const current = Atomics.load(beat, 0);
    still = current === last ? still + 1 : 0;
    last = current;
    if (still < PATIENCE) return;
    clearInterval(timer);
    reportStall();
  }, INTERVAL);
}

function reportStall(): void {
  const scripts = new Map<string, Script>();
  const session = new Session();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params }) => {
    scripts.set(params.scriptId, { url: params.url, map: params.sourceMapURL });
  });
  session.on('Debugger.paused', ({ params }) => {
    const locations = params.callFrames.map((frame) => frame.location);
    end(locate(locations, scripts));
  });
  // A main thread inside one long native call cannot be paused: then there is no place to name.
  setTimeout(() => end(undefined), 2_000);
  session.post('Debugger.enable', () => session.post('Debugger.pause'));
}

function locate(locations: Location[], scripts: Map<string, Script>): string | undefined {
  for (const location of locations) {
    const script = scripts.get(location.scriptId);
    if (!script?.url.startsWith('file:')) continue;
    if (isLessonFile(script.url)) {
      return `${shown(script.url)}:${originalLine(location, script.map)}`;
    }
  }
  return undefined;
}

/** The compiled class is squeezed into few lines; its source map leads back. Counted from one. */
function originalLine(location: Location, map: string | undefined): number {
  const encoded = /^data:application\/json[^,]*;base64,(.*)$/s.exec(map ?? '')?.[1];
  if (!encoded) return location.lineNumber + 1;
  const payload = JSON.parse(Buffer.from(encoded, 'base64').toString()) as SourceMapPayload;
  const entry = new SourceMap(payload).findEntry(location.lineNumber, location.columnNumber ?? 0);
  return ('originalLine' in entry ? entry.originalLine : location.lineNumber) + 1;
}

function end(place: string | undefined): void {
  const seconds = (INTERVAL * PATIENCE) / 1_000;
  const fault: Fault = {
    message: `The class has not paused for ${seconds} seconds: an endless loop. Its process was ended.`,
    place,
  };
  writeSync(2, `${FAULT_MARK}${JSON.stringify(fault)}\n`);
  process.kill(process.pid, 'SIGKILL');
}
