/** Yields what each marker asks for; programs are started by the first marker that needs them. */
import { findClass, type Lesson, shown } from '../course/catalogue.ts';
import { headingOf, neighboursOf } from '../course/frame.ts';
import { yieldCosts } from './costs.ts';
import { lessonOf, locate, yieldCode, yieldDiff, yieldProofs, yieldWrongFixes } from './files.ts';
import type { Marker } from './marker.ts';
import { holdClaim, readNumbers, yieldNumbers, yieldPrice } from './numbers.ts';
import { block, type Page, type Source, type Yield } from './page.ts';
import { readProofs, yieldRequirements } from './proofs.ts';

/** The programs behind markers; each prints the same on every run. */
export interface Programs {
  /** The output of the lesson's attack on a class. */
  transcript(lesson: Lesson, condition: string): Promise<string>;
  /** The lesson's tests against the class of a condition, a line each. */
  tests(lesson: Lesson, condition: string): Promise<string>;
  /** The output of a PHP script in the PHP of npm. */
  php(path: string): Promise<string>;
  /** A picture made by running something. */
  picture(name: string, page: Page): Promise<Yield>;
}

/** The source that pages are woven from; the programs are started when one must run. */
export function sourceOf(lessons: Lesson[], programs: () => Promise<Programs>): Source {
  const fence = (language: string, text: string): Yield => ({ kind: 'fence', language, text });
  return async (marker: Marker, page: Page): Promise<Yield | undefined> => {
    switch (marker.kind) {
      case 'code':
        return yieldCode(marker.file, page);
      case 'diff':
        return yieldDiff(marker.from, marker.to, page, lessons);
      case 'heading':
        return block(headingOf(lessonOf(page, lessons), lessons));
      case 'neighbours':
        return block(neighboursOf(lessonOf(page, lessons), lessons));
      case 'proves':
        return yieldProofs(page, lessons);
      case 'wrong':
        return yieldWrongFixes(page, lessons);
      case 'transcript': {
        const lesson = lessonOf(page, lessons);
        refuseUnknown(marker.condition, lessons);
        if (!lesson.files.attack) throw new Error(`${shown(lesson.directory)} has no attack.ts`);
        return fence('text', await (await programs()).transcript(lesson, marker.condition));
      }
      case 'output': {
        if (marker.of === 'php') {
          return fence('text', await (await programs()).php(locate(marker.file, page)));
        }
        const lesson = lessonOf(page, lessons);
        refuseUnknown(marker.condition, lessons);
        return fence('text', await (await programs()).tests(lesson, marker.condition));
      }
      case 'picture':
        return (await programs()).picture(marker.argument, page);
      case 'numbers':
        return marker.argument === 'price'
          ? yieldPrice(lessonOf(page, lessons).number, readNumbers())
          : yieldNumbers(marker.argument, readNumbers());
      case 'costs':
        return yieldCosts(marker.argument);
      case 'requirements':
        return yieldRequirements(marker.argument, readProofs());
      case 'holds':
        holdClaim(marker.argument, readNumbers());
        return undefined;
      case 'text':
        throw new Error('text that is typed by hand is not woven');
    }
  };
}

/** A page shows only what every reader has, so the learner's class is refused as well. */
function refuseUnknown(condition: string, lessons: Lesson[]): void {
  const { lesson } = findClass(lessons, condition);
  if (!lesson) throw new Error(`a page cannot show the class "${condition}"`);
}
