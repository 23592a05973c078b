/** The lab's state: the database, the lessons, and the classes that have been used. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, setMaxListeners } from 'node:events';
import { type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { findClass, isFile, type Lesson, readLessons, UnknownName } from '../course/catalogue.ts';
import { hasMine, rememberedLesson } from '../course/mine.ts';
import type { Prediction } from '../course/note.ts';
import { hasBegun, recordPrediction } from '../course/progress.ts';
import { schemaFor } from '../course/tables.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { TypeChecker } from '../runner/types.ts';
import { type AttackRun, newAttackRun, runLessonAttack } from './attack-runs.ts';
import { LabCache, usesCache } from './cached-rows.ts';
import { noClassYet, type Subject, type View } from './class-file.ts';
import { Refused } from './refused.ts';
import { RunningClass } from './running-class.ts';
import { classBefore } from './steps.ts';
import { newTestRun, runClassTests, type TestRun } from './test-runs.ts';

interface DatabaseState {
  state: 'starting' | 'up' | 'down';
  /** Time to readiness in milliseconds. */
  milliseconds: number | undefined;
  version: string | undefined;
  origin: DatabaseServer['origin'] | undefined;
}

/** The state of docs/site. */
export type Documentation =
  | { state: 'built' }
  | { state: 'building'; began: number }
  | { state: 'failed'; reason: string };

interface Events {
  change: [condition: string | undefined];
  say: [condition: string | undefined, sentence: string];
}

/** Milliseconds in which an author's change of a lesson may be missed. */
const LESSONS_LAST = 200;

/** The processes of older classes are ended: a small machine has memory for about so many. */
const CLASSES_AWAKE = 6;

export class Lab extends EventEmitter<Events> {
  /** True when lessons are shown to a room, one step at a time. */
  readonly instructor: boolean;
  readonly token: string = randomBytes(24).toString('base64url');
  readonly database: DatabaseState = {
    state: 'starting',
    milliseconds: undefined,
    version: undefined,
    origin: undefined,
  };
  /** Set by the program that builds the documentation. */
  documentation: () => Documentation = () => ({ state: 'built' });
  readonly tests: Map<string, TestRun> = new Map();
  readonly attacks: Map<string, AttackRun> = new Map();
  readonly #classes = new Map<string, Promise<RunningClass>>();
  readonly #abort = new AbortController();
  readonly #types = new TypeChecker();
  readonly #watched = new Map<string, StatsListener>();
  readonly #endings: (() => Promise<void>)[] = [];
  #lessons: Lesson[] | undefined;
  #server: DatabaseServer | undefined;
  #cache: Promise<LabCache | undefined> | undefined;

