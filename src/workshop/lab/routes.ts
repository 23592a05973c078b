/** The lab's pages and buttons. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { findLesson } from '../catalogue.ts';
import { type ClientName, NAMES, USERS } from './clients.ts';
import { readDocument } from './documents.ts';
import { html, raw } from './html.ts';
import { type Lab, UnknownClass, type View } from './lab.ts';
import { callableMethods, METHODS } from './methods.ts';
import type { Stage } from './stage.ts';
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
  'icon.svg': 'image/svg+xml',
};
/** Bigger than any header a client can send, so that a cookie that is too long is tried and not cut. */
const LONGEST_FORM = 256 * 1_024;
/** How often a page that somebody looks at asks the database for changes from elsewhere. */
const LOOK = 1_500;

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
      messagePage(status === 404 ? 'Not here' : 'That went wrong', error.message),
      status,
    );
  });
  app.notFound((context) =>
    context.html(messagePage('Not here', `There is no page ${context.req.path}.`), 404),
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

  app.use('/:form{client|reset|tests|attack}', async (context, next) => {
    const length = Number(context.req.header('content-length') ?? Number.NaN);
    if (context.req.method !== 'POST') return context.text('Press the button on the page.\n', 405);
    if (!(length <= LONGEST_FORM)) return context.text('The form is too long.\n', 413);
    const form = await context.req.parseBody();
    if (form['token'] !== lab.token) {
      return context.html(
        messagePage(
          'The page is from an earlier start',
          'Its buttons belong to a lab that has ended. Load the page again.',
        ),
        403,
      );
    }
    return next();
  });
  app.post('/client', async (context) => {
    const form = await readForm(context, lab);
    const stage = await lab.stage(form.view.subject);
    return done(context, form.view, await actAsClient(stage, form), 'play');
  });
  app.post('/reset', async (context) => {
    const { view } = await readForm(context, lab);
    await (await lab.stage(view.subject)).reset();
    return done(context, view, 'The table is empty, the cookies are forgotten.', 'play');
  });
  app.post('/tests', async (context) => {
    const { view } = await readForm(context, lab);
    const run = lab.runTests(view);
    if (!wantsJson(context)) await run;
    return done(context, view, 'The tests run.', 'tests');
  });
  app.post('/attack', async (context) => {
    const { view, fields } = await readForm(context, lab);
    const run = lab.runAttack(view, findLesson(lab.lessons, fields.get('attack') ?? ''));
    if (!wantsJson(context)) await run;
    return done(context, view, 'The attack runs.', 'attacks');
  });
  return app;
}

interface Form {
  view: View;
  fields: Map<string, string>;
}

