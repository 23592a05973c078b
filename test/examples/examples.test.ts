/** Doc comments: every parameter is described, every function and class has a true example. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { publicModules } from '../../src/workshop/site/public-modules.ts';
import { type Example, readExamples } from './examples.ts';
import { checkExamples, closeDatabase, runExample } from './run-examples.ts';

const modules = publicModules();
const names = readExamples(modules);
after(closeDatabase);

test('every public function and class has an example', () => {
  assert.deepEqual(names.without, []);
});

test('every method of the library and every parameter is described', () => {
  assert.deepEqual(names.undescribed, []);
});

test('every example compiles as strictly as the library', () => {
  assert.deepEqual(checkExamples(names.examples, names, modules), []);
});

test('every example gives what it claims, and says what PHP says', async () => {
  assert.ok(names.examples.length > 40, `only ${names.examples.length} examples were found`);
  const faults: string[] = [];
  for (const example of names.examples) faults.push(...(await runExample(example, names, modules)));
  assert.deepEqual(faults, []);
});

test('an example that gives something else is named with its line', async () => {
  const text = 'await session_start();\nsession_status(); // 1\nsession_name(); // "PHPSESSID"';
  assert.deepEqual(await faultsOf(text), [
    'src/php/made-up.ts:11 made_up: claims 1, gives 2',
    `src/php/made-up.ts:12 made_up: claims "PHPSESSID", gives 'PHPSESSID'`,
  ]);
});

test('an example that throws is reported, and so is an example whose claimed throw never comes', async () => {
  assert.deepEqual(await faultsOf('session_id();\nthrow new Error("no");\nsession_id(); // \'\''), [
    'src/php/made-up.ts:10 made_up: throws Error: no',
    "src/php/made-up.ts:12 made_up: claims '', gives nothing: it was never reached",
  ]);
  assert.deepEqual(await faultsOf('session_id(); // throws Error: no'), [
    'src/php/made-up.ts:10 made_up: claims throws Error: no, gives undefined',
  ]);
});

test('an example that does not say what PHP warns of is named', async () => {
  assert.deepEqual(await faultsOf('await session_gc(); // false'), [
    'src/php/made-up.ts:10 made_up: claims that PHP says nothing, it says E_WARNING: session_gc(): Session cannot be garbage collected when there is no active session',
  ]);
});

test('an example without a claim is reported, and so is a comment behind no value', async () => {
  assert.deepEqual(await faultsOf('await session_start();\nif (session_id()) { // true\n}'), [
    'src/php/made-up.ts:11 made_up: the code before this comment gives no value; put prose on its own line',
    'src/php/made-up.ts:10 made_up: shows nothing: add a comment with the value behind a statement',
  ]);
});

test('an example that does not compile is named with its line', () => {
  assert.deepEqual(checkExamples([made('session_id();\nsession_id(1); // 1')], names, modules), [
    "src/php/made-up.ts:11 made_up: Argument of type 'number' is not assignable to parameter of type 'string'.",
  ]);
});

function made(text: string): Example {
  return { name: 'made_up', module: 'phpsessid/php', file: 'src/php/made-up.ts', line: 10, text };
}

async function faultsOf(text: string): Promise<string[]> {
  return await runExample(made(text), names, modules);
}
