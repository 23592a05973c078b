/** The package as users install it: packed, checked, and used by projects of each kind. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../src/workshop/course/catalogue.ts';
import { obtainServer } from '../../src/workshop/machine/database/server.ts';
import { npm } from '../../src/workshop/machine/npm.mjs';
import { type RunResult, run, stripTypes } from '../../src/workshop/machine/program.ts';
import { HANG } from '../hang.ts';
import type { Compilation } from './compile.ts';
import { findTools, Project, pack } from './projects.ts';

/** A page that counts, and its two visits; valid as TypeScript and as JavaScript. */
const BODY = `
async function visitTwice() {
  const page = withPhpSession(async (_request, response) => {
    await session_start();
    const count = Number($_SESSION['count'] ?? 0) + 1;
    $_SESSION['count'] = count;
    response.end(serialize(count));
  }, { settings: { 'session.save_path': '.' } });
  const server = createServer(page).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = \`http://127.0.0.1:\${typeof address === 'object' ? address?.port : 0}/\`;
  const first = await fetch(url);
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const second = await fetch(url, { headers: { cookie } });
  const sessions = createSessions({ url: 'mysql://127.0.0.1:1/none', secrets: ['s'.repeat(32)] });
  const adapters = [
    phpSession(), expressSessions(sessions), honoSessions(sessions), ExpressSessionStore,
    withFetchSessions(sessions, () => new Response()), withSessions(sessions, () => {}),
  ];
  const kinds = new Set(adapters.map((each) => typeof each));
  const seen = [await first.text(), await second.text(), ...kinds].join(' ');
  await sessions.close();
  server.close();
  server.closeAllConnections();
  return seen;
}
`;

const SEEN = 'i:1; i:2; function';

const IMPORTS: Record<string, string> = {
  'node:events': 'once',
  'node:http': 'createServer',
  'phpsessid/adapter': 'prepareExchanges',
  'phpsessid/contract': 'sessionStoreContract',
  'phpsessid/express': 'phpSession',
  'phpsessid/fetch': 'withPhpFetch',
  'phpsessid/mysql': 'createSessions',
  'phpsessid/mysql/express': 'expressSessions',
  'phpsessid/mysql/express-session': 'ExpressSessionStore',
  'phpsessid/mysql/fastify-session': 'FastifySessionStore',
  'phpsessid/mysql/fastify': 'fastifySessions',
  'phpsessid/mysql/fetch': 'withFetchSessions',
  'phpsessid/mysql/h3': 'h3Sessions',
  'phpsessid/mysql/hono': 'honoSessions',
  'phpsessid/mysql/koa': 'koaSessions',
  'phpsessid/mysql/koa-session': 'KoaSessionStore',
  'phpsessid/mysql/next': 'nextSessions',
  'phpsessid/mysql/nextjs-auth0': 'Auth0SessionStore',
  'phpsessid/mysql/node': 'withSessions',
  'phpsessid/mysql/remix': 'remixSessionStorage',
  'phpsessid/node': 'withPhpSession',
  'phpsessid/php': '$_SESSION, session_start',
  'phpsessid/serialize': 'serialize',
};

const imported = (names = Object.entries(IMPORTS)): string =>
  names.map(([from, name]) => `import { ${name} } from '${from}';`).join('\n');
const required = (names = Object.entries(IMPORTS)): string =>
  names.map(([from, name]) => `const { ${name} } = require('${from}');`).join('\n');

const PRINT = 'visitTwice().then((seen) => console.log(seen));\n';

/** The types must be there: without them all three lines would compile. */
const TYPED = `
// @ts-expect-error a function
export const wrong: number = session_start;
// @ts-expect-error an unknown option
export const unknown = () => phpSession({ versoin: '8.4' });
// @ts-expect-error a strategy that does not exist
export const misspelt = () => createSessions({ url: '', secrets: [], strategy: 'hope' });
`;

const project = new Project();
const checkout = mkdtempSync(join(tmpdir(), 'phpsessid-pack-'));
const tools = await findTools();
const skip = 'reason' in tools ? tools.reason : false;
const tool = (path: string): string => join('folder' in tools ? tools.folder : '', path);
let tarball: string;

before(async () => {
  tarball = await pack(join(checkout, 'packed'));
  await project.install(tarball);
});
after(() => {
  rmSync(checkout, { recursive: true });
  rmSync(project.folder, { recursive: true });
});

