/** Counts the promises that a process holds after some work: those that a class never releases. */
import { createHook } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Node reports a collected object a turn later, and reporting it may free the next one. */
const collections = 3;

let collect: (() => void) | undefined;

/**
 * Calls, and counts the promises made meanwhile that still exist after a garbage collection.
 *
 * Node's own count, `queryObjects` of node:v8, walks the heap several times and takes a second of
 * CPU in a process that has run other tests; this count costs one collection.
 */
export async function keptPromises(call: () => Promise<unknown>): Promise<number> {
  const kept = new Set<number>();
  let isOver = false;
  const hook = createHook({
    init(id, type) {
      if (type === 'PROMISE' && !isOver) kept.add(id);
    },
    destroy: (id) => kept.delete(id),
  });
  hook.enable();
  try {
    await call();
    isOver = true;
    for (let done = 0; done < collections; done += 1) {
      garbageCollection()();
      await setImmediate();
    }
    return kept.size;
  } finally {
    hook.disable();
  }
}

/** Node offers gc() under a flag that may be set at run time, to contexts made after that. */
function garbageCollection(): () => void {
  if (collect) return collect;
  setFlagsFromString('--expose-gc');
  collect = runInNewContext('gc') as () => void;
  return collect;
}
