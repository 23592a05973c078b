/** Loads the class under test. */
import { pathToFileURL } from 'node:url';
import type { SessionsExport } from './contract.ts';

/**
 * Loads the class.
 *
 * @param copy - 0 for the class as every file imports it; another number for a separate class,
 *   which shares no static field with the others.
 * @returns What it exports as `Sessions`.
 * @throws TypeError when it exports no such thing, and whatever the file itself throws.
 */
export async function loadClass(file: string, copy: number): Promise<SessionsExport> {
  const url = pathToFileURL(file);
  if (copy > 0) url.search = `bench=${copy}`;
  const module = (await import(url.href)) as { Sessions?: SessionsExport };
  if (module.Sessions === undefined) {
    throw new TypeError(`${file} must export a class named Sessions: export class Sessions { … }`);
  }
  return module.Sessions;
}
