/** The logs of a run: one folder for each run, and the last runs are kept. */
import { appendFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../../src/workshop/course/catalogue.ts';

const LOGS = '.test-logs';
const KEPT = 20;

/** The folder of one run. */
export class Logs {
  /** Relative to the project's folder. */
  readonly folder: string;

  constructor() {
    const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    this.folder = join(LOGS, `${time}-${process.pid}`);
  }

  /** Makes the folder, and removes those of the oldest runs. */
  begin(): void {
    const logs = join(root, LOGS);
    const earlier = mkdirSync(logs, { recursive: true }) ? [] : readdirSync(logs).sort();
    // The names begin with the time, so the oldest runs come first.
    for (const name of earlier.slice(0, Math.max(0, earlier.length - KEPT + 1))) {
      rmSync(join(logs, name), { recursive: true, force: true });
    }
    mkdirSync(join(root, this.folder), { recursive: true });
  }

  /**
   * Names a file of the folder.
   *
   * @param name - Its name.
   */
  path(name: string): string {
    return join(this.folder, name);
  }

  /**
   * Adds to a log at once, so that a run that is killed leaves all it has printed.
   *
   * @param name - The log's name.
   * @param chunk - The output.
   */
  append(name: string, chunk: Buffer): void {
    appendFileSync(join(root, this.path(name)), stripVTControlCharacters(chunk.toString('utf8')));
  }
}
