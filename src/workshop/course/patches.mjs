/**
 * Applies the patches that lessons keep instead of second copies of their class.
 *
 * Plain JavaScript: the set-up makes the wrong fixes, and the oldest Node it supports cannot read
 * TypeScript. Import it only after `npm ci`, because it needs the package `diff`.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export const lessonsFolder = join(root, 'lessons');

export function lessonFolders(folder = lessonsFolder) {
  const slugs = readdirSync(folder).filter((name) => /^\d\d-/.test(name));
  // Git leaves ignored files behind when a lesson moves: a folder with nothing but `made` is not a lesson.
  const folders = slugs.sort().map((slug) => join(folder, slug));
  return folders.filter((path) => readdirSync(path).some((name) => name !== 'made'));
}

export function patchFiles(directory) {
  const folder = join(directory, 'wrong');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith('.patch'));
  return names.sort().map((name) => join(folder, name));
}

export function madeFile(patchFile) {
  return join(dirname(patchFile), '../made', `${basename(patchFile, '.patch')}.ts`);
}

export function applyTo(classFile, patchFile, change) {
  const [base, patch] = [shown(classFile), shown(patchFile)];
  const remedy = `${change} a copy of ${base} and keep the difference: git diff --no-index ${base} COPY > ${patch}`;
  if (!existsSync(patchFile)) return { problem: `${patch} is missing; ${remedy}` };
  const whole = readFileSync(classFile, 'utf8');
  let text;
  try {
    // Loaded here: every child that runs a test imports this file, and only the set-up patches.
    const { applyPatch } = createRequire(import.meta.url)('diff');
    text = applyPatch(whole, readFileSync(patchFile, 'utf8'));
  } catch (error) {
    return { problem: `${patch} is not a patch (${error.message}); ${remedy}` };
  }
  if (text === false) return { problem: `${patch} no longer applies to ${base}; ${remedy}` };
  if (text === whole) return { problem: `${patch} changes nothing in ${base}; ${remedy}` };
  return { text };
}

export function makeWrongFixes(folders = lessonFolders()) {
  return folders.flatMap((directory) => {
    const classFile = join(directory, 'sessions.ts');
    const problems = [];
    const made = new Set();
    for (const patchFile of patchFiles(directory)) {
      const applied = applyTo(classFile, patchFile, 'make the mistake in');
      if ('problem' in applied) {
        problems.push({ patch: patchFile, problem: applied.problem });
        continue;
      }
      const header = `// Made from ${shown(patchFile)}: edit the patch, not this file.\n`;
      const path = madeFile(patchFile);
      made.add(basename(path));
      writeIfChanged(path, header + applied.text);
    }
    removeOthers(join(directory, 'made'), made);
    return problems;
  });
}

/** From the folder `lessons` on: the lessons of a test lie outside the project. */
function shown(path) {
  const parts = path.split(sep);
  return parts.slice(parts.lastIndexOf('lessons')).join('/');
}

/** Replaces the file in one step: several processes may make and read it at the same time. */
function writeIfChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}.new`;
  try {
    writeFileSync(half, text);
    renameSync(half, path);
  } finally {
    rmSync(half, { force: true });
  }
}

/** A class whose patch is gone or no longer applies must not run in place of the patched one. */
function removeOthers(folder, wanted) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.ts') && !wanted.has(name)) rmSync(join(folder, name), { force: true });
  }
}
