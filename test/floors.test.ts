/** DESIGN's floors: a room imports only from floors below its own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { root } from '../src/workshop/course/catalogue.ts';

/** What a room may import from, beside itself. Packages are named where they are allowed. */
const rooms: Record<string, { below: string[]; packages: string[] }> = {
  'src/serialize': { below: [], packages: [] },
  'src/php': { below: ['src/serialize'], packages: [] },
  'src/store': { below: ['src/serialize'], packages: ['mysql2', 'iron-session'] },
  'src/adapters': {
    below: ['src/serialize', 'src/php', 'src/store'],
    packages: ['express', 'iron-session'],
  },
  'src/cli': { below: ['src/serialize', 'src/php', 'src/store'], packages: ['mysql2'] },
};

interface Import {
  file: string;
  room: string;
  from: string;
}

/** The imports of one file, each as a room of ours or a package's name. */
function importsOf(file: string, source: string): Import[] {
  const room = roomOf(file);
  const pattern =
    /^(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...source.matchAll(pattern)].flatMap(([, named, bare, lazy]) => {
    const specifier = named ?? bare ?? lazy ?? '';
    if (specifier.startsWith('node:')) return [];
    const from = specifier.startsWith('.')
      ? roomOf(
          relative(root, join(root, dirname(file), specifier))
            .split(sep)
            .join('/'),
        )
      : specifier;
    return [{ file, room, from }];
  });
}

function roomOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** One sentence for each import that climbs. */
function breaches(imports: Import[]): string[] {
  return imports.flatMap(({ file, room, from }) => {
    const rules = rooms[room];
    if (!rules || from === room) return [];
    const allowed = from.startsWith('src/')
      ? rules.below.includes(from)
      : rules.packages.some((name) => from === name || from.startsWith(`${name}/`));
    return allowed ? [] : [`${file} imports ${from}`];
  });
}

function sources(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.m?ts$/.test(path))
    .map((path) => join(folder, path).split(sep).join('/'))
    .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
}

test('imports go downwards only', () => {
  const imports = sources('src');
  assert.ok(imports.length > 50, `only ${imports.length} imports were found`);
  assert.deepEqual(breaches(imports), []);
});

test('an import that climbs is named', () => {
  const climbing = importsOf(
    'src/serialize/reader.ts',
    `import { a } from '../php/index.ts';\nimport type { b } from 'mysql2/promise';`,
  );
  assert.deepEqual(breaches(climbing), [
    'src/serialize/reader.ts imports src/php',
    'src/serialize/reader.ts imports mysql2/promise',
  ]);
});

test('a lesson imports its packages, #php, #bench and the attack stage, and nothing else', () => {
  const allowed = /^(#php|#bench|#sessions|mysql2\/promise|iron-session)$/;
  const strangers = sources('lessons')
    .filter(({ file }) => !file.startsWith('lessons/mine/'))
    .filter(({ file, from }) => {
      if (allowed.test(from)) return false;
      if (file.endsWith('/attack.ts')) return from !== 'src/workshop';
      return !(
        /\/(vanilla|counter)\.ts$/.test(file) && /^(src\/adapters|lessons\/05-.*)$/.test(from)
      );
    })
    .map(({ file, from }) => `${file} imports ${from}`);
  assert.deepEqual(strangers, []);
});
