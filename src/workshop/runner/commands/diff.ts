/** `npm run diff`. */
import { findClass, type Lesson, minePath, shown } from '../../course/catalogue.ts';
import { hasMine } from '../../course/mine.ts';
import { lessonBefore } from '../../course/promises.ts';
import { compareFiles, paintPatch } from '../difference.ts';
import { type Call, type Command, UsageError } from '../usage.ts';
import { chosenLesson } from './chosen.ts';

export const diff: Command = {
  name: 'diff',
  words: 1,
  options: { from: { type: 'string' }, to: { type: 'string' } },
  help: `Shows what separates two classes: + is what the second has.

  npm run diff                         your class against the class of the lesson you are in
  npm run diff 3                       lesson 02 against lesson 03: the lesson's own step
  npm run diff -- --to lesson-05       your class against another one
  npm run diff -- --from lesson-01 --to lesson-04
  npm run diff -- --json

It exits with 0 whether the two differ or not.`,
  run(call) {
    const [from, to] = ends(call);
    const patch = compareFiles(from, to);
    call.terminal.say(
      patch === ''
        ? `${shown(from)} and ${shown(to)} are the same.`
        : paintPatch(patch, call.terminal),
    );
    call.terminal.answer({ from: shown(from), to: shown(to), same: patch === '', patch });
    return 0;
  },
};

/** The two files: with a lesson's number its own step, else from the learner's to the lesson's. */
function ends(call: Call): [from: string, to: string] {
  const { lessons, words } = call;
  const [wantedFrom, wantedTo] = [call.text('from'), call.text('to')];
  const step = words.length > 0 ? chosenLesson(call) : undefined;
  const from = wantedFrom ?? (step ? (lessonBefore(lessons, step) ?? step).condition : 'mine');
  const to = wantedTo ?? (step ?? chosenLesson(call)).condition;
  return [fileOf(lessons, from), fileOf(lessons, to)];
}

function fileOf(lessons: Lesson[], name: string): string {
  const { condition, path } = findClass(lessons, name);
  if (condition === 'mine' && !hasMine()) {
    throw new UsageError(
      `You have no class yet (${shown(minePath)}). npm run lesson 1 makes one; ` +
        'npm run diff 3 shows a lesson without yours.',
    );
  }
  return path;
}
