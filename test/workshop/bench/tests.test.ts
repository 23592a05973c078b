/** A learner's class may hang, crash or exit: the parent still gets results and a location. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import {
  runTests,
  runTestsOfClasses,
  type TestOptions,
  type TestResult,
} from '../../../src/workshop/bench/tests.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { makeWorkshop, type Workshop } from '../matrix/fixture.ts';

const server = await obtainServer();
after(() => server.close());

const classFile = 'lessons/01-store/sessions.ts';
const testFile = 'lessons/01-store/sessions.test.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = makeWorkshop();
});
afterEach(() => workshop.remove());

/** Runs lessons on a class of the fixture. */
async function check(options: Partial<TestOptions> = {}, until = 1): Promise<TestResult[]> {
  const lessons = workshop.lessons().slice(0, until + 1);
  const condition = 'lesson-01';
  return await runTests({ lessons, condition, lessonNumber: 1, server, ...options });
}

/** `sessions.ts:12 Read`, as far as it is known. */
function place({ location }: TestResult): string {
  if (!location) return 'nowhere';
  return `${basename(location.file)}:${location.line}${location.method ? ` ${location.method}` : ''}`;
}

test('a wrong answer names what was expected, what came, and the method', async () => {
  workshop.edit(classFile, "return '';", "return 'nothing';");
  const [first, second] = await check();
  assert.equal(first?.passed, true);
  assert.equal(second?.reason, 'assertion');
  assert.equal(second?.message, "handler.read('404')");
  assert.equal(second?.expected, "''");
  assert.equal(second?.actual, "'nothing'");
  assert.equal(second && place(second), 'sessions.ts:12 Read');
  assert.equal(second?.location?.isLastCall, true);
});

