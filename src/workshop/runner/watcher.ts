/** `npm run lesson` on a terminal: a check at every save, and single keys in between. */
import { findClass, type Lesson, minePath, shown } from '../course/catalogue.ts';
import { beginLesson, hasMine } from '../course/mine.ts';
import { lessonAfter } from '../course/promises.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { showAttack } from './commands/attack.ts';
import { compareWithLesson, describeMembers } from './commands/diff.ts';
import { printHints } from './commands/hint.ts';
import { watchSaves } from './file-watch.ts';
import { failures, isDone, type Proof, prove } from './proof.ts';
import {
  describeDone,
  describeOlder,
  describeRed,
  describeTask,
  describeTypes,
  keys,
} from './screen.ts';
import { listenToKeys, type Terminal } from './terminal.ts';
import { TypeChecker } from './types.ts';

interface WatcherOptions {
  lessons: Lesson[];
  lesson: Lesson;
  server: DatabaseServer;
  terminal: Terminal;
  /** Ends the watcher as Ctrl-C does. */
  signal: AbortSignal;
}

/** Watches the learner's file until they quit. */
export class Watcher {
  readonly #options: WatcherOptions;
  readonly #terminal: Terminal;
  readonly #ended: Promise<number>;
  #end: (code: number) => void = () => {};
  #lesson: Lesson;
  #proof: Proof | undefined;
  /** The running check or attack; only the keys that quit work meanwhile. */
  #running: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();
  readonly #types = new TypeChecker();

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#terminal = options.terminal;
    this.#lesson = options.lesson;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /**
   * Runs until q, Ctrl-C or the signal.
   *
   * @returns The exit code: 0 after q, 130 after Ctrl-C.
   */
  async run(): Promise<number> {
    const { signal } = this.#options;
    const stopWatching = watchSaves(minePath, () => this.#check());
    const stopListening = listenToKeys((key) => this.#press(key));
    const onAbort = (): void => this.#end(130);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else this.#check();
    try {
      return await this.#ended;
    } finally {
      signal.removeEventListener('abort', onAbort);
      stopWatching();
      stopListening();
      this.#running?.abort();
      this.#types.close();
      await this.#work;
    }
  }

  #press(key: string): void {
    if (key === '\u0003') this.#end(130);
    else if (key === 'q' || key === '') this.#end(0);
    else if (this.#running) return;
    else if (key === 'h') this.#hint();
    else if (key === 'd') this.#diff();
    else if (key === 'a') this.#attack();
    else if (key === 'r') this.#check();
    else if (key === 'n') this.#next();
    else if (/\S/.test(key)) this.#prompt(`"${key}" means nothing here.`);
  }

  /** Runs the check, and aborts a running check of an older save. */
  #check(): void {
    this.#begin(async (signal) => {
      const { lessons, server } = this.#options;
      const lesson = this.#lesson;
      const { say, paint } = this.#terminal;
      const clock = new Date().toTimeString().slice(0, 8);
      say(`\n${paint('dim', `── ${clock} · lesson ${lesson.label} · ${shown(minePath)} ──`)}`);
      if (!hasMine()) {
        this.#prompt(`${shown(minePath)} is gone. Save it again, or quit and run npm run reset.`);
        return;
      }
      say(`checking lesson ${lesson.label} …`);
      const proof = await prove({
        lessons,
        lesson,
        condition: 'mine',
        server,
        signal,
        types: this.#types,
        bail: true,
        onCurrent: (soFar, olderFollow) => {
          const own = failures(soFar.current).length > 0;
          for (const line of own ? describeRed(soFar, this.#terminal, true) : []) say(line);
          if (olderFollow) say(paint('dim', 'checking the older lessons …'));
        },
        onOutput: (text) => process.stdout.write(text),
      });
      if (signal.aborted) return;
      this.#proof = proof;
      if (proof.trouble) this.#terminal.complain(proof.trouble);
      this.#conclude(proof);
    });
  }

  /** Prints the part of a proof that is not on the screen yet. */
  #conclude(proof: Proof): void {
    const terminal = this.#terminal;
    if (isDone(proof)) {
      const { lessons } = this.#options;
      this.#prompt(describeDone(proof, lessons, terminal, true).join('\n'));
      return;
    }
    const own = failures(proof.current).length > 0;
    for (const line of own ? [] : describeRed(proof, terminal, true)) terminal.say(line);
    for (const line of describeTypes(proof, terminal, true)) terminal.say(line);
    this.#prompt(own ? describeOlder(proof, terminal) : undefined);
  }

  #hint(): void {
    printHints(this.#lesson, this.#terminal, 'press h again');
    this.#prompt();
  }

  #diff(): void {
    const { lessons } = this.#options;
    try {
      const compared = compareWithLesson(lessons, findClass(lessons, 'mine'), this.#lesson);
      const all = 'npm run diff -- --all';
      for (const line of describeMembers(compared, this.#lesson, this.#terminal, all)) {
        this.#terminal.say(line);
      }
      this.#prompt();
    } catch (error) {
      this.#prompt((error as Error).message);
    }
  }

  #attack(): void {
    const lesson = this.#lesson;
    if (!lesson.files.attack) {
      this.#prompt(`Lesson ${lesson.label} has no attack.`);
      return;
    }
    this.#begin(async (signal) => {
      this.#terminal.say(`attack ${lesson.label} on mine …`);
      const { server } = this.#options;
      const run = { lesson, condition: 'mine', lessonNumber: lesson.number, server, signal };
      await showAttack(run, this.#terminal);
      if (!signal.aborted) this.#prompt();
    });
  }

  #next(): void {
    const next = this.#following();
    if (!next) {
      this.#prompt(`Lesson ${this.#lesson.label} is the last one.`);
      return;
    }
    if (!this.#proof || !isDone(this.#proof)) {
      this.#prompt(
        `Lesson ${this.#lesson.label} is not done yet. To go on from its own class, quit and run ` +
          `npm run catch-up ${next.number}; yours is kept.`,
      );
      return;
    }
    this.#lesson = next;
    this.#proof = undefined;
    const trouble = beginLesson(next);
    if (trouble) this.#terminal.complain(trouble);
    for (const line of describeTask(next, this.#terminal)) this.#terminal.say(line);
    this.#check();
  }

  #following(): Lesson | undefined {
    return lessonAfter(this.#options.lessons, this.#lesson);
  }

  #prompt(sentence?: string): void {
    if (sentence) this.#terminal.say(sentence);
    this.#terminal.say(this.#terminal.paint('dim', keys));
  }

  /** Runs one task at a time: aborts the running task, and begins the next once it has ended. */
  #begin(task: (signal: AbortSignal) => Promise<void>): void {
    this.#running?.abort();
    const own = new AbortController();
    this.#running = own;
    this.#work = this.#work.then(async () => {
      try {
        if (!own.signal.aborted) await task(own.signal);
      } catch (error) {
        // A fault of the workshop, or a lost database: report it and keep watching.
        this.#prompt(`✘ the check could not run: ${(error as Error).message}`);
      } finally {
        if (this.#running === own) this.#running = undefined;
      }
    });
  }
}
