/** `npm run diff`, and the patches that other commands print. */
import { readFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { type ClassFile, type Lesson, readWrongClass, shown } from '../../course/catalogue.ts';
import { replacedByLock, withMoved, withoutMoved } from '../../course/moved.ts';
import { lessonBefore } from '../../course/promises.ts';
import { compareMembers } from '../own-methods.ts';
import type { Terminal } from '../terminal.ts';
import { type Call, type Command, chosenLesson, existingClass } from '../usage.ts';

export const diff: Command = {
  name: 'diff',
  words: 1,
  options: { from: { type: 'string' }, to: { type: 'string' }, all: { type: 'boolean' } },
  help: `Shows the difference between two classes: + marks the lines of the second.

  npm run diff                         your methods against those of the lesson you are in
  npm run diff -- --all                the two whole files
  npm run diff 3                       lesson 02 against lesson 03: the lesson's own step
  npm run diff -- --to lesson-05       your class against another one
  npm run diff -- --from lesson-01 --to lesson-04
  npm run diff -- --json

Without --all only the methods that the lesson adds or changes are compared, and those that only you
have. Comments, quotes and line breaks do not count. It exits with 0 whether the two differ or not.`,
  run(call) {
    const { lessons, words, terminal } = call;
    // With a lesson's number its own step, else from the learner's class to the lesson's.
    const step = words.length > 0 ? chosenLesson(call) : undefined;
    const start = step && (lessonBefore(lessons, step) ?? step).condition;
    const [from, to] = [
      call.text('from') ?? start,
      call.text('to') ?? (step ?? chosenLesson(call)).condition,
    ].map((name) =>
      existingClass(
        lessons,
        name,
        'npm run lesson 1 makes one; npm run diff 3 shows a lesson without yours.',
      ),
    ) as [ClassFile, ClassFile];
    if (from.condition === 'mine' && to.condition === to.lesson?.condition && !call.flag('all')) {
      return showMembers(call, from, to.lesson);
    }
    const patch = compareClasses(from, to, lessons);
    const [fromName, toName] = [shown(from.path), shown(to.path)];
    terminal.say(
      patch === '' ? `${fromName} and ${toName} are the same.` : paintPatch(patch, terminal),
    );
    terminal.answer({ from: fromName, to: toName, same: patch === '', patch });
    return 0;
  },
};

function showMembers({ lessons, terminal }: Call, from: ClassFile, lesson: Lesson): number {
  const compared = compareWithLesson(lessons, from, lesson);
  for (const line of describeMembers(compared, lesson, terminal, 'npm run diff -- --all')) {
    terminal.say(line);
  }
  const same = compared.members.every(({ patch }) => patch === '');
  const [fromName, toName] = [from.path, lesson.files.class].map((path) => shown(path));
  terminal.answer({ from: fromName, to: toName, same, ...compared });
  return 0;
}

/** Compares a class with a lesson's in the members that are the lesson's own. */
export function compareWithLesson(
  lessons: readonly Lesson[],
  from: ClassFile,
  lesson: Lesson,
): ReturnType<typeof compareMembers> {
  const before = lessonBefore(lessons, lesson);
  const [own, wanted, old] = [from.path, lesson.files.class, before?.files.class].map((path) =>
    path === undefined ? undefined : withMoved(readFileSync(path, 'utf8'), lessons),
  );
  const { members, others } = compareMembers(own ?? '', wanted ?? '', old);
  const replaced = replacedByLock(wanted ?? '');
  return {
    members: members.filter(({ name }) => !replaced.includes(name)),
    others: others.filter((name) => !replaced.includes(name)),
  };
}

/**
 * Describes the compared members, as lines.
 *
 * @param all - Shows the whole files: `npm run diff -- --all`.
 */
export function describeMembers(
  { members, others }: ReturnType<typeof compareMembers>,
  { label }: Lesson,
  terminal: Terminal,
  all: string,
): string[] {
  const different = members.filter(({ patch }) => patch !== '');
  const same = members.filter(({ patch }) => patch === '').map(({ name }) => name);
  const rest =
    others.length > 0 ? `; also different, not of this lesson: ${others.join(', ')}` : '';
  return [
    ...different.flatMap(({ name, patch }) => [
      terminal.paint('bold', `${name} · - yours, + lesson ${label}'s`),
      paintPatch(patch, terminal),
      '',
    ]),
    ...(same.length > 0 ? [`the same as lesson ${label}'s: ${same.join(', ')}`] : []),
    `${all} shows the whole files${rest}`,
  ];
}

/**
 * Compares two classes.
 *
 * @returns A unified diff with three lines of context, without the code that the second imports;
 *   empty when the classes are the same.
 */
function compareClasses(from: ClassFile, to: ClassFile, lessons: readonly Lesson[]): string {
  const after = readClass(to);
  const before = withoutMoved(readClass(from), after, lessons);
  if (before === after) return '';
  const names = [shown(from.path), shown(to.path)] as const;
  return createTwoFilesPatch(...names, before, after, '', '', { context: 3 })
    .replace(/^=+\n/, '')
    .replaceAll(/^(---|\+\+\+) (.*?)\t$/gm, '$1 $2')
    .trimEnd();
}

function readClass({ path, lesson, wrong }: ClassFile): string {
  return lesson && wrong ? readWrongClass(lesson, wrong) : readFileSync(path, 'utf8');
}

/** Colours a patch: removed lines red, added ones green, places cyan. */
export function paintPatch(patch: string, { paint }: Terminal): string {
  return patch
    .split('\n')
    .map((line) => {
      if (/^(---|\+\+\+) /.test(line)) return paint('bold', line);
      if (line.startsWith('@@')) return paint('cyan', line);
      if (line.startsWith('-')) return paint('red', line);
      if (line.startsWith('+')) return paint('green', line);
      return line;
    })
    .join('\n');
}
