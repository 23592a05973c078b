/** The addresses of two classes side by side; the guard of forms stands before `/both` already. */
import { existsSync } from 'node:fs';
import type { Context, Hono } from 'hono';
import { actAsClient } from './acts.ts';
import type { ClientName } from './clients.ts';
import type { Side } from './compare.ts';
import { readFields, wantsJson } from './forms.ts';
import type { ClassFile, Lab } from './lab.ts';
import { streamLive } from './live.ts';
import { lessonToPlay } from './methods.ts';
import type { Stage } from './stage.ts';
import { comparePage, compareParts, queryOf } from './views/compare.ts';

/** Two classes and whose requests they answer. */
interface Chosen {
  left: ClassFile;
  right: ClassFile;
  client: ClientName;
}

/**
 * Adds the page of two classes, its stream and its buttons.
 *
 * @param app The lab's routes.
 * @param lab What they show.
 */
export function addCompare(app: Hono, lab: Lab): void {
  app.get('/compare', (context) => context.redirect('/compare/'));
  app.get('/compare/', async (context) => {
    const chosen = choose(lab, (name) => context.req.query(name));
    for (const subject of [chosen.left, chosen.right]) {
      if (lab.database.state !== 'up' || !existsSync(subject.path)) continue;
      await (await lab.stage(subject)).refresh();
    }
    return context.html(comparePage(await pairOf(lab, chosen, false)).toString());
  });
  app.get('/compare/live', (context) => {
    const chosen = choose(lab, (name) => context.req.query(name));
    const conditions = [chosen.left.condition, chosen.right.condition];
    return streamLive(context, lab, {
      concerns: (topic) => conditions.includes(topic),
      announces: () => false,
      draw: async () => compareParts(await pairOf(lab, chosen, true)),
      look: async () => {
        for (const each of conditions) await (await lab.stageIfAny(each))?.refresh();
      },
    });
  });
  app.post('/both', async (context) => {
    const fields = await readFields(context, lab);
    const chosen = choose(lab, (name) => fields.get(name));
    return done(context, chosen, await sendBoth(lab, chosen, fields));
  });
}

/** The right class is the lesson's, the left one what stood there before it. */
function choose(lab: Lab, ask: (name: string) => string | undefined): Chosen {
  const { lessons } = lab;
  const right = lab.findClass(ask('right') || lessonToPlay(lab.currentLesson, lessons).condition);
  const isLesson = right.condition === right.lesson.condition;
  const before = isLesson
    ? lessons.findLast((each) => each.number < right.lesson.number)
    : right.lesson;
  const left = lab.findClass(ask('left') || (before ?? right.lesson).condition);
  return { left, right, client: ask('client') === 'mallory' ? 'mallory' : 'you' };
}

async function pairOf(lab: Lab, { left, right, client }: Chosen, ticking: boolean) {
  const side = async (subject: ClassFile): Promise<Side> => ({
    subject,
    stage: await lab.stageIfAny(subject.condition),
  });
  return { lab, left: await side(left), right: await side(right), client, ticking };
}

/** Both at once, and each class once where both sides are the same. */
async function sendBoth(
  lab: Lab,
  { left, right }: Chosen,
  fields: Map<string, string>,
): Promise<string> {
  const subjects = left.condition === right.condition ? [left] : [left, right];
  const act = async (stage: Stage): Promise<string> => {
    if (fields.get('do') !== 'reset') return actAsClient(stage, fields);
    await stage.reset();
    return 'the table is empty, the cookies are forgotten.';
  };
  const said = await Promise.all(
    subjects.map(async (subject) => `${subject.name}: ${await act(await lab.stage(subject))}`),
  );
  return said.join(' ');
}

/** With script the page is already being told what changed; without, it is loaded again. */
function done(context: Context, { left, right, client }: Chosen, said: string): Response {
  if (wantsJson(context)) return context.json({ said });
  const sides = {
    left: { subject: left, stage: undefined },
    right: { subject: right, stage: undefined },
  };
  return context.redirect(`/compare/?${queryOf({ ...sides, client })}#play`, 303);
}
