/**
 * Keeps package.json's `#sessions` conditions equal to the classes in the lessons' folders.
 *
 * `npm run conditions` writes them and makes the wrong fixes from their patches; `npm test` compares,
 * and fails for a patch that no longer applies.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { allClasses, type Lesson, readLessons, root, shown } from './catalogue.ts';
import { makeWrongFixes } from './patches.mjs';

interface Manifest {
  imports: { '#sessions': Record<string, string> };
}

/** The conditions that the folders ask for, in package.json's order. */
function conditions(lessons: Lesson[]): Record<string, string> {
  const classes = allClasses(lessons).map(({ condition, path }) => [condition, `./${shown(path)}`]);
  return {
    types: './src/workshop/sandbox/contract.ts',
    ...Object.fromEntries(classes),
    default: './src/workshop/bench/no-lesson.ts',
  };
}

/** Compares the conditions, writes them if asked, and returns those that differ. */
export function reviewConditions(write: boolean): string[] {
  const path = join(root, 'package.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const wanted = conditions(readLessons());
  const present = manifest.imports['#sessions'];
  const names = new Set([...Object.keys(wanted), ...Object.keys(present)]);
  const different = [...names].filter((name) => wanted[name] !== present[name]);
  // Node takes the first condition that applies, so `default` must come last.
  const inOrder = Object.keys(present).join() === Object.keys(wanted).join();
  if (different.length === 0 && !inOrder) different.push('the order');
  if (write && different.length > 0) {
    manifest.imports['#sessions'] = wanted;
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  }
  return different;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const write = process.argv.includes('--write');
  const different = reviewConditions(write);
  if (different.length === 0) console.log('package.json: every lesson has its condition');
  else if (write) console.log(`package.json: wrote ${different.join(', ')}`);
  else {
    console.error(`package.json differs in ${different.join(', ')}: run npm run conditions`);
    process.exitCode = 1;
  }
  for (const { problem } of makeWrongFixes()) {
    console.error(problem);
    process.exitCode = 1;
  }
}
