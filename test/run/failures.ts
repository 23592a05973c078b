/**
 * A reporter: each failed test with its file and error, at once, so that a run that is killed
 * leaves them; then the output of the files with a failed test.
 */
import { relative, resolve } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect, stripVTControlCharacters } from 'node:util';

/** Reports the failures among a run's events. */
export async function* failures(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const failed = new Set<string>();
  const output = new Map<string, string>();
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      // Output names its file as the runner was given it, and a failure by its whole path.
      const file = resolve(data.file);
      output.set(file, (output.get(file) ?? '') + data.message);
    }
    if (type !== 'test:fail') continue;
    const { file = '' } = data;
    const error: Error & { failureType?: unknown } = data.details.error;
    // A file, or a test with subtests, fails because of a test that is listed itself.
    if (error.failureType === 'subtestsFailed') continue;
    failed.add(file);
    const path = relative(process.cwd(), file);
    yield `✘ ${data.name}\n  in ${path}; again: npm test -- ${path} --times 20\n\n`;
    yield indent(inspect(error.cause instanceof Error ? error.cause : error, { depth: 5 }));
  }
  for (const file of failed) {
    const said = stripVTControlCharacters(output.get(file) ?? '').trimEnd();
    if (said !== '') yield `output of ${relative(process.cwd(), file)}\n\n${indent(said)}`;
  }
}

function indent(text: string): string {
  return `${text.replace(/^/gm, '    ')}\n\n`;
}
