/** `npm run check`. */
import { runTests, type TestResult } from '../../bench/tests.ts';
import { type ClassFile, findLesson, type Lesson, shown } from '../../course/catalogue.ts';
import { hashOfMine, rememberedLesson } from '../../course/mine.ts';
import type { Tally } from '../../course/note.ts';
import { recordVerdict } from '../../course/progress.ts';
import { retiredBy } from '../../course/promises.ts';
import { WrongCall } from '../../machine/command.ts';
import { withServer } from '../../machine/database/with-server.ts';
import { failures, tally, withoutRetired } from '../proof.ts';
import { count, describeProblems, describeResult, readable } from '../screen.ts';
import { TypeChecker } from '../types.ts';
import type { TypeProblem } from '../types-service.ts';
import { type Call, type Command, existingClass } from '../usage.ts';

export const check: Command = {
  name: 'check',
  words: 1,
  options: { all: { type: 'boolean' }, class: { type: 'string' } },
  help: `Runs all lessons so far on your class: one line a lesson, the first failure in detail.

  npm run check                       up to the lesson you are in
  npm run check 3                     up to lesson 3
  npm run check -- --all              every lesson
  npm run check -- --all --class lesson-05
  npm run check -- --json

Exits with 0 when every lesson is green and your class has no type error, else with 1.`,
  async run(call) {
    const { terminal, lessons } = call;
    const subject = existingClass(lessons, call.text('class'));
    const { condition } = subject;
    const last = lastLesson(call, subject);
    const wanted = lessons.filter((each) => each.number <= last.number && each.files.test);
    const hash = condition === 'mine' ? hashOfMine() : undefined;
    const types = condition === 'mine' ? new TypeChecker() : undefined;
    const checking = types?.check();
    const work = withServer(
      { progress: terminal.whisper, borrow: true },
      async (server, signal) => {
        terminal.say(`checking lessons ${wanted[0]?.label}–${last.label} on ${condition} …`);
        const results: TestResult[] = [];
        let printed = 0;
        const print = (upTo: number): void => {
          for (; printed < upTo; printed += 1) {
            const lesson = wanted[printed];
            if (lesson) terminal.say(describeLesson(lesson, state(lesson), call));
          }
        };
        const retired = retiredBy(lessons, last);
        const state = (each: Lesson) =>
          stateOf(each, withoutRetired(results, lessons, last), retired);
        await runTests({
          lessons: wanted,
          condition,
          lessonNumber: last.number,
          server,
          signal,
          onResult: (result) => {
            // A lesson's line is printed when the next lesson's first result arrives.
            print(wanted.findIndex(({ label }) => label === result.lesson));
            results.push(result);
          },
          onOutput: (text) => process.stderr.write(text),
        });
        signal.throwIfAborted();
        print(wanted.length);
        const states = wanted.map((lesson) => ({ lesson, ...state(lesson) }));
        const counted = withoutRetired(results, lessons, last);
        const problems = await checking;
        if (hash !== undefined) {
          let older: Tally = { passed: 0, total: 0 };
          let trouble: string | undefined;
          for (const { lesson, ...own } of states) {
            trouble ??= recordVerdict(lesson, { hash, typeErrors: problems?.length, own, older });
            older = { passed: older.passed + own.passed, total: older.total + own.total };
          }
          if (trouble) terminal.complain(trouble);
        }
        return conclude(call, condition, states, counted, problems);
      },
    );
    return await work.finally(() => types?.close());
  },
};

/** The last lesson to check: the named one, or all, or the learner's or the class's own. */
function lastLesson({ lessons, words, flag }: Call, { condition, lesson }: ClassFile): Lesson {
  const [word] = words;
  if (word !== undefined) {
    const named = findLesson(lessons, word);
    if (named.files.test) return named;
    throw new WrongCall(`Lesson ${named.label} is a page to read: it has no tests.`);
  }
  const last = lessons.findLast((each) => each.files.test);
  if (!last) throw new WrongCall('No lesson has tests.');
  if (flag('all')) return last;
  const own = condition === 'mine' ? rememberedLesson(lessons) : lesson;
  return own?.files.test ? own : last;
}

/** A lesson's result; a promised test that did not run counts as failed. */
function stateOf(lesson: Lesson, results: TestResult[], retired: Map<string, Lesson>): Tally {
  const own = results.filter((result) => result.lesson === lesson.label);
  return tally(own, lesson.proves.filter((name) => !retired.has(name)).length);
}

function describeLesson(lesson: Lesson, { passed, total }: Tally, { terminal }: Call): string {
  const green = passed === total;
  const sign = terminal.paint(green ? 'green' : 'red', green ? '✔' : '✘');
  return `${sign} ${lesson.label} ${lesson.title.padEnd(30)} ${passed} of ${total} tests`;
}

function conclude(
  { terminal }: Call,
  condition: string,
  states: (Tally & { lesson: Lesson })[],
  results: TestResult[],
  problems: TypeProblem[] | undefined,
): number {
  const red = states.filter(({ passed, total }) => passed !== total);
  const [first] = failures(results);
  terminal.say();
  if (first) for (const line of describeResult(first, terminal)) terminal.say(line);
  for (const line of describeProblems(problems ?? [], terminal)) terminal.say(line);
  const green = red.length === 0 && !problems?.length;
  const [firstRed] = red;
  if (first?.reason === 'import') {
    const what = first.location ? 'line' : 'file';
    terminal.say(`  next: fix that ${what}, then run npm run check again`);
  } else if (firstRed) terminal.say(`  next: npm run lesson ${firstRed.lesson.number}`);
  if (green) {
    const types = problems ? ', no type error' : '';
    const summary = `✔ ${count(states.length, 'lesson')}, ${count(results.length, 'test')}${types}`;
    terminal.say(terminal.paint('green', summary));
  }
  terminal.answer({
    class: condition,
    green,
    lessons: states.map(({ lesson, passed, total }) => {
      return { lesson: lesson.label, title: lesson.title, passed, total };
    }),
    failure: first ? readable(first) : null,
    types: problems?.map((problem) => ({ ...problem, file: shown(problem.file) })) ?? null,
  });
  return green ? 0 : 1;
}
