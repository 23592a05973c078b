/** A failure in the few words a learner needs. Each error below is a real one of node:assert. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { asSentence, describeEnd, describeFailure } from '../../../src/workshop/sandbox/failure.ts';
import type { Failure } from '../../../src/workshop/sandbox/report.ts';

/** Describes whatever the function throws, later or at once. */
async function failureOf(act: () => unknown): Promise<Failure> {
  try {
    await act();
  } catch (error) {
    return describeFailure(error, undefined);
  }
  throw new Error('it threw nothing');
}

const rows = { length: 2, first: async () => 'Ann, (Graz)' };

test('a comparison is named by the expression that it examined', async () => {
  const { message, expected, actual } = await failureOf(() => assert.equal(rows.length, 1));
  assert.deepEqual([message, expected, actual], ['rows.length', '1', '2']);
  const texts = await failureOf(async () => assert.equal(await rows.first(), 'Bob, (Graz)'));
  assert.equal(texts.message, 'rows.first()');
  const inner = await failureOf(async () => assert.equal((await rows.first()).length - 1, 0));
  assert.equal(inner.message, 'rows.first().length - 1');
  const broken = await failureOf(() =>
    assert.deepEqual(
      [')', "it's", `,`].map((each) => each.length),
      [1],
    ),
  );
  assert.equal(broken.message, `[')', "it's", \`,\`].map((each) => each.length)`);
  const argument = await failureOf(async () => assert.equal(String(await rows.first()), 'Bob'));
  assert.equal(argument.message, 'String(rows.first())');
  const bare = await failureOf(() => assert.ok(rows.length > 2));
  assert.equal(bare.message, 'not true: rows.length > 2');
});

test('a test’s own message comes first, without the difference that Node adds', async () => {
  const { message, expected, actual } = await failureOf(() => {
    assert.equal(rows.length, 1, 'rows in the table');
  });
  assert.deepEqual([message, expected, actual], ['rows in the table', '1', '2']);
  const list = await failureOf(() => assert.deepEqual([1], [2], 'the first row'));
  assert.equal(list.message, 'the first row', 'without the legend of the difference either');
  const plain = await failureOf(() => assert.ok(rows.length > 2, 'too few rows'));
  assert.equal(plain.message, 'too few rows');
});

test('a value that an assertion excludes is shown after "not"', async () => {
  const { expected, actual } = await failureOf(() => assert.notEqual(rows.length, 2));
  assert.deepEqual([expected, actual], ['not 2', '2']);
  const texts = await failureOf(async () => assert.doesNotMatch(await rows.first(), /Ann/));
  assert.deepEqual([texts.expected, texts.actual], ['not /Ann/', "'Ann, (Graz)'"]);
});

test('an expected error is compared by what was expected of it, without a stack', async () => {
  const failing = async () => {
    throw new TypeError('too large');
  };
  const other = await failureOf(async () => {
    await assert.rejects(failing(), { name: 'SessionTooLarge' });
  });
  assert.deepEqual(
    [other.message, other.expected, other.actual],
    ['failing()', "{ name: 'SessionTooLarge' }", "{ name: 'TypeError' }"],
  );
  const none = await failureOf(async () => {
    await assert.rejects(rows.first(), { name: 'TypeError' });
  });
  assert.equal(none.message, "rows.first(): no error, expected { name: 'TypeError' }");
  assert.equal(none.expected, undefined);
});

test('long values are shown where they differ', async () => {
  const id = 'a'.repeat(300);
  const other = `${'a'.repeat(260)}b${'a'.repeat(39)}`;
  const { expected = '', actual = '' } = await failureOf(() => assert.equal(other, id));
  assert.match(actual, /^…a{30}ba{39}' \(302 characters, different from character 262 on\)$/);
  assert.match(expected, /^…a{70}' \(302 characters, different from character 262 on\)$/);
  const objects = await failureOf(() => assert.deepEqual({ id, n: 1 }, { id, n: 2 }));
  assert.match(objects.actual ?? '', /^….*, n: 1 \} \(\d+ characters, different from character/);
  const start = await failureOf(() => assert.equal(`b${id}`, id));
  assert.match(start.actual ?? '', /^'ba+… \(303 characters, different from character 2 on\)$/);
});

test('a long text that matches no pattern is cut in its middle', async () => {
  const body = `${'x'.repeat(400)}${'y'.repeat(100)}`;
  const { expected, actual = '' } = await failureOf(() => assert.match(body, /z/));
  assert.equal(expected, '/z/');
  assert.match(actual, /^'x{139}…y{59}' \(502 characters\)$/);
});

test('a file of the project is named as a reader knows it', async () => {
  const { message } = await failureOf(() => {
    throw new Error(`${join(root, 'lessons/mine/sessions.ts')} must export a class`);
  });
  assert.equal(message, 'lessons/mine/sessions.ts must export a class');
});

test('the last words of a process are its error, not a warning or a frame of Node', () => {
  const lastWords = (output: string): string =>
    describeEnd({ code: null, signal: 'SIGABRT', silent: false, aborted: false, output }).message;
  const ended = 'the process of the class was ended by SIGABRT';
  const warning =
    '(node:7) Warning: a promise\n(Use `node --trace-warnings ...` to show where the warning was created)';
  assert.equal(lastWords(warning), ended);
  assert.equal(lastWords(`hello\n${warning}`), `${ended}; its last words: hello`);
  const full = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
  assert.equal(
    lastWords(`<--- Last few GCs --->\n${full}\n 1: 0xb876 node::Abort() [node]`),
    `${ended}; its last words: ${full}`,
  );
  const stacks =
    '----- Native stack trace -----\n\n 1: 0xb876 node::Abort() [node]\n\n\n----- JavaScript stack trace -----\n\n1: abort (node:internal/process/per_thread:6:9)\n';
  assert.equal(lastWords(stacks), ended);
  assert.equal(lastWords(`hello\n${stacks}`), `${ended}; its last words: hello`);
});

test('a sentence begins with a capital letter, except for a path', () => {
  const sentence = (message: string): string => asSentence({ reason: 'import', message });
  assert.equal(sentence('the class called exit'), 'The class called exit.');
  assert.equal(sentence('lessons/mine/a.ts is not UTF-8'), 'lessons/mine/a.ts is not UTF-8.');
});
