/** `npm run weave`: fills every fence of every page, or checks that all are up to date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readLessons, shown } from '../course/catalogue.ts';
import { exitCodeOf, progress, readOptions } from '../machine/command.ts';
import { drawDiff } from './files.ts';
import { type Page, readPages, weavePage } from './page.ts';
import { type RunningPrograms, startPrograms } from './programs.ts';
import { sourceOf } from './source.ts';
import { attacksOf } from './transcripts.ts';

const HELP = `npm run weave [-- options] [pages]

Fills every fence of the lessons' pages and of docs/ from the files and programs
its marker names. docs/adding-a-lesson.md lists the markers.

  --write   write the pages (what npm run weave does)
  --check   write nothing; show what would change and exit with 1 if anything would
  pages     only those whose path begins so: lessons/02-read docs/the-matrix.md
`;

process.exitCode = await exitCodeOf(main);

async function main(): Promise<number> {
  const options = optionsOf();
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const lessons = readLessons();
  const pages = readPages(lessons, options.pages);
  let programs: Promise<RunningPrograms> | undefined;
  const source = sourceOf(lessons, () => {
    programs ??= startPrograms(lessons, progress, attacksOf(pages, lessons));
    return programs;
  });
  try {
    return await weaveAll(pages, source, options.write);
  } finally {
    await (await programs)?.close();
  }
}

async function weaveAll(
  pages: readonly Page[],
  source: ReturnType<typeof sourceOf>,
  write: boolean,
): Promise<number> {
  const files = new Map<string, string>();
  let problems = 0;
  for (const page of pages) {
    const woven = await weavePage(page, source);
    for (const { file, line, message } of woven.problems) {
      process.stderr.write(`✘ ${file}:${line} ${message}\n`);
    }
    problems += woven.problems.length;
    files.set(page.path, woven.text);
  }
  const changed = [...files].filter(([path, text]) => settle(path, text, write)).length;
  if (problems > 0) return 1;
  if (changed === 0)
    process.stdout.write(
      pages.length === 1
        ? '✔ 1 page is as its sources say\n'
        : `✔ ${pages.length} pages are as their sources say\n`,
    );
  else if (!write) process.stderr.write(`\n✘ ${changed} to renew. Run: npm run weave\n`);
  return changed > 0 && !write ? 1 : 0;
}

/** Writes a file, or shows the changes that writing would make; returns true when there are any. */
function settle(path: string, text: string, write: boolean): boolean {
  const current = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (current === text) return false;
  const name = shown(path);
  if (write) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`✔ ${name} written\n`);
  } else {
    process.stderr.write(`✘ ${name} is not what its sources say:\n${drawDiff(current, text)}\n`);
  }
  return true;
}

function optionsOf(): { write: boolean; help: boolean; pages: string[] } {
  const { values, positionals } = readOptions('npm run weave', {
    allowPositionals: true,
    options: {
      write: { type: 'boolean' },
      check: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  // `npm run weave -- --check` carries both: npm's script says --write.
  return {
    write: values.write === true && values.check !== true,
    help: values.help ?? false,
    pages: positionals.map((page) => page.replace(/^\.\//, '')),
  };
}
