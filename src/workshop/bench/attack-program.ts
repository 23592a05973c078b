/** The child that runs attacks: each gets a bench for the class, and its words are reported. */
import { pathToFileURL } from 'node:url';
import { watchForCrashes } from '../sandbox/crash.ts';
import { describeFailure, describeLoading } from '../sandbox/failure.ts';
import type { Suspect } from '../sandbox/location.ts';
import { type AssembledBench, assembleBench, releaseServer } from './assemble.ts';
import type { Attack } from './attack.ts';
import { report } from './report.ts';
import { findSubject } from './subject.ts';

const suspect: Suspect = { file: '' };
const watch = watchForCrashes(
  () => suspect,
  (failure) => report({ kind: 'broken', failure }),
);

for (const path of process.argv.slice(2)) {
  report({ kind: 'file', file: path });
  let assembled: AssembledBench | undefined;
  try {
    const attack = await loadAttack(path);
    assembled = await openBenchFor(path);
    if (assembled) {
      const say = (text: string): void => report({ kind: 'line', text });
      report({ kind: 'verdict', ...(await attack({ ...assembled.bench, say })) });
    }
  } catch (error) {
    const method = assembled?.lastCall.method;
    report({ kind: 'broken', failure: describeFailure(error, { ...suspect, method }) });
  }
  await assembled?.end();
  report({ kind: 'file over', file: path });
}
watch.finish();
await releaseServer();
// Nothing that the class keeps running must keep the process from ending.
process.exit(0);

async function loadAttack(path: string): Promise<Attack> {
  const { attack } = (await import(pathToFileURL(path).href)) as { attack?: Attack };
  if (typeof attack === 'function') return attack;
  throw new TypeError(`${path} must export const attack: Attack = async (bench) => { … }`);
}

async function openBenchFor(path: string): Promise<AssembledBench | undefined> {
  const subject = findSubject(path);
  suspect.file = subject.file;
  try {
    return await assembleBench(subject);
  } catch (error) {
    report({ kind: 'broken', failure: describeLoading(error, suspect) });
    return undefined;
  }
}
