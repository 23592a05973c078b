/**
 * DESIGN's floors: a room imports only from rooms below it, other rooms only through their door, and
 * nothing imports in a circle. Imports of types count as well.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { root } from '../src/workshop/course/catalogue.ts';

interface Manifest {
  imports: Record<string, unknown>;
  exports: Record<string, string | { default: string }>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** The library's rooms: the rooms each may import, and the packages. */
const library: Record<string, { below: string[]; packages: RegExp }> = {
  'src/serialize': { below: [], packages: /^$/ },
  'src/php': { below: ['src/serialize'], packages: /^$/ },
  'src/store': { below: ['src/serialize'], packages: /^(mysql2|iron-session)\b/ },
  'src/adapters': {
    below: ['src/serialize', 'src/php', 'src/store'],
    packages: /^(express|fastify|koa|hono|h3|next|iron-session)\b/,
  },
  'src/contract': { below: ['src/store'], packages: /^$/ },
  'src/cli': { below: ['src/serialize', 'src/php', 'src/store'], packages: /^mysql2\b/ },
  src: { below: ['src/serialize', 'src/php', 'src/store', 'src/adapters'], packages: /^$/ },
};

/** The workshop's rooms from the ground up; the last are its own files, `setup.mjs` and `start.ts`. */
const workshop: string[][] = [
  ['wire', 'machine', 'course', 'format', 'drawing'],
  ['sandbox'],
  ['bench', 'oracle'],
  ['runner', 'matrix', 'fuzz'],
  ['measure', 'board'],
  ['lab', 'site'],
  [''],
].map((floor) => floor.map((room) => (room ? `src/workshop/${room}` : 'src/workshop')));

/**
 * A library room's doors. The workshop's rooms have none: their files are used by two or three
 * rooms each, and an index for them would only repeat the names.
 */
const doors: ReadonlySet<string> = new Set([
  ...['serialize', 'php', 'store', 'adapters', 'cli'].map((room) => `src/${room}/index.ts`),
  'src/php/host.ts',
  // The float printer, and the reports of messages and errors, shared with other rooms but not public.
  'src/serialize/numbers.ts',
  'src/serialize/messages.ts',
  // The store's: values of an envelope, one by one.
  'src/serialize/tags.ts',
  // The command line's.
  'src/store/operate.ts',
  // The adapters' options take the same kinds of values.
  'src/store/kinds.ts',
  // The fuzz program's; the merge also serves sessions that are not in the store's own table.
  ...['identifiers', 'payload/merge', 'payload/payload', 'payload/seal'].map(
    (file) => `src/store/${file}.ts`,
  ),
  'src/adapters/store/cookie.ts',
  // The lessons' `#memcached`.
  'src/store/cache/memcached.ts',
  ...Object.values(manifest.exports).map((target) =>
    (typeof target === 'string' ? target : target.default).replace(
      /^\.\/dist\/(.*)\.js$/,
      'src/$1.ts',
    ),
  ),
]);

interface Import {
  file: string;
  /** A file of ours, or the name of a package. */
  from: string;
}

/** The imports of one file. */
function importsOf(file: string, source: string): Import[] {
  const pattern =
    /^(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm;
  return [...source.matchAll(pattern)].flatMap(([, named, bare, lazy]) => {
    const specifier = named ?? bare ?? lazy ?? '';
    if (specifier.startsWith('node:')) return [];
    if (specifier.startsWith('.'))
      return [{ file, from: inProject(join(dirname(file), specifier)) }];
    const alias = manifest.imports[specifier];
    return [{ file, from: typeof alias === 'string' ? inProject(alias) : specifier }];
  });
}

function inProject(path: string): string {
  return relative(root, join(root, path)).split(sep).join('/');
}

/** `src/php`, `src/workshop/bench`; a file directly below `src` or `src/workshop` is of that room. */
function roomOf(path: string): string {
  const folders = path.split('/').slice(0, -1);
  return folders.slice(0, folders[1] === 'workshop' ? 3 : 2).join('/');
}

function isOurs(path: string): boolean {
  return /^(src|lessons|test)\//.test(path);
}

function floorOf(room: string): number {
  return workshop.findIndex((floor) => floor.includes(room));
}

/** One sentence for each import that a room may not have. */
function breaches(imports: Import[]): string[] {
  const sentences = imports.flatMap(({ file, from }) => {
    const [room, other] = [roomOf(file), isOurs(from) ? roomOf(from) : from];
    if (room === other) return [];
    const rules = library[room];
    if (!rules && floorOf(room) < 0) return [`${file} is in a room that has no floor`];
    if (!isOurs(from)) {
      return !rules || rules.packages.test(from) ? [] : [`${file} imports ${from}`];
    }
    const below = rules
      ? rules.below.includes(other)
      : other in library || (floorOf(other) >= 0 && floorOf(other) < floorOf(room));
    if (!below) return [`${file} imports ${from}`];
    return other in library && !doors.has(from) ? [`${file} imports ${from} past its door`] : [];
  });
  return [...new Set(sentences)];
}

/** Every circle, once, as `a → b → a`, where `nodeOf` says what an import leads from and to. */
function circles(imports: Import[], nodeOf: (path: string) => string): string[] {
  const targets = new Map<string, Set<string>>();
  for (const { file, from } of imports) {
    const [start, end] = [nodeOf(file), nodeOf(from)];
    if (isOurs(from) && start !== end) {
      targets.set(start, (targets.get(start) ?? new Set()).add(end));
    }
  }
  const found = new Set<string>();
  const done = new Set<string>();
  const follow = (node: string, path: string[]): void => {
    const at = path.indexOf(node);
    if (at >= 0) {
      const circle = path.slice(at);
      const first = circle.indexOf([...circle].sort()[0] ?? '');
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      found.add([...turned, turned[0]].join(' → '));
    }
    if (at >= 0 || done.has(node)) return;
    for (const next of targets.get(node) ?? []) follow(next, [...path, node]);
    done.add(node);
  };
  for (const node of targets.keys()) follow(node, []);
  return [...found];
}

function sources(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.m?[jt]s$/.test(path))
    .map((path) => join(folder, path).split(sep).join('/'))
    .flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
}

