/** The lessons' classes for tests that put something against many of them. */

import { after, test } from 'node:test';
import {
  type AssembledBench,
  assembleBench,
  releaseServer,
} from '../../src/workshop/bench/assemble.ts';
import type { Bench } from '../../src/workshop/bench/bench.ts';
import type { Server } from '../../src/workshop/bench/serve.ts';
import { findLesson, type Lesson, readLessons } from '../../src/workshop/course/catalogue.ts';
import { schemaFor } from '../../src/workshop/course/tables.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/machine/database/server.ts';
import type { PageResponse } from '../../src/workshop/sandbox/browser.ts';

/** Starts a server of the file's own, which its tests may kill or set up; it ends with the file. */
export async function ownServer(): Promise<DatabaseServer> {
  delete process.env['WORKSHOP_DATABASE'];
  const server = await obtainServer();
  process.env['WORKSHOP_DATABASE'] = server.url;
  after(async () => {
    await releaseServer();
    await server.close();
  });
  return server;
}

/** Every lesson, in order. */
export const lessons: readonly Lesson[] = readLessons();

/** The classes that keep a promise: that of the lesson which makes it, and every later one. */
export function classesFrom(number: number): readonly Lesson[] {
  return lessons.filter((lesson) => lesson.number >= number);
}

/** The statements that make a lesson's table. */
export const tableOf = (number: number): string => schemaFor([...lessons], number);

/**
 * Opens a lesson's class on a separate database while `body` runs.
 *
 * @param number - The lesson.
 * @param body - The test's work with it.
 * @param schemaSql - The table, where it is not the lesson's own.
 */
export async function withClass(
  number: number,
  body: (bench: Bench) => Promise<void>,
  schemaSql: string = tableOf(number),
): Promise<void> {
  const { class: file } = findLesson([...lessons], number).files;
  let assembled: AssembledBench | undefined;
  try {
    assembled = await assembleBench({ file, schemaSql });
    await assembled.bench.handler.open('', 'MySession');
    await body(assembled.bench);
  } catch (error) {
    throw new Error(`the class of lesson ${number}: ${(error as Error).message}`, { cause: error });
  } finally {
    await assembled?.end();
  }
}

/**
 * Puts one attack against every class that promises to hold it, as one test.
 *
 * @param from - The lesson that makes the promise.
 * @param promise - The promise, as the test's name.
 * @param body - The attack, on a page that the class serves; the lesson's number comes last.
 */
export function attack(
  from: number,
  promise: string,
  body: (bench: Bench, page: Server, number: number) => Promise<void>,
): void {
  test(promise, async () => {
    for (const { number } of classesFrom(from)) {
      await withClass(number, async (bench) => body(bench, await bench.serve(), number));
    }
  });
}

/** Asks the page who is signed in. */
export const whoami = (page: Server, cookie: string): Promise<PageResponse> =>
  page.request({ path: '/whoami', cookie });

/** The page's response to a visitor who has not signed in. */
export const nobody: RegExp = /Nobody is signed in/;

export const nameIn = (cookie: string): string => cookie.split('=')[0] ?? '';
export const valueIn = (cookie: string): string => cookie.split('=')[1] ?? '';
export const idIn = (cookie: string): string => decodeURIComponent(valueIn(cookie));
