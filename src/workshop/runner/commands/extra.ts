/** `npm run extra 11`: the tests of a lesson's exercise without a solution. */
import { runTests } from '../../bench/tests.ts';
import { WrongCall } from '../../machine/command.ts';
import { withServer } from '../../machine/database/with-server.ts';
import { failures } from '../proof.ts';
import { count, describeResult, readable } from '../screen.ts';
import { type Command, chosenLesson, existingClass } from '../usage.ts';

export const extra: Command = {
  name: 'extra',
  words: 1,
  options: { class: { type: 'string' } },
  help: `Runs the tests of a lesson's exercise without a solution, from the end of its page.

  npm run extra 11
  npm run extra -- 11 --class lesson-11   on another class
  npm run extra -- 11 --json

It says nothing about the lesson itself. Exits with 0 when all its tests are green, else with 1.`,
  async run(call) {
    const { terminal, lessons } = call;
    const lesson = chosenLesson(call);
    const { extra: test } = lesson.files;
    if (test === undefined) {
      const others = lessons.filter(({ files }) => files.extra).map(({ label }) => label);
      const list = others.length > 0 ? `; these lessons have one: ${others.join(', ')}` : '';
      throw new WrongCall(`Lesson ${lesson.label} has no extra exercise with tests${list}.`);
    }
    const { condition } = existingClass(lessons, call.text('class'));
    return await withServer(
      { progress: terminal.whisper, borrow: true },
      async (server, signal) => {
        terminal.say(`the extra exercise of lesson ${lesson.label} on ${condition} …`);
        const results = await runTests({
          lessons: [{ ...lesson, files: { ...lesson.files, test } }],
          ...{ condition, lessonNumber: lesson.number, server, signal },
          onOutput: (text) => process.stderr.write(text),
        });
        signal.throwIfAborted();
        const [first] = failures(results);
        for (const { passed, name } of results) {
          if (passed) terminal.say(`${terminal.paint('green', '✔')} ${name}`);
        }
        for (const line of first ? describeResult(first, terminal) : []) terminal.say(line);
        const red = failures(results).length;
        terminal.say(
          red === 0
            ? terminal.paint(
                'green',
                `✔ ${count(results.length, 'test')}: the extra exercise is done`,
              )
            : `${red} of ${count(results.length, 'test')} red`,
        );
        terminal.answer({
          ...{ lesson: lesson.label, class: condition, done: red === 0 },
          tests: results.map(readable),
        });
        return red === 0 ? 0 : 1;
      },
    );
  },
};
