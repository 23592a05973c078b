/** The lab's pages and buttons. */
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { addCompare } from './compare-routes.ts';
import { addDocumentation } from './documentation-routes.ts';
import { addFinish } from './finish-routes.ts';
import { guardForms, isFromScript } from './forms.ts';
import { Gauntlet } from './gauntlet.ts';
import { addGauntlet } from './gauntlet-routes.ts';
import { html, raw } from './html.ts';
import type { Lab } from './lab.ts';
import { addLesson } from './lesson-routes.ts';
import { Refused } from './refused.ts';
import { addServers } from './servers-routes.ts';
import { messagePage } from './views/frame.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** The site has small scripts inside its pages. */
const SITE_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");
/** The addresses that the buttons of the pages send their forms to. */
const FORMS = '/:form{client|reset|tests|attack|predict|hint|run|both|servers}';
const PUBLIC = fileURLToPath(new URL('./public', import.meta.url));

/** Creates the application, without `/play/`, which passes bytes on unchanged. */
export function labRoutes(lab: Lab): Hono {
  const app = new Hono();
  app.use(setHeaders);
  app.onError(showError);
  app.notFound((context) =>
    context.html(messagePage('Not here', `There is no page ${context.req.path}.`), 404),
  );
  app.get('/healthz', async (context) => {
    const ready = await lab.probe();
    const { state, version, milliseconds } = lab.database;
    return context.json({ ready, database: { state, version, milliseconds } }, ready ? 200 : 503);
  });
  const rewriteRequestPath = (path: string): string => path.slice('/assets'.length);
  app.get('/assets/*', serveStatic({ root: PUBLIC, rewriteRequestPath }));
  addDocumentation(app, lab);

  // Before the forms' own handlers, which Hono runs in the order in which they are added.
  app.post(FORMS, guardForms(lab));
  const gauntlet = new Gauntlet(lab);
  addLesson(app, lab);
  addGauntlet(app, lab, gauntlet);
  addFinish(app, lab, gauntlet);
  addCompare(app, lab);
  addServers(app, lab);
  app.all(FORMS, (context) => context.text('Press the button on the page.\n', 405));
  return app;
}

const setHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  const isSite = context.req.path.startsWith('/docs/');
  context.header('Content-Security-Policy', isSite ? SITE_POLICY : POLICY);
  context.header('X-Content-Type-Options', 'nosniff');
  context.header('Referrer-Policy', 'no-referrer');
  context.header('Cache-Control', 'no-store');
};

/** A RangeError names a lesson, class or step that does not exist. */
function showError(error: Error, context: Context): Response | Promise<Response> {
  const [heading, status] =
    error instanceof RangeError
      ? (['Not here', 404] as const)
      : error instanceof Refused
        ? (['Not now', 503] as const)
        : (['That went wrong', 500] as const);
  if (isFromScript(context)) return context.json({ said: error.message }, status);
  const text = raw(html`${error.message}`.toString().replaceAll('\n', '<br>'));
  return context.html(messagePage(heading, text), status);
}
