/** The transcripts of attacks on pages: all that the pages ask for come out of one process. */
import { type AttackResult, runAttack, runAttacksOnClasses } from '../bench/attacks.ts';
import { findClass, type Lesson } from '../course/catalogue.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { lessonOf } from './files.ts';
import { readSlots } from './markdown.ts';
import type { Page } from './page.ts';

/** An attack on a class. */
export interface ShownAttack {
  lesson: Lesson;
  condition: string;
}

/**
 * Lists the attacks whose transcripts pages show. Those that cannot run are left out; weaving the
 * page reports them.
 */
export function attacksOf(pages: readonly Page[], lessons: Lesson[]): ShownAttack[] {
  return pages.flatMap((page) => {
    const { slots } = readSlots(page.text.split(/\r?\n/), page.name);
    return slots.flatMap(({ marker }) => {
      if (marker.kind !== 'transcript') return [];
      try {
        const lesson = lessonOf(page, lessons);
        const { condition } = findClass(lessons, marker.condition);
        return lesson.files.attack ? [{ lesson, condition }] : [];
      } catch {
        return [];
      }
    });
  });
}

/**
 * Makes a function that runs an attack. The first call runs all expected ones, because starting Node
 * costs more CPU than most attacks.
 *
 * @param expected - The attacks that will be asked for.
 * @param seed - The seed of each attack's random numbers.
 */
export function attackRunner(
  expected: readonly ShownAttack[],
  lessons: Lesson[],
  server: DatabaseServer,
  seed: string,
): (attack: ShownAttack) => Promise<AttackResult> {
  const runAll = async (): Promise<Map<string, AttackResult>> => {
    const attacks = expected.map(({ lesson, condition }) => {
      return { lesson, classFile: findClass(lessons, condition).path };
    });
    const results = await runAttacksOnClasses(attacks, { server, seed });
    return new Map(results.map((result, index) => [keyOf(expected[index] as ShownAttack), result]));
  };
  let all: Promise<Map<string, AttackResult>> | undefined;
  return async (attack) => {
    all ??= runAll();
    const found = (await all).get(keyOf(attack));
    if (found) return found;
    // A wrong fix works on its lesson's table as well.
    const lessonNumber = Number(/^\w+-(\d+)/.exec(attack.condition)?.[1]);
    return await runAttack({ ...attack, lessonNumber, server, seed });
  };
}

function keyOf({ lesson, condition }: ShownAttack): string {
  return `${lesson.label} on ${condition}`;
}
