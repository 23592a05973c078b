/**
 * The child that runs attacks: each gets a bench for its class, and its words are reported. They share
 * a process because starting Node costs more than most attacks do.
 */
import { pathToFileURL } from 'node:url';
import { watchForCrashes } from '../sandbox/crash.ts';
import { describeFailure, describeLoading } from '../sandbox/failure.ts';
import type { Suspect } from '../sandbox/location.ts';
import { NotPorted } from '../sandbox/not-ported.ts';
import { type AssembledBench, assembleBench, releaseServer } from './assemble.ts';
import type { Attack } from './attack.ts';
import { report } from './report.ts';
import { findSubject, laterTables, type Subject } from './subject.ts';

/** An attack, as JSON in an argument. */
export interface AttackProgramFile {
  /** Absolute path of the attack. */
  path: string;
  /** Absolute path of the class; without it `#sessions` is the class. */
  classFile?: string | undefined;
}

const suspect: Suspect = { file: '' };
const watch = watchForCrashes(
  () => suspect,
  (failure) => report({ kind: 'broken', failure }),
);

for (const text of process.argv.slice(2)) {
  const { path, classFile } = JSON.parse(text) as AttackProgramFile;
  report({ kind: 'file', file: path });
  let assembled: AssembledBench | undefined;
  try {
    const attack = await loadAttack(path);
    assembled = await openBenchFor(path, classFile);
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

async function openBenchFor(
  path: string,
  classFile: string | undefined,
): Promise<AssembledBench | undefined> {
  const subject = findSubject(path, classFile);
  suspect.file = subject.file;
  try {
    const later = laterTables(path);
    if (later.length > 0 && !(await worksOn(subject))) {
      for (const { lesson, sql } of later) {
        const newer = { ...subject, schemaSql: sql };
        if (!(await worksOn(newer))) continue;
        const text = `the class needs a later lesson’s table; this attack runs on that of lesson ${lesson}`;
        report({ kind: 'line', text });
        return await assembleBench(newer);
      }
    }
    return await assembleBench(subject);
  } catch (error) {
    report({ kind: 'broken', failure: describeLoading(error, suspect) });
    return undefined;
  }
}

/** True when the class can save a session in this table and read it, as far as it is ported. */
async function worksOn(subject: Subject): Promise<boolean> {
  const { bench, end } = await assembleBench(subject);
  const { handler, newId } = bench;
  try {
    await handler.open('', 'MySession');
    const id = await newId();
    await handler.write(id, 'count|i:1;');
    return (await handler.read(id)) === 'count|i:1;';
  } catch (error) {
    return error instanceof NotPorted;
  } finally {
    await end();
  }
}
