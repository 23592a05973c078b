/** Runs files of tests or of attacks in child processes, and continues after a file that crashed. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { DatabaseServer } from '../machine/database/server.ts';
import { offerCluster } from '../machine/galera/host.ts';
import { runChild } from '../sandbox/child.ts';
import { describeEnd } from '../sandbox/failure.ts';
import { findMethod, type Suspect } from '../sandbox/location.ts';
import type { Failure } from '../sandbox/report.ts';
import type { BenchReport } from './report.ts';

/** The folder in which files run, and their class. */
export interface Surroundings {
  /** Chooses the class: `lesson-03`, `mine`, `wrong-02-null`. */
  condition: string;
  /** The lesson whose table the class works on; by default the class's lesson. */
  lessonNumber?: number | undefined;
  /** The server, or its URL. */
  server: DatabaseServer | string;
  signal?: AbortSignal | undefined;
  /** Replays the random numbers of an earlier run. */
  seed?: string | undefined;
}

export interface FilesRun extends Omit<Surroundings, 'condition'> {
  /** Chooses the class, where the files do not. */
  condition?: string | undefined;
  /** Absolute path of the program that takes the files as arguments. */
  program: string;
  nodeOptions?: readonly string[];
  /** The program's arguments, one for each file. */
  files: readonly string[];
  /** Added to the environment. */
  environment?: Record<string, string>;
  directory: string | undefined;
  /** Seconds without a report after which the process is killed. */
  silence: number;
  /** Receives the class's output. */
  onOutput?: ((text: string) => void) | undefined;
  /** Begins the record of a file, by its index in `files`; a file may run again. */
  record(index: number): FileRecord;
}

/** Makes results of one file's reports. */
export interface FileRecord {
  take(report: BenchReport): void;
  /** Ends the record; `lost` if the process ended within this file. */
  close(lost?: Failure): void;
}

/**
 * Runs files one after the other in one process. When the process dies, the file that it was at
 * gets the failure and the others run in another process.
 *
 * @returns When every record is closed; after an abort, the open one and later ones are not.
 * @throws Error when the database has gone meanwhile.
 */
export async function runFiles(run: FilesRun): Promise<void> {
  const { files, seed, lessonNumber, silence } = run;
  const url = typeof run.server === 'string' ? run.server : run.server.url;
  let done = 0;
  while (done < files.length) {
    let record = run.record(done);
    let called: Suspect | undefined;
    let isSpent = false;
    const end = await runChild<BenchReport>({
      ...run,
      values: files.slice(done),
      environment: {
        ...run.environment,
        WORKSHOP_DATABASE: url,
        WORKSHOP_CLUSTER: await offerCluster(),
        ...(lessonNumber === undefined ? {} : { WORKSHOP_LESSON: String(lessonNumber) }),
        ...(seed === undefined ? {} : { SEED: seed }),
      },
      // Until its first test begins, a file's bench waits for a database, and its class for a compiler.
      isLoading: ({ kind }) => kind === 'file' || kind === 'file over',
      onReport(report) {
        if (report.kind === 'spent') {
          isSpent = true;
          done -= report.again;
          return;
        }
        if (report.kind === 'called') called = report;
        else if (report.kind === 'begun' || report.kind === 'file') called = undefined;
        if (report.kind !== 'file over') {
          record.take(report);
          return;
        }
        record.close();
        done += 1;
        if (done < files.length) record = run.record(done);
      },
    });
    if (end.aborted) return;
    await requireDatabase(url);
    if (done === files.length) return;
    if (isSpent) continue;
    record.close(end.silent ? describeSilence(silence, called) : describeEnd(end, called));
    done += 1;
  }
}

/** A class is not to blame for a database that has gone, as one borrowed from a lab that has ended. */
async function requireDatabase(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return;
    throw new Error(
      `The database at ${hostname}:${port} has gone, so these results say nothing about the class: ` +
        'repeat the run',
      { cause: error },
    );
  } finally {
    socket.destroy();
  }
}

function describeSilence(seconds: number, called: Suspect | undefined): Failure {
  const since = called ? ` since ${called.method} was called` : '';
  return {
    reason: 'timeout',
    message: `no report for ${seconds} seconds${since}: an endless loop keeps everything else waiting`,
    location: called && findMethod(called.file, called.method ?? ''),
  };
}
