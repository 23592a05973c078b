/** The addresses of the documentation, which the lab builds beside its own work. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serveStatic } from '@hono/node-server/serve-static';
import type { Hono } from 'hono';
import { root } from '../course/catalogue.ts';
import { html } from './html.ts';
import type { Lab } from './lab.ts';
import { messagePage } from './views/frame.ts';

const SITE = join(root, 'docs/site');
const BUILD = html`Run <code>npm run docs</code> in a terminal, then load this page again.`;

/** Adds the pages of the documentation, or a page that says why there is none yet. */
export function addDocumentation(app: Hono, lab: Lab): void {
  // First: the next pattern includes this path.
  app.get('/docs', (context) => context.redirect('/docs/'));
  app.get('/docs/*', async (context, next) => {
    const docs = lab.documentation();
    if (docs.state === 'building') {
      const seconds = Math.round((performance.now() - docs.began) / 1_000);
      const text = `This takes about 20 s; ${seconds} s have passed. The page appears by itself.`;
      context.header('Refresh', '2');
      return context.html(messagePage('The documentation is being built', text), 503);
    }
    if (docs.state === 'failed') {
      const reason = html`<code>npm run docs</code> failed:</p><pre>${docs.reason}</pre><p>Correct this, and start the workshop again.`;
      return context.html(messagePage('The documentation could not be built', reason), 500);
    }
    if (existsSync(join(SITE, 'index.html'))) return next();
    return context.html(messagePage('The documentation is not built yet', BUILD), 404);
  });
  const rewriteRequestPath = (path: string): string => path.slice('/docs'.length);
  // Called once the folder is there: without it, serveStatic() prints a warning.
  app.get('/docs/*', (context, next) =>
    serveStatic({ root: SITE, rewriteRequestPath })(context, next),
  );
}
