/** The child of an attack: opens a bench for the class, runs the attack, reports what it says. */
import { pathToFileURL } from 'node:url';
import { assembleBench, releaseServer } from '../bench/assemble.ts';
import { watchForCrashes } from '../bench/crash.ts';
import { describeFailure, describeLoading, type Suspect } from '../bench/failure.ts';
import { report } from '../bench/report.ts';
import { findSubject } from '../bench/subject.ts';
import type { Attack } from './stage.ts';

const path = process.argv[2] ?? '';
const suspect: Suspect = { file: '' };
const watch = watchForCrashes(() => suspect);

try {
  const subject = findSubject(path);
  suspect.file = subject.file;
  const { attack } = (await import(pathToFileURL(path).href)) as { attack?: Attack };
  if (typeof attack !== 'function') {
    throw new TypeError(`${path} must export async function attack(stage: Stage)`);
  }
  const assembled = await assembleBench(subject).catch((error: unknown) => {
    report({ kind: 'broken', failure: describeLoading(error, suspect) });
    return undefined;
  });
  if (assembled) {
    try {
      const say = (text: string): void => report({ kind: 'line', text });
      report({ kind: 'verdict', ...(await attack({ ...assembled.bench, say })) });
    } finally {
      suspect.method = assembled.lastCall.method;
      await assembled.end();
    }
  }
} catch (error) {
  report({ kind: 'broken', failure: describeFailure(error, suspect) });
}
watch.finish();
await releaseServer();
// Whatever else the class keeps running must not keep the process from ending.
process.exit(0);