  constructor({ instructor = false }: { instructor?: boolean | undefined } = {}) {
    super();
    this.instructor = instructor;
    // One for each open page: no number of them is a leak.
    this.setMaxListeners(0);
    // Each attack that runs listens; Node would warn of the eleventh on the learner's terminal.
    setMaxListeners(100, this.#abort.signal);
  }

  /**
   * The lessons, read from the folders.
   *
   * A page asks for them dozens of times while it is drawn, and hundreds of files are read each
   * time: they are read again only after `LESSONS_LAST`.
   */
  get lessons(): Lesson[] {
    if (!this.#lessons) {
      this.#lessons = readLessons();
      setTimeout(() => {
        this.#lessons = undefined;
      }, LESSONS_LAST).unref();
    }
    return this.#lessons;
  }

  /** The lesson that the learner began last, or the first. */
  get currentLesson(): Lesson {
    const { lessons } = this;
    const lesson = rememberedLesson(lessons) ?? lessons[0];
    if (!lesson) throw new RangeError('The folder lessons/ holds no lesson.');
    return lesson;
  }

  /** The server, once there is one. */
  get server(): DatabaseServer | undefined {
    return this.#server;
  }

  /** Aborted when the lab ends. */
  get ending(): AbortSignal {
    return this.#abort.signal;
  }

  /** Sets the database, which took these milliseconds to be ready. */
  useDatabase(server: DatabaseServer, milliseconds: number): void {
    this.#server = server;
    const { version, origin } = server;
    Object.assign(this.database, { state: 'up', milliseconds, version, origin });
    server.onChange((state) => this.#setState(state));
    this.emit('change', undefined);
  }

  /** Checks whether the database answers now. */
  async probe(): Promise<boolean> {
    if (!this.#server) return false;
    try {
      const connection = await createConnection({ uri: this.#server.url, connectTimeout: 2_000 });
      connection.on('error', () => {});
      await connection
        .query({ sql: 'SELECT 1', timeout: 2_000 })
        .finally(() => connection.destroy());
      this.#setState('up');
      return true;
    } catch {
      this.#setState('down');
      return false;
    }
  }

  /**
   * Finds the class of a condition.
   *
   * @param condition - `lesson-05`, `mine`, `wrong-02-null`.
   * @param reading - The lesson that is read: the learner's class works on its table, or on that of
   *   the current lesson if it is later.
   * @throws UnknownName that lists the classes.
   */
  findClass(condition: string, reading?: Lesson): Subject {
    const found = findClass(this.lessons, condition);
    const isArticle = found.lesson?.kind === 'port' && found.wrong?.article;
    const name = isArticle
      ? 'the article’s class'
      : found.condition.replace(/^lesson-/, 'lesson ').replace('mine', 'your class');
    const current = this.currentLesson;
    const latest = reading && reading.number > current.number ? reading : current;
    return { ...found, name, lesson: found.lesson ?? latest };
  }

  /** The class that a lesson's page opens with: the learner's own, once they have begun the lesson. */
  classToOpen(lesson: Lesson): string {
    const isBegun = lesson.kind !== 'page' && hasBegun(lesson);
    return isBegun ? 'mine' : classBefore(lesson, this.lessons);
  }

  /** True when the learner has a class. */
  get hasMine(): boolean {
    return hasMine();
  }

  /** The class with its table and processes, created when it is first used. */
  async run(subject: Subject): Promise<RunningClass> {
    const key = subject.condition;
    if (!isFile(subject.path)) throw new UnknownName(noClassYet(subject));
    const running = this.#reuseOrCreate(subject, this.#classes.get(key));
    // Moved to the end: the first is the least recently used.
    this.#classes.delete(key);
    this.#classes.set(key, running);
    running.catch(() => {
      if (this.#classes.get(key) === running) this.#classes.delete(key);
    });
    await this.#endOldProcesses();
    return running;
  }

  /** The class if it has been used before; pages do not create one. */
  async running(condition: string): Promise<RunningClass | undefined> {
    return this.#classes.get(condition)?.catch(() => undefined);
  }

  /** Runs the tests of all lessons up to the view's, unless they are running. */
  async runTests({ lesson, subject }: View): Promise<void> {
    const server = this.#server;
    const key = `${subject.condition} ${lesson.label}`;
    if (!server || this.tests.get(key)?.running) return;
    const { lessons } = this;
    const run = newTestRun(subject);
    this.tests.set(key, run);
    const onChange = () => this.emit('change', subject.condition);
    onChange();
    const { signal } = this.#abort;
    const options = { lessons, lesson, subject, server, signal, types: this.#types, onChange };
    const sentence = await runClassTests(run, options);
    this.emit('say', subject.condition, sentence);
  }

  /** Runs one lesson's attack on the view's class, unless it is running. */
  async runAttack({ subject }: View, lesson: Lesson): Promise<void> {
    const server = this.#server;
    const key = `${subject.condition} ${lesson.label}`;
    if (!server || this.attacks.get(key)?.running) return;
    const run = newAttackRun(subject);
    this.attacks.set(key, run);
    const onChange = () => this.emit('change', subject.condition);
    onChange();
    const { signal } = this.#abort;
    const sentence = await runLessonAttack(run, { lesson, subject, server, signal, onChange });
    this.emit('say', subject.condition, sentence);
  }

  /**
   * Records a prediction for the view's attack on its class, and returns the outcome in a sentence.
   *
   * @throws Refused when the prediction cannot be written.
   */
  predict({ lesson, subject }: View, prediction: Prediction): string {
    const trouble = recordPrediction(lesson, subject.condition, prediction);
    this.emit('change', subject.condition);
    if (trouble !== undefined) throw new Refused(trouble);
    return `You said: ${prediction}.`;
  }

  /** Adds what a page has started: `end` is called when the lab ends. */
  onClose(end: () => Promise<void>): void {
    this.#endings.push(end);
  }

  /** Ends every process that the lab started; the database belongs to the caller. */
  async close(): Promise<void> {
    this.#abort.abort();
    this.#types.close();
    await Promise.all(this.#endings.map((end) => end()));
    for (const [path, listener] of this.#watched) unwatchFile(path, listener);
    const conditions = [...this.#classes.keys()];
    await Promise.all(conditions.map(async (each) => (await this.running(each))?.close()));
    await (await this.#cache)?.close();
  }

  /** Ends the processes of the least recently used classes; their tables stay. */
  async #endOldProcesses(): Promise<void> {
    const old = [...this.#classes.keys()].slice(0, -CLASSES_AWAKE);
    for (const condition of old) await (await this.running(condition))?.restart();
  }

  /**
   * Returns the class as it was used before, unless the learner went on to a lesson with another
   * table, which the class needs now.
   */
  async #reuseOrCreate(
    subject: Subject,
    before: Promise<RunningClass> | undefined,
  ): Promise<RunningClass> {
    const { lessons } = this;
    const sql = schemaFor(lessons, subject.lesson.number);
    const known = await before?.catch(() => undefined);
    if (known && schemaFor(lessons, known.lesson.number) === sql) return known;
    await known?.close();
    return await this.#create(subject, sql);
  }

  async #create(subject: Subject, sql: string): Promise<RunningClass> {
    const server = this.#server;
    if (!server) throw new Error('The database is not ready yet');
    const schema = await server.createSchema(`lab-${subject.condition}`);
    await schema.run(sql);
    const { condition, lesson } = subject;
    const onChange = () => this.emit('change', condition);
    this.#watch(subject);
    if (usesCache(this.lessons, lesson)) this.#cache ??= LabCache.start(this.ending);
    const cache = usesCache(this.lessons, lesson) ? await this.#cache : undefined;
    return new RunningClass({ condition, lesson, schema, cache, onChange });
  }

  /** Polls the file: some file systems report no changes. */
  #watch({ path, condition }: Subject): void {
    if (this.#watched.has(path)) return;
    const listener: StatsListener = (now, before) => {
      if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
      this.running(condition).then((running) => running?.restart());
    };
    this.#watched.set(path, listener);
    watchFile(path, { interval: 300 }, listener);
  }

  #setState(state: 'up' | 'down'): void {
    if (this.database.state === state) return;
    this.database.state = state;
    this.emit('change', undefined);
    this.emit(
      'say',
      undefined,
      state === 'up' ? 'The database answers again.' : 'The database is down.',
    );
  }
}
