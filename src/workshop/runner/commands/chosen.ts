/** Which lesson a command is about when the learner names it, and when he does not. */
import { findLesson, type Lesson } from '../../course/catalogue.ts';
import { rememberedLesson } from '../../course/mine.ts';
import { type Call, UsageError } from '../usage.ts';

/**
 * The lesson on the command line, else the one begun last, else the first that has tests.
 *
 * @param call - The command line.
 * @throws UsageError with the list, for a lesson that does not exist.
 */
export function chosenLesson({ words, lessons, terminal }: Call): Lesson {
  const [word] = words;
  if (word !== undefined) return findLesson(lessons, word);
  const remembered = rememberedLesson(lessons);
  if (remembered) return remembered;
  const first = lessons.find((lesson) => lesson.files.test);
  if (!first) throw new UsageError('There is no lesson with tests in lessons/.');
  terminal.say(`No lesson was begun yet: this is about the first, ${first.label} ${first.title}.`);
  return first;
}
