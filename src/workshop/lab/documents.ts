/** The built site below /docs/, or how to build it. */
import { readFileSync, statSync } from 'node:fs';
import { extname, join, normalize, sep } from 'node:path';
import type { Context } from 'hono';
import { root } from '../course/catalogue.ts';
import { html } from './html.ts';
import { messagePage } from './views/frame.ts';

const SITE = join(root, 'docs/site');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.map': 'application/json; charset=utf-8',
};

/** Answers a request below /docs/ with a file of the site. */
export function readDocument(context: Context): Response | Promise<Response> {
  if (!isFile(join(SITE, 'index.html'))) {
    const how = html`Run <code>npm run docs</code> in a terminal, then load this page again.`;
    return context.html(messagePage('The documentation is not built yet', how), 404);
  }
  const path = decodePath(context.req.path.slice('/docs/'.length));
  const file =
    path === undefined
      ? undefined
      : normalize(join(SITE, path.endsWith('/') || path === '' ? `${path}index.html` : path));
  if (!file?.startsWith(SITE + sep) || !isFile(file)) return context.notFound();
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  return context.body(new Uint8Array(readFileSync(file)), 200, { 'Content-Type': type });
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
