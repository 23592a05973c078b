/** The methods of a class that the lab finds in its text. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { callableMethods } from '../../../src/workshop/lab/methods.ts';
import { findMethod } from '../../../src/workshop/sandbox/location.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-methods-'));
const file = join(folder, 'sessions.ts');
after(() => rmSync(folder, { recursive: true }));

function namesIn(...members: string[]): string[] | undefined {
  writeFileSync(file, `export class Sessions {\n${members.join('\n')}\n}\n`);
  return callableMethods(file)?.map(({ name }) => name);
}

test('a method is found with any of TypeScript’s modifiers', () => {
  const members = [
    'static async Open() {}',
    '  public static async Read(sid: string) {}',
    '  public static readonly Write = async () => true;',
    '  static Destroy: (sid: string) => Promise<boolean> = async () => true;',
  ];
  assert.deepEqual(namesIn(...members), ['Open', 'Read', 'Write', 'Destroy']);
  assert.equal(findMethod(file, 'Read')?.line, 3);
});

test('a class that serves requests has no methods to call by hand', () => {
  assert.equal(namesIn('static initCallbacks() {}'), undefined);
  assert.equal(namesIn('public static initCallbacks() {}'), undefined);
  assert.equal(namesIn('public async read(id: string) {}'), undefined);
});

test('a private method is no callback', () => {
  assert.deepEqual(namesIn('private static Open() {}', '// static Read() {}'), []);
});