async function readForm(context: Context, lab: Lab): Promise<Form> {
  const body = await context.req.parseBody();
  const fields = new Map(
    Object.entries(body).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
  if (lab.database.state !== 'up')
    throw new Error('The database is not ready. Try again in a moment.');
  return { view: readView(lab, fields.get('lesson'), fields.get('class')), fields };
}

function readView(lab: Lab, label: string | undefined, condition: string | undefined): View {
  const lesson = label === undefined ? lab.currentLesson : findLesson(lab.lessons, label);
  return { lesson, subject: lab.findClass(condition || lesson.condition, lesson) };
}

async function showPage(context: Context, lab: Lab): Promise<Response> {
  const view = readView(lab, context.req.param('label'), context.req.query('class'));
  if (lab.database.state === 'up' && existsSync(view.subject.path)) {
    const stage = await lab.stage(view.subject);
    await stage.refresh();
  }
  const stage = await lab.stageIfAny(view.subject.condition);
  const scene: Scene = { lab, view, stage, ticking: false };
  return context.html(page(scene).toString());
}

async function actAsClient(stage: Stage, { fields }: Form): Promise<string> {
  const name: ClientName = fields.get('client') === 'mallory' ? 'mallory' : 'you';
  const instance = fields.get('at') === '2' ? 2 : 1;
  const client = stage.clients[name];
  const visit = (path: string) => stage.visit(name, path, instance);
  const asked = fields.get('do') ?? 'visit';
  if (asked.startsWith('call-')) return visit(methodCall(asked.slice('call-'.length), fields));
  switch (asked) {
    case 'cookie':
      // A line break would end the header: it is the one thing a Cookie line cannot hold.
      client.cookie = (fields.get('cookie') ?? '').replace(/[\r\n\0]+/g, ' ').trim();
      stage.touch();
      return `${NAMES[name]}: cookie kept.`;
    case 'forget':
      client.cookie = '';
      client.setCookie = [];
      stage.touch();
      return `${NAMES[name]}: cookie forgotten.`;
    case 'login':
      return visit(`/login?user=${USERS[name]}`);
    case 'whoami':
      return visit('/whoami');
    case 'logout':
      return visit('/logout');
    case 'twice':
      return (await Promise.all([visit('/'), visit('/')])).join(' ');
    default:
      return visit('/');
  }
}

function methodCall(name: string, fields: Map<string, string>): string {
  const given = { id: fields.get('id') ?? '', data: fields.get('data') ?? '', lifetime: '1440' };
  const takes = METHODS.find((method) => method.name === name)?.takes ?? [];
  const query = new URLSearchParams([
    ['method', name],
    ...takes.map((each) => ['value', given[each]]),
  ]);
  return `/call?${query}`;
}

/** With script the page is already being told what changed; without, it is loaded again. */
function done(context: Context, { lesson, subject }: View, said: string, part: string): Response {
  if (wantsJson(context)) return context.json({ said });
  return context.redirect(`/lesson/${lesson.label}/?class=${subject.condition}#${part}`, 303);
}

function wantsJson(context: Context): boolean {
  return context.req.header('accept') === 'application/json';
}

/** Sends each part of the page that has changed, and sentences for the screen reader. */
function streamChanges(context: Context, lab: Lab): Response {
  const view = readView(lab, context.req.query('lesson'), context.req.query('class'));
  return streamSSE(context, async (stream) => {
    const sent = new Map<string, string>();
    const shape = () => callableMethods(view.subject.path)?.length;
    const drawn = shape();
    const sentences: string[] = [];
    let wake = () => {};
    const onChange = (condition: string | undefined) => {
      if (condition === undefined || condition === view.subject.condition) wake();
    };
    const onSay = (condition: string | undefined, sentence: string) => {
      if (condition === undefined || condition === view.subject.condition) sentences.push(sentence);
      wake();
    };
    lab.on('change', onChange).on('say', onSay);
    stream.onAbort(() => wake());
    while (!stream.aborted && !stream.closed) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (shape() !== drawn) {
        await stream.writeSSE({ event: 'reload', data: '' });
        break;
      }
      const stage = await lab.stageIfAny(view.subject.condition);
      for (const [id, part] of liveParts({ lab, view, stage, ticking: true })) {
        const markup = part.toString();
        if (sent.get(id) === markup) continue;
        sent.set(id, markup);
        await stream.writeSSE({ event: 'part', data: JSON.stringify({ id, markup }) });
      }
      for (const said of sentences.splice(0)) await stream.writeSSE({ event: 'say', data: said });
      const timer = setTimeout(() => wake(), LOOK);
      await changed;
      clearTimeout(timer);
      if (lab.database.state === 'down') await lab.probe();
      else await stage?.refresh();
    }
    lab.off('change', onChange).off('say', onSay);
  });
}

function messagePage(heading: string, text: string): string {
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${heading} · phpsessid lab</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/assets/lab.css"></head>
<body><main class="alone"><h1>${heading}</h1><p>${raw(html`${text}`.toString().replaceAll('\n', '<br>'))}</p><p><a href="/">To the lab</a></p></main></body></html>
`.toString();
}
