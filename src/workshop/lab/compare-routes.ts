/** The addresses of the page with two classes side by side. */
import type { Hono } from 'hono';
import { isFile } from '../course/catalogue.ts';
import { lessonBefore } from '../course/promises.ts';
import type { Subject } from './class-file.ts';
import { actAsClient } from './client-actions.ts';
import type { ClientName } from './clients.ts';
import type { Side } from './compare.ts';
import { answerForm, readFields } from './forms.ts';
import type { Lab } from './lab.ts';
import { streamLive } from './live.ts';
import { lessonToPlay } from './methods.ts';
import type { RunningClass } from './running-class.ts';
import { comparePage, compareParts, queryOf } from './views/compare.ts';

/** Two classes, and the client whose requests they answer. */
interface Chosen {
  left: Subject;
  right: Subject;
  client: ClientName;
}

/** Adds the page, its events and its buttons; forms to `/both` have been checked before. */
export function addCompare(app: Hono, lab: Lab): void {
  app.get('/compare', (context) => context.redirect('/compare/'));
  app.get('/compare/', async (context) => {
    const chosen = choose(lab, (name) => context.req.query(name));
    for (const subject of [chosen.left, chosen.right]) {
      if (lab.database.state !== 'up' || !isFile(subject.path)) continue;
      await (await lab.run(subject)).refresh();
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
      refresh: async () => {
        for (const each of conditions) await (await lab.running(each))?.refresh();
      },
    });
  });
  app.post('/both', async (context) => {
    const fields = await readFields(context, lab);
    const chosen = choose(lab, (name) => fields.get(name));
    const outcome = await sendBoth(lab, chosen, fields);
    return answerForm(
      context,
      outcome,
      `/compare/?${queryOf(await pairOf(lab, chosen, false))}#play`,
    );
  });
}

/** By default, the right class is the current lesson's, the left class the previous lesson's. */
function choose(lab: Lab, ask: (name: string) => string | undefined): Chosen {
  const { lessons } = lab;
  const right = lab.findClass(ask('right') || lessonToPlay(lab.currentLesson, lessons).condition);
  const isLesson = right.condition === right.lesson.condition;
  const before = isLesson ? lessonBefore(lessons, right.lesson) : right.lesson;
  const left = lab.findClass(ask('left') || (before ?? right.lesson).condition);
  return { left, right, client: ask('client') === 'mallory' ? 'mallory' : 'you' };
}

async function pairOf(lab: Lab, { left, right, client }: Chosen, ticking: boolean) {
  const side = async (subject: Subject): Promise<Side> => ({
    subject,
    running: await lab.running(subject.condition),
  });
  return { lab, left: await side(left), right: await side(right), client, ticking };
}

/** Sends to both classes at once, or once when both sides are the same class. */
async function sendBoth(
  lab: Lab,
  { left, right }: Chosen,
  fields: Map<string, string>,
): Promise<string> {
  const subjects = left.condition === right.condition ? [left] : [left, right];
  const act = async (running: RunningClass): Promise<string> => {
    if (fields.get('do') !== 'reset') return actAsClient(running, fields);
    await running.reset();
    return 'the table is empty, the cookies are deleted.';
  };
  const said = await Promise.all(
    subjects.map(async (subject) => `${subject.name}: ${await act(await lab.run(subject))}`),
  );
  return said.join(' ');
}
