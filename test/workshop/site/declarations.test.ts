import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredNames, readDeclaration } from '../../../src/workshop/site/declarations.ts';

const source = `/** Seconds. */
const time = (): number => Math.floor(Date.now() / 1000);

/** A row. */
const rowKey = (sid: string): Buffer =>
  createHash('sha256').update(sid).digest();

export class Sessions {
  /**
   * Reads.
   *
   * @returns The data.
   */
  static async Read(
    sid: string,
    held?: Held,
  ): Promise<string> {
    const time = 1;
    return \`\${sid}\${time}\`;
  }

  /** Takes what it needs. */
  constructor(name: string) {
    if (name === '') {
      throw new RangeError('a name');
    }
    this.#name = name;
  }

  /** Waits. */
  static async #lock(name: string): Promise<void> {
    await ask(name, () => {
      forget(name);
    });
  }
}
`;

test('a declaration comes with its comment, at the margin', () => {
  assert.equal(
    readDeclaration(source, 'lock'),
    '/** Waits. */\nstatic async #lock(name: string): Promise<void> {\n' +
      '  await ask(name, () => {\n    forget(name);\n  });\n}',
  );
});

test('of two declarations the last one is read, which is the class’s own', () => {
  const helper = 'function change() {\n  const update = () => {\n    work();\n  };\n}\n';
  const method = 'class Sessions {\n  update() {\n    save();\n  }\n}\n';
  assert.equal(readDeclaration(helper + method, 'update'), 'update() {\n  save();\n}');
});

test('a method needs no word before its name', () => {
  const text = readDeclaration(source, 'constructor') ?? '';
  assert.match(text, /^\/\*\* Takes what it needs\. \*\/\nconstructor\(/);
  assert.match(text, /\n {2}this\.#name = name;\n\}$/);
});

test('a signature over several lines does not end the declaration', () => {
  const text = readDeclaration(source, 'Read') ?? '';
  assert.match(text, /^\/\*\*\n \* Reads\./);
  assert.match(text, /\n\): Promise<string> \{\n/);
  assert.match(text, /\$\{time\}`;\n\}$/);
});

test('a declaration without a body ends with its semicolon', () => {
  assert.equal(readDeclaration(source, 'time')?.split('\n').length, 2);
  assert.match(readDeclaration(source, 'rowKey') ?? '', /digest\(\);$/);
});

test('a name within a body is not a declaration of the file', () => {
  assert.deepEqual(declaredNames(source), [
    'time',
    'rowKey',
    'Sessions',
    'Read',
    'constructor',
    'lock',
  ]);
  assert.equal(readDeclaration(source, 'sid'), undefined);
});

test('a class of PHP has its bracket on the next line', () => {
  const php = '<?php\n/** Seals. */\nfinal class Seal\n{\n    const TTL = 1;\n}\n\nclass B {\n}\n';
  const seal = '/** Seals. */\nfinal class Seal\n{\n    const TTL = 1;\n}';
  assert.equal(readDeclaration(php, 'Seal'), seal);
});
