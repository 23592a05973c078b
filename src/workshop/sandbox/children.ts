/** The children of this process: none of them outlives it where that can be helped. */
import type { ChildProcess } from 'node:child_process';

const brood = new Set<ChildProcess>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Ends a child with this process, whether that exits or is asked to end by a signal.
 *
 * @param child - The child, just started.
 */
export function keepTrackOf(child: ChildProcess): void {
  if (brood.size === 0) {
    process.on('exit', endAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  brood.add(child);
  child.once('exit', () => {
    brood.delete(child);
    if (brood.size > 0) return;
    process.off('exit', endAll);
    for (const signal of signals) process.off(signal, onSignal);
  });
}

/** A class in an endless loop hears no gentler signal than this one. */
function endAll(): void {
  for (const child of brood) child.kill('SIGKILL');
}

function onSignal(signal: NodeJS.Signals): void {
  endAll();
  for (const each of signals) process.off(each, onSignal);
  // Where nobody else has an answer to it, the signal has the effect it would have had.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
