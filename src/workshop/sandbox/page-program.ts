/** Serves the counter page with one class, until its parent process ends. */
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { counterPage } from './counter.ts';
import { watchForCrashes } from './crash.ts';
import { describeLoading } from './failure.ts';
import { loadClass, nextCopy } from './load-class.ts';
import type { Message } from './messages.ts';
import { sendReport } from './report.ts';
import { endWithParent, servePage } from './serve.ts';
import { watchForStalls } from './stall.ts';
import { traceCallbacks, traceRequests, traceStatements } from './trace.ts';
import { missingMethods, unportedPage } from './unported-page.ts';

/** The program's one argument, in JSON. */
export interface PageOrder {
  /** Absolute path of the class's file; without it, the condition chooses the class. */
  classFile?: string | undefined;
  /** PHP's settings. */
  settings?: Record<string, string> | undefined;
  /** The port; without it, any free one. */
  port?: number | undefined;
  /** Reports callbacks and statements, and an endless loop with its line. */
  traced?: boolean | undefined;
}

const order = JSON.parse(process.argv[2] ?? '{}') as PageOrder;
const { settings = {}, port, traced = false } = order;
const suspect = { file: order.classFile ?? createRequire(import.meta.url).resolve('#sessions') };

const watch = watchForCrashes(
  () => suspect,
  (failure) => {
    sendReport({ kind: 'broken', failure });
    end(1);
  },
);
endWithParent(() => end(0));
if (traced) {
  watchForStalls(suspect);
  traceCallbacks(send, suspect);
  traceStatements(send);
}
try {
  const sessions = await loadClass(nextCopy(suspect.file));
  const missing = traced ? missingMethods(sessions) : [];
  const page = missing.includes('initCallbacks')
    ? unportedPage(sessions, missing)
    : counterPage(sessions, { settings });
  const listener: RequestListener = (request, response) => {
    response.setHeader('X-Process', String(process.pid));
    page(request, response);
  };
  servePage(traced ? traceRequests(listener, send) : page, port);
} catch (error) {
  sendReport({ kind: 'broken', failure: describeLoading(error, suspect) });
  end(1);
}

function send(event: Message): void {
  sendReport({ kind: 'trace', event });
}

function end(code: number): void {
  watch.finish();
  process.exit(code);
}