/** A class whose pages run, and one test of them. */
function servePages(allows: string, body: string): void {
  workshop.edit(
    classFile,
    '  static async Write',
    `  static Close = () => true;
  static Destroy = () => true;
  static garbageCollect = () => true;
  static createId = () => '7';
  static Allows = (request) => { ${allows} };
  static initCallbacks() {
    const { Open, Close, Read, Write, Destroy, garbageCollect, createId } = Sessions;
    return session_set_save_handler(Open, Close, Read, Write, Destroy, garbageCollect, createId);
  }
  static async Write`,
  );
  workshop.edit(classFile, /^/, "import { session_set_save_handler } from '#php';\n");
  workshop.edit(testFile, /test\('a session[\s\S]*/, `test('pages', async () => {${body}});`);
  workshop.edit(testFile, '{ handler, store }', '{ another, database, gate, handler, serve }');
}

test('an error within a page is shown beside the answer that a test did not expect', async () => {
  servePages(
    "return new URL('no url');",
    'const { status } = await (await serve()).request();\nassert.equal(status, 403);',
  );
  const [first] = await check();
  const error = 'TypeError (ERR_INVALID_URL): Invalid URL';
  assert.equal(first?.message, `status; the class failed: ${error}`);
  assert.deepEqual([first?.expected, first?.actual], ['403', '500']);
  assert.match(first ? place(first) : '', /^sessions\.ts:\d+ Allows/);
});

test('damage that a test does itself is declared, and its errors are not the class’s', async () => {
  servePages(
    'return true;',
    `const server = await serve();
    await server.request();
    await database.query('RENAME TABLE sessions TO elsewhere');
    assert.equal((await server.request({ cookie: 'MySession=7' })).status, 500);
    await database.query('RENAME TABLE elsewhere TO sessions');
    const saving = gate(1, /^INSERT/, { opens: 'by hand' });
    const asked = server.request();
    await saving.arrived;
    saving.cut();
    assert.equal((await asked).status, 200, 'the page');`,
  );
  const [first] = await check();
  const damage = 'the test itself moved the table away and cut a connection, on purpose';
  assert.equal(first?.message, `the page (${damage})`);
});

test('a page opens its own address, and an error of the missing table is not the class’s', async () => {
  servePages(
    'return true;',
    `const [here, gone] = [await serve(), await (await another('mysql://nobody@127.0.0.1:1/no')).serve()];
    const { status } = await database.withoutTable(() => here.request({ cookie: 'MySession=7' }));
    assert.deepEqual([status, (await gone.request()).status, (await here.request()).status], []);`,
  );
  const [first] = await check();
  assert.equal(first?.actual, '[ 500, 500, 200 ]');
  assert.match(first?.message ?? '', /moved the table away.*the class failed: .*ECONNREFUSED/);
});

test('a function of PHP in a method that a test calls directly is explained', async () => {
  workshop.edit(classFile, 'const [row] = rows;', "ini_get('session.name');\n const [row] = rows;");
  workshop.edit(classFile, /^/, "import { ini_get } from '#php';\n");
  const [first] = await check();
  assert.match(
    first?.message ?? '',
    /^ini_get\(\) was used outside a request: this test calls the method directly, .* initCallbacks/,
  );
  assert.match(first ? place(first) : '', /^sessions\.ts:\d+ Read/);
});

test('an error of the database names the line of the class that asked', async () => {
  workshop.edit(classFile, 'SELECT d FROM sessions', 'SELECT d FROM session');
  const [first] = await check();
  assert.equal(first?.reason, 'error');
  assert.match(first?.message ?? '', /^Table '.*session' doesn't exist$/);
  assert.equal(first && place(first), 'sessions.ts:14 Read');
  assert.equal(first?.location?.isLastCall, undefined);
});

test('a method that is missing is not ported yet', async () => {
  workshop.edit(classFile, 'static async Read(', 'static async read(');
  workshop.edit(classFile, /^/, 'class TooLarge extends Error {\n  static async Read() {}\n}\n');
  const results = await check();
  assert.deepEqual(
    results.map(({ reason }) => reason),
    ['not ported', 'not ported'],
  );
  assert.match(results[0]?.message ?? '', /^Sessions\.Read is not ported yet\./);
  assert.equal(
    results[0] && place(results[0]),
    'sessions.ts:7',
    'the class, and no other before it',
  );
});

test('a syntax error is reported once a file, with its line', async () => {
  workshop.edit(classFile, 'const [row] = rows;', 'const [row = rows;');
  const results = await check();
  assert.equal(results.length, 1);
  const [first] = results;
  assert.equal(first?.reason, 'import');
  assert.equal(first?.name, testFile);
  assert.equal(first?.location?.line, 15);
});

test('an endless loop is ended, and the files behind it still run', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    "if (sid === '404') for (;;);\n const [row] = rows;",
  );
  const results = await check({ seconds: 1 }, 2);
  assert.deepEqual(
    results.map(({ name, reason }) => [name, reason]),
    [
      ['a session can be read back', undefined],
      ['an unknown id reads as an empty string', 'timeout'],
      ['only the exact id reads a session', 'assertion'],
      ['the exact id still reads', undefined],
    ],
  );
  assert.match(results[1]?.message ?? '', /^no report for 3 seconds since Read was called/);
  assert.equal(results[1] && place(results[1]), 'sessions.ts:12 Read');
});

test('a promise that never settles is a time-out that says what is being waited for', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    'await new Promise(() => {});\n const [row] = rows;',
  );
  // With shorter looks, a busy machine keeps too many of them waiting to see a silence.
  const [first] = await check({ seconds: 4 });
  assert.equal(first?.reason, 'timeout');
  assert.match(first?.message ?? '', /^no result after \d+ seconds; no statement is on its way/);
});

test('a slow test that still sends statements is not ended by its limit', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    "for (let turn = 0; turn < 9; turn++) await Sessions.Db?.query('SELECT SLEEP(0.2)');\n const [row] = rows;",
  );
  const [first] = await check({ seconds: 1 });
  assert.equal(first?.passed, true, first?.message);
});

