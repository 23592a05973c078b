/** The programs of the page on the request: played in PHP and here, and drawn. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { drawStory } from '../../../src/workshop/site/pictures/story.ts';
import { type Recording, recordStories } from '../../../src/workshop/site/record-stories.ts';
import { stories } from '../../../src/workshop/site/stories.ts';

test('every story runs in PHP as it does here, and is on the page', async () => {
  const recordings = await recordStories(stories);
  const page = readFileSync(join(root, 'docs/the-request.md'), 'utf8');
  for (const [name, recording] of recordings) {
    assert.ok(page.includes(`<!-- picture: calls for ${name} -->`), `"${name}" is not on the page`);
    assert.ok(recording.calls.length > 2, `"${name}" calls nothing`);
  }
});

test('between them the stories call every callback', async () => {
  const recordings = await recordStories(stories);
  const called = [...recordings.values()].flatMap(({ calls }) =>
    calls.map((call) => call.callback),
  );
  assert.deepEqual([...new Set(called)].sort(), [
    'close',
    'create_sid',
    'destroy',
    'gc',
    'open',
    'read',
    'updateTimestamp',
    'validateId',
    'write',
  ]);
});

test('a story that runs otherwise in PHP is refused', async () => {
  const lines = ['session_start()', "$_SESSION['a'] = 1.0"];
  await assert.rejects(recordStories({ 'a float': { cookie: 'ann', lines } }), {
    message: /^"a float" goes otherwise in PHP: .*a\|d:1;.*, here .*a\|i:1;/,
  });
});

test('a line without calls has an empty row, and the end of the request has its own row', () => {
  const recording: Recording = {
    story: { lines: [] },
    lines: ['await session_start()', "$_SESSION['a'] = 1"],
    calls: [
      { line: 0, callback: 'open', values: ['/x', 'S'], answer: true },
      { line: 0, callback: 'read', values: ['id'], answer: 'a|i:1;' },
      { line: 2, callback: 'close', values: [], answer: true },
    ],
    cookies: ['S=id'],
    messages: [],
    php: '8.4.1',
  };
  const { text } = drawStory(recording);
  assert.deepEqual(text.split('\n').slice(2), [
    "| `await session_start()` | `open('/x', 'S')` | `true` |",
    "|  | `read('id')` | `'a\\|i:1;'` |",
    "| `$_SESSION['a'] = 1` |  |  |",
    '| *the request ends* | `close()` | `true` |',
    '| *response header* | `Set-Cookie: S=id` |  |',
  ]);
});
