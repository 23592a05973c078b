/** Finds the work that a callback does not wait for: a missing `await`. */
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { Connection } from 'mysql2';
import type { Wire } from '../wire/proxy.ts';
import { everythingArrived } from './database.ts';
import { followDeadlines } from './deadlines.ts';

/** More statements than any callback sends at once: a gate of this size never fills. */
const many = 1000;

/** Turns of the event loop in which a class continues, unless it waits for an answer. */
const turns = 10;

const anHour = 3_600_000;

/** The timer of the driver's pool that removes idle connections, in a call's stack. */
const ofIdlePool = /_onTimeout .*mysql2.lib.base.pool\./;

/**
 * Calls while each answer of the database, and each end of a connection, is held back until the
 * call has had time to continue without it. The first time, the limits that the class has set to its
 * waiting pass meanwhile: a callback may fail at one, and may not succeed.
 *
 * @param file - Absolute path of the class.
 * @param call - One callback of the class.
 * @returns The statements that were still at work when the call's promise had settled, and `end()`
 *   or `destroy()` for a connection that was still closing; empty when the call waited for everything.
 * @throws The call's error, after everything has been answered, unless a limit caused it.
 */
export async function unawaited(
  wire: Wire,
  file: string,
  call: () => Promise<unknown>,
): Promise<string[]> {
  const goodbyes = holdGoodbyes();
  const deadlines = followDeadlines(file);
  const early = new Set<string>();
  let [isOver, hasPassed] = [false, false];
  const end = (): void => {
    isOver = true;
  };
  let gate = wire.gate(many, /^/, { opens: 'by hand', holds: 'answer', patience: anHour });
  const held = (): string[] => [...gate.statements.map(({ sql }) => sql), ...goodbyes.held()];
  try {
    const result = call();
    result.then(end, end);
    while (await somethingIsHeld(wire, held, () => isOver)) {
      await proceed();
      if (!isOver && !hasPassed && deadlines.pass()) {
        hasPassed = true;
        await proceed();
        if (isOver && (await hasFailed(result))) return [];
      }
      if (isOver) for (const each of held()) early.add(each);
      const full = gate;
      // The next gate is made before the full one opens: no statement passes between them.
      gate = wire.gate(many, /^/, { opens: 'by hand', holds: 'answer', patience: anHour });
      full.open();
      goodbyes.release();
    }
    await result;
    return [...early];
  } finally {
    gate.open();
    goodbyes.restore();
    deadlines.restore();
  }
}

/** Gives the class time to continue without the answers that are held back. */
async function proceed(): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}

async function hasFailed(result: Promise<unknown>): Promise<boolean> {
  return await result.then(
    () => false,
    () => true,
  );
}

/** Waits for something to hold; false when the call is over and the wire stays idle. */
async function somethingIsHeld(
  wire: Wire,
  held: () => string[],
  isOver: () => boolean,
): Promise<boolean> {
  let idle = 0;
  while (idle < turns) {
    if (held().length > 0) return true;
    await delay(1);
    if (isOver()) await everythingArrived(wire);
    idle = isOver() && wire.idle() ? idle + 1 : 0;
  }
  return false;
}

interface Goodbyes {
  held(): string[];
  release(): void;
  restore(): void;
}

/**
 * Makes the driver take its time to end a connection. Without this it ends at once. `destroy()`
 * returns nothing to wait for, so it counts as under way like the rest.
 */
function holdGoodbyes(): Goodbyes {
  const { end } = Connection.prototype;
  // The connections of promises call the method of the class beneath.
  const base = Object.getPrototypeOf(Connection.prototype) as Connection;
  const { destroy } = base;
  const waiting: { call: string; proceed(): void }[] = [];
  Connection.prototype.end = function (this: Connection, callback?: (...values: never[]) => void) {
    return end.call(this, () => {
      waiting.push({ call: 'end()', proceed: () => callback?.() });
    });
  } as typeof end;
  base.destroy = function (this: Connection) {
    if (!ofIdlePool.test(String(new Error().stack))) {
      waiting.push({ call: 'destroy()', proceed: () => {} });
    }
    destroy.call(this);
  };
  const release = (): void => {
    for (const { proceed } of waiting.splice(0)) proceed();
  };
  return {
    held: () => waiting.map(({ call }) => call),
    release,
    restore: () => {
      Connection.prototype.end = end;
      base.destroy = destroy;
      release();
    },
  };
}
