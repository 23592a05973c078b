/** The child processes of this process: none outlives it, however it ends. */
import type { ChildProcess } from 'node:child_process';
import { cleanUpBeforeSignals } from '../machine/signals.ts';

const children = new Set<ChildProcess>();
let release = (): void => {};

/** Kills a child when this process exits or is ended by a signal. */
export function keepTrackOf(child: ChildProcess): void {
  if (children.size === 0) {
    process.on('exit', killAll);
    release = cleanUpBeforeSignals(killAll);
  }
  children.add(child);
  child.once('exit', () => {
    children.delete(child);
    if (children.size > 0) return;
    process.off('exit', killAll);
    release();
  });
}

/** A class in an endless loop handles no other signal. */
function killAll(): void {
  for (const child of children) child.kill('SIGKILL');
}
