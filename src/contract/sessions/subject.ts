/** A store of sessions on which the contract is run, and the way in which its cases read and write. */
import assert from 'node:assert/strict';
import type { OpenSession, Sessions } from '../../store/index.ts';
import { part } from '../case.ts';

/** A store of sessions, as one process or several have it. */
export interface SessionsSubject {
  /** Opens the store once more, on the same tables: another process, as the database sees it. */
  open(): Sessions;
  /** Opens a store whose database cannot be reached. */
  readonly unreachable?: (() => Sessions) | undefined;
}

/** Data as bytes, in a format that every store reads. */
export function bytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A new session, closed; returns its id. */
export async function add(sessions: Sessions, value: object, user?: string): Promise<string> {
  const id = sessions.newId();
  await (await sessions.create(id, bytes(value), { user })).close();
  return id;
}

/** The stored value; undefined for a session that is not there. */
export async function stored(sessions: Sessions, id: string): Promise<unknown> {
  const session = await sessions.open(id, { mode: 'read' });
  const value = session && (JSON.parse(session.data.toString()) as { v?: unknown; data?: unknown });
  // A save of bytes keeps them, a save of values writes the envelope of the format `json`.
  return value?.v === 2 && value.data !== undefined ? value.data : value;
}

/** An open session. */
export async function find(sessions: Sessions, id: string): Promise<OpenSession> {
  const session = await sessions.open(id);
  assert.ok(session, 'the session is not found');
  return session;
}

/** Whether two requests can have one session open at once. */
export function requireOverlap({ strategy }: Sessions): void {
  part(strategy === 'merge' ? strategy : undefined, 'its requests wait for each other');
}

/** Whether a request waits for another one of its session. */
export function requireWaiting({ strategy }: Sessions): void {
  part(strategy === 'merge' ? undefined : strategy, 'its requests do not wait for each other');
}