const imports = sources('src');

test('a room imports from rooms below it, and through their doors', () => {
  assert.ok(imports.length > 500, `only ${imports.length} imports were found`);
  assert.deepEqual(breaches(imports), []);
});

test('no files import each other in a circle', () => {
  assert.deepEqual(
    circles(imports, (path) => path),
    [],
  );
});

test('no rooms import each other in a circle', () => {
  assert.deepEqual(circles(imports, roomOf), []);
});

test('an import that climbs is named', () => {
  const climbing = [
    ...importsOf(
      'src/serialize/reader.ts',
      `import { a } from '../php/index.ts';\nimport type { b } from 'mysql2/promise';`,
    ),
    ...importsOf('src/workshop/bench/tests.ts', `export { c } from '../lab/lab.ts';`),
    ...importsOf('src/workshop/site/docs.ts', `await import('../lab/lab.ts');`),
    ...importsOf('src/php/index.ts', `import '../workshop/wire/gate.ts';`),
  ];
  assert.deepEqual(breaches(climbing), [
    'src/serialize/reader.ts imports src/php/index.ts',
    'src/serialize/reader.ts imports mysql2/promise',
    'src/workshop/bench/tests.ts imports src/workshop/lab/lab.ts',
    'src/workshop/site/docs.ts imports src/workshop/lab/lab.ts',
    'src/php/index.ts imports src/workshop/wire/gate.ts',
  ]);
});

test('an import past a door is named, and one through it is not', () => {
  const source = `import { a } from '../php/session/scope.ts';
import { b } from '../php/index.ts';
import { c } from '../php/host.ts';`;
  assert.deepEqual(breaches(importsOf('src/adapters/node.ts', source)), [
    'src/adapters/node.ts imports src/php/session/scope.ts past its door',
  ]);
  const workshop = importsOf(
    'src/workshop/bench/open.ts',
    `import { a } from '../../adapters/php-scope.ts';\nimport { b } from '#php';`,
  );
  assert.deepEqual(breaches(workshop), [
    'src/workshop/bench/open.ts imports src/adapters/php-scope.ts past its door',
  ]);
});

test('a room without a floor is named', () => {
  assert.deepEqual(breaches(importsOf('src/workshop/attic/box.ts', `import 'mysql2';`)), [
    'src/workshop/attic/box.ts is in a room that has no floor',
  ]);
});

test('a circle of files is named once, also where only types are imported', () => {
  const circle = [
    ...importsOf('src/php/a.ts', `import { b } from './b.ts';`),
    ...importsOf('src/php/b.ts', `import { c } from './session/c.ts';`),
    ...importsOf('src/php/session/c.ts', `import type { A } from '../a.ts';`),
  ];
  assert.deepEqual(
    circles(circle, (path) => path),
    ['src/php/a.ts → src/php/b.ts → src/php/session/c.ts → src/php/a.ts'],
  );
});

test('a circle of rooms is named where no file imports itself', () => {
  const circle = [
    ...importsOf('src/workshop/lab/a.ts', `import type { B } from '../site/b.ts';`),
    ...importsOf('src/workshop/site/c.ts', `import { d } from '../lab/d.ts';`),
  ];
  assert.deepEqual(
    circles(circle, (path) => path),
    [],
  );
  assert.deepEqual(circles(circle, roomOf), [
    'src/workshop/lab → src/workshop/site → src/workshop/lab',
  ]);
});

test('a lesson imports its packages and what #php, #bench and the like name, nothing else', () => {
  const doors = /^src\/((php|serialize|workshop\/bench)\/index|store\/cache\/memcached)\.ts$/;
  const packages = /^(mysql2\/promise|iron-session|#sessions)$/;
  const given = Object.values(manifest.imports).map((target) => String(target).slice('./'.length));
  const allowed = new RegExp(`${doors.source}|${packages.source}`);
  const strangers = sources('lessons')
    .filter(({ file }) => !file.startsWith('lessons/mine/'))
    .filter(({ file, from }) => {
      if (allowed.test(from) || given.includes(from)) return false;
      return !(
        /\/(vanilla|counter)\.ts$/.test(file) && /^(src\/adapters|lessons\/05-[^/]*)\//.test(from)
      );
    })
    .map(({ file, from }) => `${file} imports ${from}`);
  assert.deepEqual(strangers, []);
});
