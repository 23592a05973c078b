/** `npm run wrong`: a lesson's wrong fixes, and one of them as a file to open. */
import { readFileSync } from 'node:fs';
import { findClass, type Lesson, shown, type WrongFix } from '../../course/catalogue.ts';
import { makeWrongFixes } from '../../course/patches.mjs';
import { WrongCall } from '../../machine/command.ts';
import { type Call, type Command, chosenLesson } from '../usage.ts';
import { paintPatch } from './diff.ts';

export const wrong: Command = {
  name: 'wrong',
  words: 2,
  options: {},
  help: `Shows a lesson's wrong fixes: plausible mistakes, each with the test that catches it.

  npm run wrong                     those of the lesson you began last
  npm run wrong 3
  npm run wrong 3 saves-a-write     one of them: its patch, and the file to open
  npm run wrong wrong-03-saves-a-write
  npm run wrong -- 3 --json

The file is made from the patch. npm run check -- --class wrong-03-saves-a-write tests it.`,
  run(call) {
    const { terminal } = call;
    const [lesson, chosen] = choose(call);
    const found = chosen ? [chosen] : lesson.wrong;
    const problems = makeWrongFixes([lesson.directory]);
    const broken = problems.find(({ patch }) => patch === chosen?.patch);
    if (broken) throw new Error(broken.problem);
    if (chosen) {
      const patch = readFileSync(chosen.patch, 'utf8').trimEnd();
      terminal.say(paintPatch(patch, terminal));
      terminal.say(`\nopen  ${terminal.paint('cyan', placeOf(lesson, chosen))}`);
    } else {
      for (const fix of found) terminal.say(`  ${nameOf(fix).padEnd(26)} ${fix.idea}`);
      terminal.say(`\nnpm run wrong ${lesson.number} ${nameOf(lesson.wrong[0])} shows one`);
    }
    terminal.answer({
      lesson: lesson.label,
      wrong: found.map((fix) => ({
        name: nameOf(fix),
        class: fix.condition,
        caughtBy: fix.caughtBy,
        idea: fix.idea,
        patch: shown(fix.patch),
        file: shown(fix.path),
      })),
    });
    return 0;
  },
};

function choose(call: Call): [Lesson, WrongFix?] {
  const { lessons, words } = call;
  const [first = '', name] = words;
  if (first.startsWith('wrong-')) {
    const { lesson, wrong: fix } = findClass(lessons, first);
    if (lesson && fix) return [lesson, fix];
  }
  const lesson = chosenLesson(call);
  if (lesson.wrong.length === 0) {
    const others = lessons.filter((each) => each.wrong.length > 0).map(({ label }) => label);
    throw new WrongCall(
      `Lesson ${lesson.label} has no wrong fixes; these lessons have some: ${others.join(', ')}.`,
    );
  }
  if (name === undefined) return [lesson];
  const fix = lesson.wrong.find((each) => nameOf(each) === name);
  if (fix) return [lesson, fix];
  const list = lesson.wrong.map((each) => `  ${nameOf(each)}`).join('\n');
  throw new WrongCall(`Lesson ${lesson.label} has no wrong fix "${name}". There are:\n${list}`);
}

/** `saves-a-write` of `wrong-03-saves-a-write`. */
function nameOf(fix: WrongFix | undefined): string {
  return fix?.condition.replace(/^wrong-\d+-/, '') ?? '';
}

/** The made file, with the first line that differs from the lesson's class. */
function placeOf(lesson: Lesson, { path }: WrongFix): string {
  const before = readFileSync(lesson.files.class, 'utf8').split('\n');
  // The first line names the patch from which the file was made.
  const [, ...after] = readFileSync(path, 'utf8').split('\n');
  return `${shown(path)}:${after.findIndex((line, index) => line !== before[index]) + 2}`;
}
