/** Loads the class under test. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SessionsExport } from './contract.ts';

let copies = 0;

/**
 * Makes the address of another copy of a class, which shares no static field with the others. The
 * process's first copy has the address by which every file imports the class.
 */
export function nextCopy(file: string): string {
  const url = pathToFileURL(file);
  if (copies > 0) url.search = `bench=${copies}`;
  copies += 1;
  return url.href;
}

/** Loads the export `Sessions` of one of the copies. */
export async function loadClass(url: string): Promise<SessionsExport> {
  const module = (await import(url)) as { Sessions?: SessionsExport };
  if (module.Sessions === undefined) {
    const file = fileURLToPath(url);
    throw new TypeError(`${file} must export a class named Sessions: export class Sessions { … }`);
  }
  return module.Sessions;
}
