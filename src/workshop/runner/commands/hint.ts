/** `npm run hint`. */
import { nextHint, printHints } from '../hints.ts';
import type { Command } from '../usage.ts';
import { chosenLesson } from './chosen.ts';

export const hint: Command = {
  name: 'hint',
  words: 1,
  options: { all: { type: 'boolean' } },
  help: `Gives the next hint, below those you have seen already.

  npm run hint                the lesson you began last
  npm run hint 3
  npm run hint -- 3 --all     every hint at once
  npm run hint -- --json`,
  run(call) {
    const lesson = chosenLesson(call);
    const found = nextHint(lesson, call.flag('all'));
    printHints(lesson, found, call.terminal, `npm run hint ${lesson.number}`);
    call.terminal.answer({ lesson: lesson.label, hints: found.hints, of: found.of });
    return 0;
  },
};
