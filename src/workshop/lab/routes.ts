/** The lab's pages and buttons. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, Hono } from 'hono';
import { findLesson } from '../course/catalogue.ts';
import { actAsClient } from './acts.ts';
import { addCompare } from './compare-routes.ts';
import { readDocument } from './documents.ts';
import { guardForms, readFields, wantsJson } from './forms.ts';
import { addGauntlet } from './gauntlet-routes.ts';
import { type Html, html, raw } from './html.ts';
import { type Lab, UnknownClass, type View } from './lab.ts';
import { streamLive } from './live.ts';
import { callableMethods, lessonToPlay } from './methods.ts';
import { classAt, findStep, type Step } from './steps.ts';
import { lecture } from './views/lecture.ts';
import { PICTURES } from './views/markdown.ts';
import { liveParts, page, type Scene } from './views/page.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/** The site brings small scripts inside its pages. */
const SITE_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'");
const ASSETS: Record<string, string> = {
  'lab.css': 'text/css; charset=utf-8',
  'lab.js': 'text/javascript; charset=utf-8',
  'lecture.css': 'text/css; charset=utf-8',
  'lecture.js': 'text/javascript; charset=utf-8',
  'gauntlet.css': 'text/css; charset=utf-8',
  'gauntlet.js': 'text/javascript; charset=utf-8',
  'compare.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/**
 * Builds the application; `/play/` is not in it, since its bytes are passed on as they are.
 *
 * @param lab What the pages show.
 */
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
    const status = error instanceof UnknownClass || error instanceof RangeError ? 404 : 500;
    return context.html(
      messagePage(status === 404 ? 'Not here' : 'That went wrong', error.message).toString(),
      status,
    );
  });
  app.notFound((context) =>
    context.html(messagePage('Not here', `There is no page ${context.req.path}.`).toString(), 404),
  );

  app.get('/healthz', async (context) => {
    const ready = await lab.probe();
    const { state, version, milliseconds } = lab.database;
    return context.json({ ready, database: { state, version, milliseconds } }, ready ? 200 : 503);
  });
  app.get('/assets/:name', (context) => {
    const name = context.req.param('name');
    const type = ASSETS[name];
    if (!type) return context.notFound();
    const file = readFileSync(new URL(`./public/${name}`, import.meta.url));
    return context.body(new Uint8Array(file), 200, { 'Content-Type': type });
  });
  app.get('/pictures/:name{[\\w-]+\\.svg}', (context) => {
    const path = join(PICTURES, context.req.param('name'));
    if (!existsSync(path)) return context.notFound();
    return context.body(readFileSync(path, 'utf8'), 200, { 'Content-Type': 'image/svg+xml' });
  });
  app.get('/docs/*', (context) => readDocument(context));
  app.get('/docs', (context) => context.redirect('/docs/'));

  app.get('/', async (context) => showPage(context, lab));
  app.get('/lesson/:label/', async (context) => showPage(context, lab));
  app.get('/lesson/:label', (context) =>
    context.redirect(`/lesson/${context.req.param('label')}/`),
  );
  app.get('/live', (context) => streamChanges(context, lab));

  app.use('/:form{client|reset|tests|attack|run|both}', guardForms(lab, messagePage));
  addGauntlet(app, lab);
  addCompare(app, lab);
  app.post('/client', async (context) => {
    const form = await readForm(context, lab);
    const stage = await lab.stage(form.view.subject);
    return done(context, form, await actAsClient(stage, form.fields), 'play');
  });
  app.post('/reset', async (context) => {
    const form = await readForm(context, lab);
    await (await lab.stage(form.view.subject)).reset();
    return done(context, form, 'The table is empty, the cookies are forgotten.', 'play');
  });
  app.post('/tests', async (context) => {
    const form = await readForm(context, lab);
    const run = lab.runTests(form.view);
    if (!wantsJson(context)) await run;
    return done(context, form, 'The tests run.', 'tests');
  });
  app.post('/attack', async (context) => {
    const form = await readForm(context, lab);
    const attack = findLesson(lab.lessons, form.fields.get('attack') ?? '');
    const run = lab.runAttack(form.view, attack);
    if (!wantsJson(context)) await run;
    return done(context, form, 'The attack runs.', 'attacks');
  });
  return app;
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
  const usual = step
    ? classAt(lesson, lab.lessons, step)
    : lessonToPlay(lesson, lab.lessons).condition;
  const chosen = condition || usual;
  return { lesson, subject: lab.findClass(chosen, lesson) };
}

async function showPage(context: Context, lab: Lab): Promise<Response> {
  const { label } = context.req.param();
  const query = context.req.query();
  const step = lab.instructor && query['whole'] === undefined ? findStep(query['step']) : undefined;
  const view = readView(lab, label, query['class'], step);
  if (lab.database.state === 'up' && existsSync(view.subject.path)) {
    const stage = await lab.stage(view.subject);
    await stage.refresh();
  }
  const stage = await lab.stageIfAny(view.subject.condition);
  const scene: Scene = { lab, view, stage, ticking: false };
  const drawn = step ? lecture({ ...scene, step }) : page(scene);
  return context.html(drawn.toString());
}

/** With script the page is already being told what changed; without, it is loaded again. */
function done(context: Context, { view, fields }: Form, said: string, part: string): Response {
  if (wantsJson(context)) return context.json({ said });
  const query = new URLSearchParams({ class: view.subject.condition });
  if (fields.has('step')) query.set('step', findStep(fields.get('step')).name);
  return context.redirect(`/lesson/${view.lesson.label}/?${query}#${part}`, 303);
}

/** Tells the page of a lesson and a class what has changed. */
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
      const stage = await lab.stageIfAny(condition);
      return liveParts({ lab, view, stage, step, ticking: true });
    },
    look: async () => (await lab.stageIfAny(condition))?.refresh(),
  });
}

function messagePage(heading: string, text: string): Html {
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${heading} · phpsessid lab</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/assets/lab.css"></head>
<body><main class="alone"><h1>${heading}</h1><p>${raw(html`${text}`.toString().replaceAll('\n', '<br>'))}</p><p><a href="/">To the lab</a></p></main></body></html>
`;
}
