/** A wait that a busy machine does not cut short: it ends once nothing has happened for a time. */

/** Looks at the progress in the time of one silence. */
const looks = 10;

/** Work without a pause is taken for silence after this many times the milliseconds. */
const patience = 3;

/** A process that only waits uses less than this share of a processor. */
const idleShare = 0.05;

/** How a wait for silence has ended. */
export interface Silence {
  /** False when there was work to the end, and the patience was over. */
  isQuiet: boolean;
  /** Milliseconds that the wait took. */
  milliseconds: number;
}

/**
 * Calls back after a silence: that long, this process has not computed, and there was no progress.
 *
 * @param milliseconds - Length of the silence.
 * @param progress - A number that grows with every event that shows work.
 * @param then - Called once, unless the wait is stopped before.
 * @param onWork - Called at each look that has found work.
 * @returns Stops the wait.
 */
export function afterSilence(
  milliseconds: number,
  progress: () => number,
  then: (silence: Silence) => void,
  onWork: () => void = () => {},
): () => void {
  const turn = milliseconds / looks;
  let [turns, quiet, seen] = [0, 0, progress()];
  let [cpu, last] = [process.cpuUsage(), performance.now()];
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpu);
    const isComputing = (user + system) / 1000 > turn * idleShare;
    // The machine, or an earlier task of this process, has kept this timer waiting.
    const isLate = performance.now() - last > turn * 1.5;
    const isQuiet = progress() === seen && !isComputing && !isLate;
    [cpu, last, seen] = [process.cpuUsage(), performance.now(), progress()];
    turns += 1;
    quiet = isQuiet ? quiet + 1 : 0;
    if (quiet === 0) onWork();
    if (quiet < looks && turns < looks * patience) return;
    clearInterval(timer);
    then({ isQuiet: quiet >= looks, milliseconds: turn * turns });
  }, turn).unref();
  return () => clearInterval(timer);
}
