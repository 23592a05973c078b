/** Which Markdown is woven: the lessons' pages and hints, the pages of docs/, the project's README. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lesson, root, shown } from '../course/catalogue.ts';
import type { Page } from './weave.ts';

/**
 * Every page, lessons first and in their order.
 *
 * @param lessons All lessons.
 * @param wanted Only pages whose name begins so; all of them by default.
 * @throws RangeError when no page's name begins with one of those wanted.
 */
export function readPages(lessons: Lesson[], wanted: string[] = []): Page[] {
  const names = [
    ...lessons.flatMap(({ files }) => [
      shown(files.readme),
      ...(files.hints ? [shown(files.hints)] : []),
    ]),
    ...documentNames(),
    ...(existsSync(join(root, 'README.md')) ? ['README.md'] : []),
  ];
  for (const start of wanted) {
    if (!names.some((name) => name.startsWith(start))) {
      throw new RangeError(`No page begins with "${start}". There are:\n  ${names.join('\n  ')}`);
    }
  }
  return names
    .filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)))
    .map((name) => {
      const path = join(root, name);
      return { path, name, text: readFileSync(path, 'utf8') };
    });
}

/** The pages of docs/, by name. */
export function documentNames(): string[] {
  const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return names.sort().map((name) => `docs/${name}`);
}
