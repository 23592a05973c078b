/** Serves files of a folder. */
import { serveStatic } from '@hono/node-server/serve-static';
import type { MiddlewareHandler } from 'hono';

/** Serves the files of a folder, with another beginning of the path. */
export function filesBelow(folder: string, beginning: RegExp, instead: string): MiddlewareHandler {
  const rewriteRequestPath = (path: string) => path.replace(beginning, instead);
  return serveStatic({ root: folder, rewriteRequestPath });
}
