/** The work of each request, put together from the messages of the traced processes. */
import type { Message, RequestMessage, SqlMessage } from '../sandbox/messages.ts';
import { releasesLock, statementsOf } from './held-locks.ts';
import type { RequestEntry, Sender, Statement } from './request-entry.ts';

/** One process among those whose requests share a timeline. */
export interface Origin {
  pid: number;
  sender(remotePort: number): Sender;
}

const KEPT = 24;
/** A class whose retries never end sends hundreds a second, and each open page is sent them all. */
export const KEPT_STATEMENTS = 200;

/** The last requests of one class, oldest first. */
export class Timeline {
  readonly entries: RequestEntry[] = [];
  #count = 0;
  readonly #open = new Map<string, RequestEntry>();

  /** Adds one message, and returns the request that it ended, if any. */
  take(origin: Origin, message: Message): RequestEntry | undefined {
    const key = `${origin.pid}:${message.request}`;
    if (message.type === 'request') {
      this.#begin(key, origin, message);
      return undefined;
    }
    const entry = this.#open.get(key);
    if (!entry) return undefined;
    switch (message.type) {
      case 'callback':
        entry.steps.push({
          ...message,
          end: undefined,
          answer: undefined,
          error: undefined,
          place: undefined,
          statements: [],
        });
        return undefined;
      case 'callback-end': {
        const step = entry.steps.find((each) => each.step === message.step);
        const { at: end, answer, error, place } = message;
        if (step) Object.assign(step, { end, answer, error, place });
        return undefined;
      }
      case 'sql':
        addStatement(entry, message);
        return undefined;
      case 'sql-end': {
        const statement = findStatement(entry, message.statement);
        const { at: end, outcome, failed, got } = message;
        if (statement) Object.assign(statement, { end, outcome, failed, got });
        return undefined;
      }
      case 'response':
        this.#open.delete(key);
        entry.end = message.at;
        entry.status = message.status;
        return entry;
    }
  }

  /** Closes the open requests of a process that has died. */
  abandon(pid: number): void {
    for (const [key, entry] of this.#open) {
      if (entry.pid !== pid) continue;
      entry.end = Date.now();
      this.#open.delete(key);
    }
  }

  /** Deletes all requests; the next one is number 1 again. */
  clear(): void {
    this.#count = 0;
    this.entries.length = 0;
    this.#open.clear();
  }

  #begin(key: string, origin: Origin, message: RequestMessage): void {
    this.#count += 1;
    const entry: RequestEntry = {
      number: this.#count,
      sender: origin.sender(message.remotePort),
      pid: origin.pid,
      method: message.method,
      url: message.url,
      at: message.at,
      end: undefined,
      status: undefined,
      steps: [],
      statements: [],
      further: 0,
    };
    this.#open.set(key, entry);
    this.entries.push(entry);
    if (this.entries.length > KEPT) this.entries.shift();
  }
}

/** Groups requests that overlap in time, so that their lanes share one axis. */
export function groupByOverlap(entries: RequestEntry[]): RequestEntry[][] {
  const groups: RequestEntry[][] = [];
  let latest = Number.NEGATIVE_INFINITY;
  for (const entry of [...entries].sort((one, other) => one.at - other.at)) {
    const group = groups.at(-1);
    if (group && entry.at < latest) group.push(entry);
    else groups.push([entry]);
    latest = Math.max(latest, entry.end ?? Number.POSITIVE_INFINITY);
  }
  return groups;
}

function addStatement(entry: RequestEntry, message: SqlMessage): void {
  // Without the statement that releases it, a lock would look held.
  if (statementsOf(entry).length >= KEPT_STATEMENTS && !releasesLock(entry, message.lock)) {
    entry.further += 1;
    return;
  }
  const owner = entry.steps.find((each) => each.step === message.step) ?? entry;
  const open = { end: undefined, outcome: undefined, failed: false, got: undefined };
  owner.statements.push({ ...message, ...open });
}

function findStatement(entry: RequestEntry, wanted: number): Statement | undefined {
  return statementsOf(entry).find((each) => each.statement === wanted);
}