test('a slow test that still computes is not ended by its limit', async () => {
  const compute = `const end = performance.now() + 1300;
    while (performance.now() < end) await new Promise((go) => setImmediate(go));`;
  workshop.edit(classFile, 'const [row] = rows;', `${compute}\n const [row] = rows;`);
  const [first] = await check({ seconds: 1 });
  assert.equal(first?.passed, true, first?.message);
});

test('process.exit is a result with the line that called it', async () => {
  workshop.edit(classFile, 'const [row] = rows;', 'process.exit(0);\n const [row] = rows;');
  const [first] = await check();
  assert.equal(first?.reason, 'exit');
  assert.equal(first?.message, 'the class called process.exit(0)');
  assert.equal(first && place(first), 'sessions.ts:15 Read');
});

test('an unhandled rejection fails the test that caused it', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    "void Promise.reject(new Error('lost'));\n const [row] = rows;",
  );
  const [first] = await check();
  assert.equal(first?.reason, 'error');
  assert.equal(first?.message, 'a promise was rejected without a handler: lost');
  assert.equal(first && place(first), 'sessions.ts:15 Read');
});

test('an error after the test is over still fails', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    "setTimeout(() => { throw new Error('late'); }, 0);\n const [row] = rows;",
  );
  const results = await check();
  const late = results.filter(({ message }) => message.endsWith('late'));
  assert.ok(late.length > 0, JSON.stringify(results));
  assert.equal(late[0]?.location?.line, 15);
});

test('what a failed test has begun ends before the next test', async () => {
  workshop.edit(testFile, '{ handler, store }', '{ database, gate, handler, store }');
  workshop.edit(
    testFile,
    /$/,
    `for (const holds of ['statement', 'answer']) {
      test('a gate stays closed: ' + holds, async () => {
        const saving = gate(1, /^INSERT/, { opens: 'by hand', holds });
        handler.write('7', holds)
          .then(() => handler.write('8', holds))
          .then(() => { throw new Error('nobody waits'); });
        await saving.arrived;
        assert.fail('on purpose');
      });
      test('the next test: ' + holds, async () => {
        const rows = (await database.rows()).slice(-2);
        assert.deepEqual(rows.map(({ d }) => d), [holds, holds]);
      });
    }`,
  );
  const results = (await check()).slice(-4);
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [false, true, false, true],
    JSON.stringify(results),
  );
});

test('connections that stay open do not keep the tests from ending', async () => {
  workshop.edit(
    classFile,
    'Sessions.Db ??= await',
    'for (let more = 0; more < 9; more++) Sessions.Db = await',
  );
  const results = await check();
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, true],
  );
});

test('a timer that never stops does not keep the tests from ending', async () => {
  workshop.edit(classFile, 'export class', 'setInterval(() => {}, 10);\nexport class');
  const began = performance.now();
  const results = await check({ seconds: 90 });
  assert.equal(results.length, 2);
  assert.ok(performance.now() - began < 60_000);
});

test('a file without a test is a failure', async () => {
  workshop.write(testFile, "import { openBench } from '#bench';\nawait openBench();\n");
  const results = await check();
  assert.equal(results.length, 1);
  assert.equal(results[0]?.reason, 'exit');
  assert.match(results[0]?.message ?? '', /^the file ran no test/);
});

test('a file that imports the class beside the bench gets the same class', async () => {
  workshop.edit(testFile, "'#bench';", "'#bench';\nimport { Sessions } from '#sessions';");
  workshop.edit(testFile, "'one');\n});", "'one');\n  assert.notEqual(Sessions.Db, null);\n});");
  const results = await check({}, 2);
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, true, false, true],
  );
});