interface Manifest {
  exports: Record<string, string | Record<string, string>>;
  typesVersions: Record<string, Record<string, string[]>>;
}

test('every entry has a form for Node, bundlers, require() and old TypeScript', () => {
  const { exports, typesVersions } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Manifest;
  for (const [entry, conditions] of Object.entries(exports)) {
    if (entry === './package.json') continue;
    assert.ok(typeof conditions === 'object', entry);
    const path = String(conditions['default']).replace('./dist/', '');
    const [esm, cjs] = [`./dist/${path}`, `./dist/cjs/${path}`];
    const wanted = { 'module-sync': esm, module: esm, require: cjs, default: esm };
    assert.deepEqual(Object.entries(conditions), Object.entries(wanted), entry);
    const types = typesVersions['*']?.[entry.slice(2)];
    assert.deepEqual(types, [cjs.replace(/\.js$/, '.d.ts')], `typesVersions of ${entry}`);
  }
});

test('the tarball holds the library and nothing of the workshop', async () => {
  const { stdout } = await run('tar', ['-tzf', tarball]);
  const files = stdout.trim().split('\n');
  const own =
    /^package\/(package\.json|README\.md|LICENSE|docs\/[\w-]+\.md|(dist(\/cjs)?|src)\/(?!workshop)[a-z])/;
  assert.deepEqual(
    files.filter((file) => !own.test(file)),
    [],
  );
  assert.ok(files.includes('package/dist/php/index.js'));
});

