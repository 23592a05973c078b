/** `npm run catch-up 4` and `npm run reset`: replace the learner's class and keep a copy of it. */
import { findLesson, type Lesson, minePath, shown } from '../../course/catalogue.ts';
import { replaceMine } from '../../course/mine.ts';
import { deleteVerdicts } from '../../course/progress.ts';
import { lessonBefore } from '../../course/promises.ts';
import { WrongCall } from '../../machine/command.ts';
import { type Call, type Command, chosenLesson } from '../usage.ts';

export const catchUp: Command = {
  name: 'catch-up',
  words: 1,
  options: {},
  help: `Puts you where a lesson starts: the class of the lesson before becomes yours.

  npm run catch-up 4
  npm run catch-up 4 -- --json

Your own class is kept in lessons/mine/history/ first. Lessons that you skip are not marked as done.`,
  run(call) {
    const [word] = call.words;
    if (word === undefined) throw new WrongCall('catch-up needs a lesson: npm run catch-up 4');
    return startOver(call, findLesson(call.lessons, word));
  },
};

export const reset: Command = {
  name: 'reset',
  words: 1,
  options: {},
  help: `Starts the lesson you are in over again.

  npm run reset
  npm run reset 3          another lesson
  npm run reset -- --json

Your own class is kept in lessons/mine/history/ first. The lesson is no longer marked as done. Hints
you have seen stay visible.`,
  run(call) {
    const lesson = chosenLesson(call);
    const code = startOver(call, lesson);
    deleteVerdicts(lesson);
    return code;
  },
};

function startOver({ terminal, lessons }: Call, lesson: Lesson): number {
  const source = lessonBefore(lessons, lesson) ?? lesson;
  const { kept, trouble } = replaceMine(source, lesson);
  if (kept) terminal.say(`kept  ${shown(kept)}`);
  terminal.say(`wrote ${shown(minePath)}: lesson ${source.label}'s class`);
  if (trouble) terminal.complain(trouble);
  terminal.say(`next  npm run lesson ${lesson.number}`);
  terminal.answer({
    lesson: lesson.label,
    class: source.condition,
    wrote: shown(minePath),
    kept: kept ? shown(kept) : null,
  });
  return 0;
}
