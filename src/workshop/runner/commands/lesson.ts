/** `npm run lesson 3`. */
import { difficulties, findClass, type Lesson, minePath, shown } from '../../course/catalogue.ts';
import { requireInside } from '../../course/folder.ts';
import { beginLesson, hasMine, rememberedLesson, replaceMine } from '../../course/mine.ts';
import { type LessonProgress, progress } from '../../course/progress.ts';
import { lessonAfter, lessonBefore } from '../../course/promises.ts';
import { withServer } from '../../machine/database/with-server.ts';
import { isDone, type Proof, prove } from '../proof.ts';
import {
  describeDone,
  describeOlder,
  describeRed,
  describeTask,
  describeTypes,
  readable,
} from '../screen.ts';
import type { Terminal } from '../terminal.ts';
import { TypeChecker } from '../types.ts';
import { type Call, type Command, chosenLesson } from '../usage.ts';
import { Watcher } from '../watcher.ts';

export const lesson: Command = {
  name: 'lesson',
  words: 1,
  options: { once: { type: 'boolean' }, list: { type: 'boolean' }, class: { type: 'string' } },
  help: `Begins a lesson: its task, then its tests at every save of lessons/mine/sessions.ts.

  npm run lesson 3
  npm run lesson                              the lesson you began last
  npm run lesson -- --list                    which lessons there are
  npm run lesson -- 3 --once                  one check without a terminal; 0 when all is green
  npm run lesson -- 3 --once --class lesson-02   the same on another class
  npm run lesson -- 3 --once --json           as JSON

If you have no class yet, the class the lesson starts from is copied to lessons/mine/sessions.ts.
In the watcher: h hint, d diff to the lesson's class, a attack, r run, n next lesson, q quit.`,
  async run(call) {
    if (call.flag('list')) return listLessons(call);
    const chosen = chosenLesson(call);
    const { condition } = findClass(call.lessons, call.text('class') ?? 'mine');
    if (!chosen.files.test) return showPage(call, chosen);
    if (condition === 'mine') prepare(call, chosen);
    const { terminal, lessons } = call;
    const watches = terminal.interactive && !call.flag('once') && condition === 'mine';
    if (!terminal.json) for (const line of describeTask(chosen, terminal)) terminal.say(line);
    const types = new TypeChecker();
    const work = withServer(
      { progress: terminal.whisper, borrow: !watches },
      async (server, signal) => {
        if (watches) {
          return await new Watcher({ lessons, lesson: chosen, server, terminal, signal }).run();
        }
        terminal.say(`checking lesson ${chosen.label} on ${condition} …`);
        const proof = await prove({
          lessons,
          lesson: chosen,
          condition,
          server,
          signal,
          types,
          bail: false,
          onOutput: (text) => process.stderr.write(text),
        });
        signal.throwIfAborted();
        if (proof.trouble) terminal.complain(proof.trouble);
        report(call, proof);
        return isDone(proof) ? 0 : 1;
      },
    );
    return await work.finally(() => types.close());
  },
};

/** Prints the lessons in order, with what is done of them, and an arrow at the one begun last. */
function listLessons({ lessons, terminal }: Call): number {
  const current = rememberedLesson(lessons);
  const entries = progress(lessons);
  for (const entry of entries) terminal.say(describeProgress(entry, current, terminal));
  if (entries.some(({ state }) => state === 'earlier')) {
    terminal.say(
      '\nearlier: your class has changed since; a lesson that is done confirms those before',
    );
  }
  const begin = current
    ? `→ is where you are: npm run lesson ${current.number}`
    : 'begin with npm run lesson 1';
  terminal.say(`\n${begin} · npm run check shows what your class has proved`);
  terminal.answer({
    current: current?.label ?? null,
    lessons: entries.map(({ lesson: { label, slug, title, kind, proves, ...each }, ...entry }) => {
      const { minutes, difficulty } = each;
      const { state, reached = null, hints } = entry;
      return { label, slug, title, kind, proves, minutes, difficulty, state, reached, hints };
    }),
  });
  return 0;
}

/** `→ ✔ 03  Write   20 min  easy   done earlier`. */
function describeProgress(
  { lesson: { label, title, minutes, difficulty, kind }, ...entry }: LessonProgress,
  current: Lesson | undefined,
  { paint }: Terminal,
): string {
  const { state } = entry;
  const reached = state === 'done' || state === 'earlier';
  const words = { page: 'a page to read', open: '', earlier: 'done earlier', done: 'done' }[state];
  const columns = [
    label === current?.label ? '→' : ' ',
    reached ? paint(state === 'done' ? 'green' : 'dim', '✔') : ' ',
    ...[label, ` ${title.padEnd(30)}`, `${minutes} min`.padStart(6), ''],
    (kind === 'page' ? '' : difficulties[difficulty]).padEnd(7),
    words,
  ];
  return columns.join(' ').trimEnd();
}

/** Prints a lesson without tests: there is nothing to check. */
function showPage({ terminal, lessons }: Call, page: Lesson): number {
  const next = lessonAfter(lessons, page);
  for (const line of describeTask(page, terminal)) terminal.say(line);
  terminal.say(`next  npm run lesson ${next?.number ?? page.number}`);
  terminal.answer({ lesson: page.label, title: page.title, kind: page.kind, done: null });
  return 0;
}

/** Copies the class that the lesson starts from, if the learner has none; remembers the lesson. */
function prepare({ terminal, lessons }: Call, chosen: Lesson): void {
  if (!hasMine()) {
    const source = lessonBefore(lessons, chosen) ?? chosen;
    const { trouble } = replaceMine(source, chosen);
    terminal.say(
      `${shown(minePath)} is new: a copy of lesson ${source.label}'s class, from which lesson ` +
        `${chosen.label} starts. It is yours.`,
    );
    if (trouble) terminal.complain(trouble);
    return;
  }
  requireInside(minePath);
  const trouble = beginLesson(chosen);
  if (trouble) terminal.complain(trouble);
}

function report({ terminal, lessons }: Call, proof: Proof): void {
  const { lesson: chosen, condition, current, older, attack, types } = proof;
  if (isDone(proof)) {
    for (const line of describeDone(proof, lessons, terminal, false)) terminal.say(line);
  } else {
    for (const line of describeRed(proof, terminal, false)) terminal.say(line);
    for (const line of describeTypes(proof, terminal, false)) terminal.say(line);
    terminal.say(describeOlder(proof, terminal));
  }
  terminal.answer({
    lesson: chosen.label,
    title: chosen.title,
    class: condition,
    done: isDone(proof),
    tests: current.map(readable),
    older: older.map(readable),
    types: types?.map((problem) => ({ ...problem, file: shown(problem.file) })) ?? null,
    ...(attack ? { attack: { verdict: attack.verdict, because: attack.because } } : {}),
  });
}