test('a link of the tarball’s pages leads to another of its files, or into the workshop', () => {
  const installed = join(project.folder, 'node_modules/phpsessid');
  const docs = readdirSync(join(installed, 'docs')).map((name) => `docs/${name}`);
  const dead = ['README.md', ...docs].flatMap((name) =>
    [...readFileSync(join(installed, name), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
      .map(([, link = '']) => normalize(join(dirname(name), link)))
      .filter((path) => !/^(?:lessons|test|docs\/media)\b/.test(path))
      .filter((path) => !existsSync(join(installed, path)))
      .map((path) => `${name}: ${path}`),
  );
  assert.deepEqual(dead, []);
});

test('publint finds no fault', { skip }, async () => {
  const { code, stdout } = await project.node(tool('publint/src/cli.js'), '--strict', tarball);
  assert.equal(code, 0, stdout);
});

test('are-the-types-wrong finds no fault for any kind of resolution', { skip }, async () => {
  const { code, stdout } = await project.node(
    tool('@arethetypeswrong/cli/dist/index.js'),
    tarball,
    '--no-color',
  );
  assert.equal(code, 0, stdout);
});

test('an ESM project', async () => {
  await project.write('page.mjs', imported() + BODY + PRINT);
  assert.deepEqual(await project.node('page.mjs'), { code: 0, stdout: `${SEEN}\n`, stderr: '' });
});

test('a CommonJS project, without a warning', async () => {
  await project.write('page.cjs', required() + BODY + PRINT);
  assert.deepEqual(await project.node('page.cjs'), { code: 0, stdout: `${SEEN}\n`, stderr: '' });
});

test('an ESM project and a CommonJS dependency of it share one session', async () => {
  await project.write(
    'mixed.mjs',
    mixed("import { createRequire } from 'node:module';") + BODY + PRINT,
  );
  assert.deepEqual(await project.node('mixed.mjs'), { code: 0, stdout: `${SEEN}\n`, stderr: '' });
});

/** The adapter is imported, the functions are required. */
function mixed(head: string): string {
  const names = Object.entries(IMPORTS);
  const php = names.filter(([from]) => from === 'phpsessid/php');
  const others = names.filter(([from]) => from !== 'phpsessid/php');
  const require = head === '' ? '' : 'const require = createRequire(import.meta.url);';
  return [head, imported(others), require, required(php)].join('\n');
}

test('a bundle that imports and requires it holds one copy', async () => {
  await project.write('bundled.mjs', mixed('') + BODY + PRINT);
  const esbuild = join(root, 'node_modules/esbuild/bin/esbuild');
  const options = ['bundled.mjs', '--bundle', '--platform=node', '--outfile=bundle.cjs'];
  const built = await project.node(esbuild, ...options, '--log-level=warning');
  assert.deepEqual(built, { code: 0, stdout: '', stderr: '' });
  const seen = await project.node('bundle.cjs');
  assert.deepEqual(seen, { code: 0, stdout: `${SEEN}\n`, stderr: '' });
});

test('a CommonJS project under Jest', { skip }, async () => {
  const assertion = `test('counts', async () => expect(await visitTwice()).toBe('${SEEN}'));`;
  await project.write('page.test.js', required() + BODY + assertion);
  await project.write('package.json', '{"type":"commonjs"}');
  const config = '{"testEnvironment":"node"}';
  const jest = [
    tool('jest/bin/jest.js'),
    '--config',
    config,
    '--rootDir',
    '.',
    '--cacheDirectory',
    '.jest',
    '--ci',
  ];
  const { code, stderr } = await project.node(...jest, 'page.test.js');
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^Tests: +1 passed/m);
});

test('npx phpsessid in a project creates the table and examines it', async () => {
  const server = await obtainServer();
  const schema = await server.createSchema('package');
  const environment = { ...process.env, NODE_OPTIONS: undefined, DATABASE_URL: schema.url };
  const [program, ...first] = npm();
  const npx = (...args: string[]): Promise<RunResult> =>
    run(program, [...first, 'exec', '--no', '--', 'phpsessid', ...args], {
      cwd: project.folder,
      environment,
    });
  await project.write('package.json', '{}');
  const created = await npx('create');
  assert.deepEqual([created.code, created.stderr], [0, '']);
  const { code, stdout } = await npx('doctor', '--ignore', 'rights-wide', '--json');
  const { findings } = JSON.parse(stdout) as { findings: unknown[] };
  assert.deepEqual([code, findings], [0, []]);
  await server.close();
});

test("the command line's help needs no package", async () => {
  const alone = join(checkout, 'alone');
  cpSync(join(project.folder, 'node_modules/phpsessid'), alone, { recursive: true });
  for (const args of [['--help'], ['--version'], ['doctor', '--help']]) {
    const { code, stderr } = await run(process.execPath, [
      join(alone, 'dist/cli/main.js'),
      ...args,
    ]);
    assert.deepEqual([code, stderr], [0, '']);
  }
});

/** The first checks the package's own declarations too, which takes three times as long. */
const compilers = [
  ['5.6', 'commonjs', '--module node16'],
  ['5.6', 'commonjs', '--module commonjs --moduleResolution node10 --skipLibCheck'],
  ['5.9', 'commonjs', '--module nodenext --skipLibCheck'],
  ['5.9', 'module', '--module nodenext --skipLibCheck'],
  ['5.9', 'module', '--module esnext --moduleResolution bundler --skipLibCheck'],
] as const;
type Compiler = (typeof compilers)[number];

const folderOf = (compiler: Compiler): string =>
  join(project.folder, `compiled-${compilers.indexOf(compiler)}`);

/** Compiles the projects of one release of TypeScript; returns what it says of each. */
async function compileAll(own: readonly Compiler[]): Promise<Map<Compiler, string>> {
  const compilations: Compilation[] = [];
  for (const compiler of own) {
    const [, type, options] = compiler;
    const folder = folderOf(compiler);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
    writeFileSync(join(folder, 'page.ts'), imported() + BODY + PRINT + TYPED);
    const strict = ['--strict', '--target', 'es2022', '--types', 'node', '--outDir', folder];
    compilations.push({ folder, options: [...strict, ...options.split(' ')] });
  }
  const program = join(root, 'test/package/compile.ts');
  const library = tool(`typescript-${own[0]?.[0]}/lib/typescript.js`);
  const args = [...stripTypes, program, library, JSON.stringify(compilations)];
  const { code, stdout, stderr } = await run(process.execPath, args, { timeout: HANG });
  assert.deepEqual([code, stderr], [0, '']);
  const said = JSON.parse(stdout) as string[];
  return new Map(own.map((compiler, at) => [compiler, said[at] ?? 'nothing']));
}

const compiled = new Map<string, Promise<Map<Compiler, string>>>();

for (const compiler of compilers) {
  const [version, type, options] = compiler;
  test(`a TypeScript ${version} project: "type": "${type}", ${options}`, { skip }, async () => {
    const results = compiled.get(version) ?? compileAll(compilers.filter(([v]) => v === version));
    compiled.set(version, results);
    assert.equal((await results).get(compiler), '');
    const seen = await project.node(join(folderOf(compiler), 'page.js'));
    assert.deepEqual(seen, { code: 0, stdout: `${SEEN}\n`, stderr: '' });
  });
}
