/** Runs the gauntlet: every attack on every class, in two processes at a time. */
import type { Lesson } from '../course/catalogue.ts';
import { newAttackRun, runLessonAttacks } from './attack-runs.ts';
import {
  type Cell,
  cellKey,
  type Grid,
  lookAtCell,
  readGrid,
  type Seen,
  type Target,
} from './gauntlet-grid.ts';
import type { Lab } from './lab.ts';
import { count } from './text.ts';

/** The topic of the gauntlet's pages. */
export const GAUNTLET = 'gauntlet';

/** As many processes as the matrix uses. */
const PARALLEL = 2;

/** The progress of a run. */
export interface Progress {
  running: boolean;
  /** True from the button until the last process has ended. */
  stopping: boolean;
  done: number;
  total: number;
  /** The description of the cells: `attack 10 on every class`. */
  title: string;
  /** The outcome of the last run, in a sentence or two. */
  summary: string | undefined;
}

/** Attacks on one class, one after the other in one process, as the matrix runs them. */
interface Job {
  subject: Target;
  attacks: Lesson[];
}

export class Gauntlet {
  readonly #lab: Lab;
  readonly #waiting = new Set<string>();
  readonly #queue: Job[] = [];
  #asked: Cell[] = [];
  #working = 0;
  #began = 0;
  #title = '';
  #summary: string | undefined;
  #abort = new AbortController();

  /** @param lab - Has the classes, and keeps the verdicts. */
  constructor(lab: Lab) {
    this.#lab = lab;
    lab.ending.addEventListener('abort', () => this.stop());
  }

  /** Classes and attacks, read from the folders. */
  get grid(): Grid {
    return readGrid(this.#lab);
  }

  get progress(): Progress {
    const running = this.#working > 0;
    return {
      running,
      stopping: running && this.#abort.signal.aborted,
      done: this.#asked.filter((cell) => !this.#isOpen(cellKey(cell))).length,
      total: this.#asked.length,
      title: this.#title,
      summary: this.#summary,
    };
  }

  /** Determines what a cell shows now. */
  look(grid: Grid, cell: Cell): Seen {
    const key = cellKey(cell);
    return lookAtCell(grid, cell, this.#lab.attacks.get(key), this.#waiting.has(key));
  }

  /**
   * Runs attacks that can apply, and returns a sentence about those that were started. Attacks that
   * are queued or running already are left as they are.
   */
  start(cells: Cell[], title: string): string {
    if (this.progress.stopping) return 'The last run is being stopped. Press again in a moment.';
    const { grid } = this;
    const wanted = cells.filter(
      (cell) =>
        !this.#isOpen(cellKey(cell)) && lookAtCell(grid, cell, undefined).state === 'not run',
    );
    if (wanted.length === 0) return `Nothing to run that does not run already: ${title}.`;
    if (this.#working === 0) {
      this.#asked = [];
      this.#began = performance.now();
      this.#abort = new AbortController();
    }
    this.#title = this.#asked.length === 0 ? title : 'all that was asked for';
    this.#summary = undefined;
    this.#asked.push(...wanted);
    for (const cell of wanted) {
      this.#waiting.add(cellKey(cell));
      this.#lab.attacks.delete(cellKey(cell));
    }
    this.#queue.push(...byClass(wanted));
    const idle = Math.min(PARALLEL - this.#working, this.#queue.length);
    for (let worker = 0; worker < idle; worker += 1) void this.#work();
    this.#changed();
    return `${count(wanted.length, 'attack')} started: ${title}.`;
  }

  /** Ends the running attacks and empties the queue; verdicts are kept. */
  stop(): string {
    if (this.#working === 0) return 'Nothing runs.';
    this.#queue.length = 0;
    this.#waiting.clear();
    this.#abort.abort();
    this.#changed();
    return 'The gauntlet is being stopped.';
  }

  async #work(): Promise<void> {
    this.#working += 1;
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) await this.#run(job);
    this.#working -= 1;
    if (this.#working === 0) this.#finish();
  }

  async #run({ subject, attacks }: Job): Promise<void> {
    const { attacks: kept, server } = this.#lab;
    if (!server) return;
    const { signal } = this.#abort;
    const keys = attacks.map((attack) => cellKey({ subject, attack }));
    await runLessonAttacks({
      lessons: attacks,
      subject,
      server,
      signal,
      begin: ({ label }) => {
        const run = newAttackRun(subject);
        const key = `${subject.condition} ${label}`;
        this.#waiting.delete(key);
        kept.set(key, run);
        this.#changed();
        return run;
      },
      onChange: () => this.#lab.emit('change', subject.condition),
    });
    for (const key of keys) {
      this.#waiting.delete(key);
      if (kept.get(key)?.verdict === undefined) kept.delete(key);
    }
    this.#changed();
  }

  #finish(): void {
    const seconds = (performance.now() - this.#began) / 1_000;
    const { grid } = this;
    const seen = this.#asked.map((cell) => ({ cell, ...this.look(grid, cell) }));
    this.#summary = summarize(seen, seconds, this.#abort.signal.aborted);
    this.#changed();
    this.#lab.emit('say', GAUNTLET, this.#summary);
  }

  /** True while an attack is queued or runs, for the gauntlet or for a lesson's page. */
  #isOpen(key: string): boolean {
    return this.#waiting.has(key) || this.#lab.attacks.get(key)?.running === true;
  }

  #changed(): void {
    this.#lab.emit('change', GAUNTLET);
  }
}

/** One job per class, in the order of the rows. */
function byClass(cells: Cell[]): Job[] {
  const jobs = new Map<string, Job>();
  for (const { subject, attack } of cells) {
    const job = jobs.get(subject.condition) ?? { subject, attacks: [] };
    job.attacks.push(attack);
    jobs.set(subject.condition, job);
  }
  return [...jobs.values()];
}

/** Describes the outcome of a run, briefly enough to be read aloud. */
export function summarize(
  seen: readonly (Seen & { cell: Cell })[],
  seconds: number,
  stopped: boolean,
): string {
  const number = (state: Seen['state']) => seen.filter((each) => each.state === state).length;
  const [only] = seen;
  if (only && seen.length === 1 && !stopped) {
    const { attack, subject } = only.cell;
    return `Attack ${attack.label} on ${subject.name}: ${only.state}. ${only.because ?? ''}`;
  }
  const words = [`${number('held')} held`, `${number('breached')} breached`];
  if (number('not applicable') > 0)
    words.push(`${number('not applicable')} do not fit their class`);
  if (number('failed') > 0) words.push(`${number('failed')} could not run`);
  const done = seen.length - number('not run');
  const head = stopped
    ? `Stopped after ${done} of ${seen.length}`
    : `${seen.length} attacks in ${seconds.toFixed(0)} seconds`;
  const [surprise, ...more] = seen.filter((each) => each.surprising);
  const others = more.length > 0 ? ` and ${more.length} more` : '';
  // Nothing is promised of a learner's class.
  const isMine = seen.every(({ cell }) => cell.subject.condition === 'mine');
  const verdict = surprise
    ? ` Not as promised: attack ${surprise.cell.attack.label} on ${surprise.cell.subject.name}${others}.`
    : isMine
      ? ''
      : ' Every verdict is as promised.';
  return `${head}: ${words.join(', ')}.${verdict}`;
}
