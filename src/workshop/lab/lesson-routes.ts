/** The addresses of a lesson's page, of its events and of its buttons. */
import type { Context, Hono } from 'hono';
import { findLesson, isFile } from '../course/catalogue.ts';
import { recordHints } from '../course/progress.ts';
import type { View } from './class-file.ts';
import { actAsClient } from './client-actions.ts';
import { answerForm, isFromScript, readFields } from './forms.ts';
import type { Lab } from './lab.ts';
import { streamLive } from './live.ts';
import { callableMethods } from './methods.ts';
import { classAt, findStep, type Step } from './steps.ts';
import { lecture } from './views/lecture.ts';
import { liveParts, page } from './views/page.ts';

/** Adds the page, its events and its buttons; the forms have been checked before. */
export function addLesson(app: Hono, lab: Lab): void {
  app.get('/', async (context) => showPage(context, lab));
  app.get('/lesson/:label/', async (context) => showPage(context, lab));
  app.get('/lesson/:label', (context) =>
    context.redirect(`/lesson/${context.req.param('label')}/`),
  );
  app.get('/live', (context) => streamChanges(context, lab));
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
  if (lab.database.state === 'up' && isFile(view.subject.path)) {
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
