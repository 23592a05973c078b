/** The tags of doc comments. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../src/workshop/course/catalogue.ts';

const ROOMS = ['serialize', 'php', 'store', 'adapters', 'cli', 'contract'];

/** Names of PHP's own class, and of Node's DOMException. */
const ELSEWHERE = ['ValueError', 'AbortError'];

test('each error that a @throws names is a class of the library, or built in', () => {
  const sources = ROOMS.flatMap((room) => {
    const folder = join(root, 'src', room);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return files.filter((file) => file.endsWith('.ts')).map((file) => join(folder, file));
  }).map((file) => readFileSync(file, 'utf8'));
  const classes = sources.flatMap((source) =>
    [...source.matchAll(/^export class (\w+)/gm)].map(([, name]) => name),
  );
  const named = sources.flatMap((source) =>
    [...source.matchAll(/@throws (.+(?:\n +\* (?!@).+)*)/g)].flatMap(
      ([, text = '']) => text.match(/\b(?:[A-Z]\w*Error|Session[A-Z]\w+|Php[A-Z]\w+)\b/g) ?? [],
    ),
  );
  const isKnown = (name: string): boolean =>
    classes.includes(name) || name in globalThis || ELSEWHERE.includes(name);
  assert.ok(named.length > 100, `${named.length} are found`);
  assert.deepEqual(
    named.filter((name) => !isKnown(name)),
    [],
  );
});
