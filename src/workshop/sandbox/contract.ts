/**
 * The shapes that a lesson's class may have.
 *
 * `#sessions` resolves to this file for the type checker only: at run time a condition of
 * package.json's `imports` chooses a lesson's class (`node -C lesson-03`), the learner's own
 * (`-C mine`) or a wrong fix (`-C wrong-02-null`).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Pool } from 'mysql2/promise';
import type { SessionHandlerInterface } from '../../php/index.ts';
import type { SessionFormat } from '../../serialize/index.ts';

/** A callback's return value, or a promise of it; PHP's rules decide its meaning. */
export type Answer<Value> = Value | Promise<Value>;

/**
 * The article's static class. Every member is optional because the first lessons have not
 * ported all of them yet.
 */
export interface StaticSessions {
  Db?: unknown;
  SessionName?: string;
  Open?(path: string, session_name: string): Answer<boolean>;
  Close?(): Answer<boolean>;
  Read?(sid: string): Answer<string | Uint8Array | false>;
  Write?(sid: string, data: string): Answer<boolean>;
  Destroy?(sid: string): Answer<boolean>;
  garbageCollect?(max_life: number): Answer<number | boolean>;
  createId?(): Answer<string>;
  validateId?(sid: string): Answer<boolean>;
  /** True when a request may change anything; without this method every request may. */
  Allows?(request: { method?: string | undefined; headers: IncomingHttpHeaders }): boolean;
  /** Signs a user in, within a page; a class without it leaves that to the page. */
  Login?(user: string): Answer<void>;
  initCallbacks?(): Answer<boolean>;
}

/** The parts that a handler object is given; those that are left out are the process's own. */
export interface Means {
  pool?: Pool;
  now?: () => number;
  /** The clock that dates a save. */
  clock?: 'server' | 'database';
  random?: (size: number) => Buffer;
  /** PHP's `session.gc_maxlifetime`, in place of php.ini's. */
  maxLife?: number;
  /** Receives a line at each `destroy`: the exercise of the lesson that has made the object. */
  audit?: (line: string) => void;
  /** A client of memcached, which the store and the lessons have from `#memcached`. */
  cache?: object;
  /** True for a request that saves nothing, and so needs no lock. */
  readOnly?: boolean;
  /** Connections to the other nodes of the same cluster. */
  reserve?: readonly Pool[];
  /** PHP's `session.serialize_handler`. */
  format?: SessionFormat;
  /** The format of a save: PHP's own bytes, or JSON. */
  writes?: 'php' | 'json';
}

/** The time that a census is taken for, else the database's; and PHP's `session.gc_maxlifetime`. */
interface CensusTime {
  now?: number | undefined;
  maxLife?: number | undefined;
}

/** The class of a later lesson: an object for each request, whose methods have PHP's names. */
export interface SessionsConstructor
  extends Pick<StaticSessions, 'SessionName' | 'Allows' | 'Login'> {
  new (means?: Means): SessionHandlerInterface;
  initCallbacks?(means?: Means): Answer<boolean>;
  /** Counts the sessions over connections that can read the view `crawlable` and nothing else. */
  census?(reader: Pool, at?: CensusTime): Promise<string>;
}

/** The export `Sessions` of `#sessions`, in any lesson. */
export type SessionsExport = StaticSessions | SessionsConstructor;

export declare const Sessions: SessionsExport;
