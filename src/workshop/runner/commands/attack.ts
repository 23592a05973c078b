/** `npm run attack 4`. */
import { type AttackOptions, type AttackResult, runAttack } from '../../bench/attacks.ts';
import { shown } from '../../course/catalogue.ts';
import { hashOfMine } from '../../course/mine.ts';
import { recordVerdict } from '../../course/progress.ts';
import { WrongCall } from '../../machine/command.ts';
import { withServer } from '../../machine/database/with-server.ts';
import type { Terminal } from '../terminal.ts';
import { type Command, chosenLesson, existingClass } from '../usage.ts';

export const attack: Command = {
  name: 'attack',
  words: 1,
  options: { on: { type: 'string' }, class: { type: 'string' } },
  help: `Attacks a class and prints the attacker's steps. Exits with 0 when it held, and with
1 when it was breached or the attack came to no verdict.

  npm run attack 4                       on your class
  npm run attack 4 -- --on lesson-04     on a lesson's class
  npm run attack 4 -- --on wrong-04-article-destroy
  npm run attack 4 -- --class lesson-04  the same, as the other commands say it
  npm run attack 4 -- --json`,
  async run(call) {
    const { terminal, lessons } = call;
    const lesson = chosenLesson(call);
    if (!lesson.files.attack) {
      const others = lessons.filter((each) => each.files.attack).map((each) => each.label);
      throw new WrongCall(
        `Lesson ${lesson.label} has no attack; these lessons have one: ${others.join(', ')}.`,
      );
    }
    const { condition } = existingClass(
      lessons,
      call.text('on') ?? call.text('class'),
      `npm run lesson ${lesson.number} makes one; ` +
        `npm run attack ${lesson.number} -- --on ${lesson.condition} attacks the lesson's.`,
    );
    return await withServer(
      { progress: terminal.whisper, borrow: true },
      async (server, signal) => {
        terminal.say(`attack ${lesson.label} ${lesson.title} on ${condition} …\n`);
        // A lesson's class works on its own table, the learner's on this lesson's.
        const lessonNumber = condition === 'mine' ? lesson.number : undefined;
        const run = { lesson, condition, lessonNumber, server, signal };
        const { verdict, because, transcript } = await showAttack(run, terminal);
        signal.throwIfAborted();
        terminal.answer({ lesson: lesson.label, class: condition, verdict, because, transcript });
        return verdict === 'held' ? 0 : 1;
      },
    );
  },
};

/** Attacks a class and prints the steps; a verdict on the learner's class is recorded. */
export async function showAttack(
  run: Omit<AttackOptions, 'onLine'>,
  terminal: Terminal,
): Promise<AttackResult> {
  const { lesson, condition, signal } = run;
  const hash = condition === 'mine' ? hashOfMine() : undefined;
  let number = 0;
  const result = await runAttack({
    ...run,
    onLine: (line) => {
      number += 1;
      if (signal?.aborted) return;
      const last = /^(BREACHED|held|failed):/.exec(line)?.[1];
      const mark = last === 'held' ? '✔ ' : last === undefined ? '' : '✘ ';
      const style = last === 'held' ? 'green' : 'red';
      const text = last === undefined ? line : terminal.paint(style, `${mark}${line}`);
      terminal.say(`${String(number).padStart(3)}  ${text}`);
    },
  });
  if (signal?.aborted) return result;
  const { verdict, location } = result;
  const trouble = hash && recordVerdict(lesson, { hash, attack: verdict });
  if (trouble) terminal.complain(trouble);
  if (location) terminal.say(`     ${shown(location.file)}:${location.line}`);
  return result;
}
