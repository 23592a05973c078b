/**
 * A reporter for `node --test`: each failed test with its file and error, at once, so that a run
 * that is killed leaves them; then the output of the files with a failed test.
 *
 * Plain JavaScript: Node 20 loads a reporter before it registers tsx.
 */
import { relative } from 'node:path';
import { inspect, stripVTControlCharacters } from 'node:util';

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} source */
export default async function* failures(source) {
  const failed = new Set();
  const output = new Map();
  for await (const { type, data } of source) {
    const { file = '' } = data;
    if (type === 'test:stdout' || type === 'test:stderr') {
      output.set(file, (output.get(file) ?? '') + data.message);
    }
    // A file, or a test with subtests, fails because of a test that is listed itself.
    if (type !== 'test:fail' || data.details.error.failureType === 'subtestsFailed') continue;
    failed.add(file);
    const { error } = data.details;
    const path = relative(process.cwd(), file);
    yield `✘ ${data.name}\n  in ${path}; again: npm test -- ${path} --times 20\n\n`;
    yield indent(inspect(error.cause instanceof Error ? error.cause : error, { depth: 5 }));
  }
  for (const file of failed) {
    const said = stripVTControlCharacters(output.get(file) ?? '').trimEnd();
    if (said !== '') yield `output of ${relative(process.cwd(), file)}\n\n${indent(said)}`;
  }
}

function indent(text) {
  return `${text.replace(/^/gm, '    ')}\n\n`;
}
