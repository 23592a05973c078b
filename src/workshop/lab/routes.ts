/** The lab's pages and buttons. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { findLesson, root } from '../course/catalogue.ts';
import { recordHints } from '../course/progress.ts';
import type { View } from './class-file.ts';
import { actAsClient } from './client-actions.ts';
import { addCompare } from './compare-routes.ts';
import { addFinish } from './finish-routes.ts';
import { answerForm, guardForms, isFromScript, readFields } from './forms.ts';
import { Gauntlet } from './gauntlet.ts';
import { addGauntlet } from './gauntlet-routes.ts';
import { html, raw } from './html.ts';
import type { Lab } from './lab.ts';
import { streamLive } from './live.ts';
import { callableMethods } from './methods.ts';
import { addServers } from './servers-routes.ts';
import { classAt, findStep, type Step } from './steps.ts';
import { messagePage } from './views/frame.ts';
import { lecture } from './views/lecture.ts';
import { liveParts, page } from './views/page.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** The site has small scripts inside its pages. */
const SITE_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");
const PUBLIC = fileURLToPath(new URL('./public', import.meta.url));
const DOCS = join(root, 'docs');
const BUILD = html`Run <code>npm run docs</code> in a terminal, then load this page again.`;

/** Creates the application, without `/play/`, which passes bytes on unchanged. */
export function labRoutes(lab: Lab): Hono {
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    const isSite = context.req.path.startsWith('/docs/');
    context.header('Content-Security-Policy', isSite ? SITE_POLICY : POLICY);
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Referrer-Policy', 'no-referrer');
    context.header('Cache-Control', 'no-store');
  });
  app.onError((error, context) => {
    const isUnknown = error instanceof RangeError;
    const text = raw(html`${error.message}`.toString().replaceAll('\n', '<br>'));
    return isUnknown
      ? context.html(messagePage('Not here', text), 404)
      : context.html(messagePage('That went wrong', text), 500);
  });
  app.notFound((context) =>
    context.html(messagePage('Not here', `There is no page ${context.req.path}.`), 404),
  );

  app.get('/healthz', async (context) => {
    const ready = await lab.probe();
    const { state, version, milliseconds } = lab.database;
    return context.json({ ready, database: { state, version, milliseconds } }, ready ? 200 : 503);
  });
  app.get('/assets/*', filesBelow(PUBLIC, /^\/assets/, ''));
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
    if (existsSync(join(DOCS, 'site/index.html'))) return next();
    return context.html(messagePage('The documentation is not built yet', BUILD), 404);
  });
  app.get('/docs/*', filesBelow(DOCS, /^\/docs/, '/site'));

  app.get('/', async (context) => showPage(context, lab));
  app.get('/lesson/:label/', async (context) => showPage(context, lab));
  app.get('/lesson/:label', (context) =>
    context.redirect(`/lesson/${context.req.param('label')}/`),
  );
  app.get('/live', (context) => streamChanges(context, lab));

  app.use('/:form{client|reset|tests|attack|predict|hint|run|both|servers}', guardForms(lab));
  const gauntlet = new Gauntlet(lab);
  addGauntlet(app, lab, gauntlet);
  addFinish(app, lab, gauntlet);
  addCompare(app, lab);
  addServers(app, lab);
  app.post('/client', async (context) => {
    const form = await readForm(context, lab);
    const running = await lab.run(form.view.subject);
    return answer(context, form, await actAsClient(running, form.fields), 'play');
  });
  app.post('/reset', async (context) => {
    const form = await readForm(context, lab);
    await (await lab.run(form.view.subject)).reset();
    return answer(context, form, 'The table is empty, the cookies are deleted.', 'play');
  });
  app.post('/tests', async (context) => {
    const form = await readForm(context, lab);
    const run = lab.runTests(form.view);
    if (!isFromScript(context)) await run;
    return answer(context, form, 'The tests run.', 'tests');
  });
  app.post('/attack', async (context) => {
    const form = await readForm(context, lab);
    const attack = findLesson(lab.lessons, form.fields.get('attack') ?? '');
    const run = lab.runAttack(form.view, attack);
    if (!isFromScript(context)) await run;
    return answer(context, form, 'The attack runs.', 'attacks');
  });
  app.post('/predict', async (context) => {
    const form = await readForm(context, lab);
    const said = form.fields.get('says') === 'held' ? 'held' : 'breached';
    return answer(context, form, lab.predict(form.view, said), 'attacks');
  });
  app.post('/hint', async (context) => {
    const form = await readForm(context, lab);
    const hint = Number(form.fields.get('hint'));
    // Readers without a class of their own are not counted.
    if (lab.hasMine && Number.isInteger(hint)) recordHints(form.view.lesson, hint);
    return answer(context, form, '', 'hints');
  });
  return app;
}

/** Serves the files of a folder, with another beginning of the path. */
function filesBelow(folder: string, beginning: RegExp, instead: string): MiddlewareHandler {
  const rewriteRequestPath = (path: string) => path.replace(beginning, instead);
  return serveStatic({ root: folder, rewriteRequestPath });
}

interface Form {
  view: View;
  fields: Map<string, string>;
}

async function readForm(context: Context, lab: Lab): Promise<Form> {
  const fields = await readFields(context, lab);
  return { view: readView(lab, fields.get('lesson'), fields.get('class')), fields };
}

function readView(
  lab: Lab,
  label: string | undefined,
  condition: string | undefined,
  step?: Step | undefined,
): View {
  const lesson = label === undefined ? lab.currentLesson : findLesson(lab.lessons, label);
  const usual = step ? classAt(lesson, lab.lessons, step) : lab.classToOpen(lesson);
  return { lesson, subject: lab.findClass(condition || usual, lesson) };
}

async function showPage(context: Context, lab: Lab): Promise<Response> {
  const { label } = context.req.param();
  const query = context.req.query();
  const step = lab.instructor && query['whole'] === undefined ? findStep(query['step']) : undefined;
  const view = readView(lab, label, query['class'], step);
  if (lab.database.state === 'up' && existsSync(view.subject.path)) {
    await (await lab.run(view.subject)).refresh();
  }
  const running = await lab.running(view.subject.condition);
  const model = { lab, view, running, ticking: false };
  return context.html((step ? lecture({ ...model, step }) : page(model)).toString());
}

function answer(context: Context, { view, fields }: Form, outcome: string, part: string): Response {
  const query = new URLSearchParams({ class: view.subject.condition });
  if (fields.has('step')) query.set('step', findStep(fields.get('step')).name);
  return answerForm(context, outcome, `/lesson/${view.lesson.label}/?${query}#${part}`);
}

/** Sends the changes of a lesson's page. */
function streamChanges(context: Context, lab: Lab): Response {
  const view = readView(lab, context.req.query('lesson'), context.req.query('class'));
  const { condition, path } = view.subject;
  const name = context.req.query('step');
  const step = name === undefined ? undefined : findStep(name);
  const shape = () => callableMethods(path)?.length;
  const drawn = shape();
  const isOwn = (topic: string) => topic === condition;
  return streamLive(context, lab, {
    concerns: isOwn,
    announces: isOwn,
    draw: async () => {
      if (shape() !== drawn) return undefined;
      return liveParts({ lab, view, running: await lab.running(condition), step, ticking: true });
    },
    refresh: async () => (await lab.running(condition))?.refresh(),
  });
}
