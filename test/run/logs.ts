/** The logs of a run: one folder for each run, and the last runs are kept. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../../src/workshop/course/catalogue.ts';

const LOGS = '.test-logs';
const KEPT = 20;

/** Lines of a reason: as many as a CI service shows of the end of a long output. */
const REASON = 50;

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
   * Names the file with the failed tests of a run of test files.
   *
   * @param name - The run's name.
   */
  failures(name: string): string {
    return this.path(`${name}-failures.txt`);
  }

  /**
   * Returns why a step or a run of test files failed: the first of its failed tests, else the end
   * of what it printed.
   *
   * @param name - Its name.
   */
  reason(name: string): string {
    const failed = this.#read(this.failures(name)).slice(0, REASON);
    const said = failed.length > 0 ? failed : this.#read(this.path(`${name}.log`)).slice(-REASON);
    return said.join('\n');
  }

  #read(path: string): string[] {
    const file = join(root, path);
    const text = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : '';
    return text === '' ? [] : text.split('\n');
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