/** Runs lesson 1 on classes that are made from its own; each prints the id of its process. */
async function checkClasses(
  ...edits: ((text: string) => string)[]
): Promise<{ results: TestResult[][]; processes: string[] }> {
  const text = readFileSync(join(workshop.directory, classFile), 'utf8');
  const [, lesson] = workshop.lessons();
  assert.ok(lesson);
  const classes = edits.map((edit, index) => {
    const path = `lessons/01-store/made/class-${index}.ts`;
    workshop.write(path, `${edit(text)}\nconsole.log('in', process.pid);\n`);
    return { file: join(workshop.directory, path), lessons: [lesson], lessonNumber: 1 };
  });
  let printed = '';
  const onOutput = (output: string): void => {
    printed += output;
  };
  const results = await runTestsOfClasses(classes, { server, onOutput });
  return { results, processes: [...printed.matchAll(/in (\d+)/g)].map(([, pid = '']) => pid) };
}

const passed = (results: TestResult[][]): boolean[][] =>
  results.map((each) => each.map((result) => result.passed));

test('several classes are tested in one process, each by itself', async () => {
  const wrong = (text: string): string => text.replace("return '';", "return 'nothing';");
  const own = (text: string): string => text;
  workshop.edit(testFile, "'#bench';", "'#bench';\nimport { Sessions } from '#sessions';");
  workshop.edit(testFile, "'one');\n});", "'one');\n  assert.notEqual(Sessions.Db, null);\n});");
  const { results, processes } = await checkClasses(own, wrong, own);
  assert.deepEqual(passed(results), [
    [true, true],
    [true, false],
    [true, true],
  ]);
  assert.equal(new Set(processes).size, 1);
});

test('an error that a class throws when it is over fails no other class', async () => {
  const late = (text: string): string =>
    `${text}\nglobalThis['late'] = () => { throw new Error('late'); };`;
  const then = (text: string): string =>
    text.replace('const [row] = rows;', "setImmediate(globalThis['late'] ?? (() => {}));\n$&");
  const { results, processes } = await checkClasses(late, then, then);
  assert.deepEqual(passed(results), [
    [true, true],
    [true, true],
    [true, true],
  ]);
  const [first, second, again, third] = processes;
  assert.deepEqual([first === second, second === again, again === third], [true, false, true]);
});

test('the output of a class is passed on and not taken for a report', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    'console.log(\'{"kind":"over"}\');\n const [row] = rows;',
  );
  let printed = '';
  const results = await check({ onOutput: (text) => (printed += text) });
  assert.equal(
    results.every(({ passed }) => passed),
    true,
  );
  assert.match(printed, /\{"kind":"over"\}/);
});

test('bail stops at the first failure', async () => {
  workshop.edit(classFile, "return '';", "return 'nothing';");
  const results = await check({ bail: true }, 2);
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, false],
  );
});

test('an aborted run ends at once with what there was', async () => {
  const stop = new AbortController();
  const loop = "process.stdout.write('in the loop'); for (;;);\n const [row] = rows;";
  workshop.edit(classFile, 'const [row] = rows;', loop);
  const onOutput = (text: string): void => {
    if (text.includes('in the loop')) stop.abort();
  };
  assert.deepEqual(await check({ signal: stop.signal, seconds: 60, onOutput }), []);
});

test('a database that has gone is not held against the class', async () => {
  // Another program of the suite could take a port that was free a moment ago.
  const gone = check({ server: 'mysql://root@127.0.0.1:1/' });
  await assert.rejects(gone, {
    message:
      'The database at 127.0.0.1:1 has gone, so these results say nothing about the class: repeat the run',
  });
});

test('a transaction left open does not keep the schema', async () => {
  workshop.edit(
    classFile,
    'const [row] = rows;',
    `await Sessions.Db!.query('START TRANSACTION');
    await Sessions.Db!.query('SELECT * FROM sessions FOR UPDATE');
    console.log(process.env['DATABASE_URL']);
    const [row] = rows;`,
  );
  let printed = '';
  const results = await check({ onOutput: (text) => (printed += text) });
  assert.equal(
    results.every(({ passed }) => passed),
    true,
  );
  const name = /\/(phpsessid_\w+)/.exec(printed)?.[1];
  assert.ok(name, printed);
  const connection = await createConnection(server.url);
  const [rows] = await connection.query('SHOW DATABASES LIKE ?', [name]);
  await connection.end();
  assert.deepEqual(rows, []);
});
