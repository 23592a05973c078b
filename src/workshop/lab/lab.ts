/** The lab's state: the database, the lessons, one stage for each class that was asked for. */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, type StatsListener, unwatchFile, watchFile } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { type Lesson, minePath, readLessons, schemaFor } from '../course/catalogue.ts';
import { rememberedLesson } from '../course/mine.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type AttackRun, newAttackRun, runLessonAttack } from './attacks.ts';
import { runClassTests, type TestRun } from './proofs.ts';
import { Stage } from './stage.ts';

export interface DatabaseState {
  state: 'starting' | 'up' | 'down';
  /** How long it took to be ready, in milliseconds. */
  milliseconds: number | undefined;
  version: string | undefined;
  origin: DatabaseServer['origin'] | undefined;
}

/** A class of the workshop, and the lesson whose table it works on. */
export interface ClassFile {
  condition: string;
  /** What the page calls it: `lesson 05`, `mine`. */
  name: string;
  path: string;
  lesson: Lesson;
}

/** What a page shows: a lesson to read and a class to play with. */
export interface View {
  lesson: Lesson;
  subject: ClassFile;
}

interface Events {
  change: [condition: string | undefined];
  say: [condition: string | undefined, sentence: string];
}

/** A small machine holds the processes of this many classes with ease. */
const STAGES_AWAKE = 6;

/** A condition that no file stands for. */
export class UnknownClass extends Error {
  override name = 'UnknownClass';
}

/** Everything the pages show and the buttons do. */
export class Lab extends EventEmitter<Events> {
  /** Whether lessons are shown to a room, one heading at a time. */
  readonly instructor: boolean;
  readonly token: string = randomBytes(24).toString('base64url');
  readonly database: DatabaseState = {
    state: 'starting',
    milliseconds: undefined,
    version: undefined,
    origin: undefined,
  };
  readonly tests: Map<string, TestRun> = new Map();
  readonly attacks: Map<string, AttackRun> = new Map();
  readonly #stages = new Map<string, Promise<Stage>>();
  readonly #abort = new AbortController();
  readonly #watched = new Map<string, StatsListener>();
  #server: DatabaseServer | undefined;

  constructor({ instructor = false }: { instructor?: boolean | undefined } = {}) {
    super();
    this.instructor = instructor;
    this.setMaxListeners(100);
  }

  /** The lessons as the folders hold them now. */
  get lessons(): Lesson[] {
    return readLessons();
  }

  /**
   * The lesson the learner is in; whoever has begun none is at the first.
   *
   * @throws RangeError when there is no lesson at all.
   */
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

  /** Aborted when the lab ends: whatever runs for it ends with it. */
  get ending(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Gives the lab its database.
   *
   * @param server The server.
   * @param milliseconds How long it took to be ready.
   */
  useDatabase(server: DatabaseServer, milliseconds: number): void {
    this.#server = server;
    const { version, origin } = server;
    Object.assign(this.database, { state: 'up', milliseconds, version, origin });
    server.onChange((state) => this.#setState(state));
    this.emit('change', undefined);
  }

  /** Whether the database answers now; asked by /healthz and while somebody looks at the page. */
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
   * Finds the file that a condition stands for.
   *
   * @param condition `lesson-05`, `mine`, `wrong-02-null`.
   * @param lesson The lesson that is read, for `mine`.
   * @throws UnknownClass with the classes that exist.
   */
  findClass(condition: string, lesson?: Lesson): ClassFile {
    const { lessons } = this;
    if (condition === 'mine') {
      return { condition, name: 'mine', path: minePath, lesson: lesson ?? this.currentLesson };
    }
    for (const each of lessons) {
      if (each.condition === condition) {
        return { condition, name: `lesson ${each.label}`, path: each.files.class, lesson: each };
      }
      const wrong = each.wrong.find((fix) => fix.condition === condition);
      if (wrong) {
        return { condition, name: condition, path: wrong.path, lesson: each };
      }
    }
    const known = [...lessons.map((each) => each.condition), 'mine'].join(', ');
    throw new UnknownClass(`There is no class "${condition}". There are: ${known}.`);
  }

  /** Whether the learner has a class yet. */
  get hasMine(): boolean {
    return existsSync(minePath);
  }

  /** The stage of a class, set up when it is first asked for. */
  async stage(subject: ClassFile): Promise<Stage> {
    const key = subject.condition;
    if (!existsSync(subject.path)) throw new UnknownClass(noClassYet(subject));
    const sql = this.#tableOf(subject.lesson);
    const known = this.#stages.get(key);
    if (known) {
      const stage = await known;
      if (this.#tableOf(stage.lesson) === sql) {
        // Moved to the end: the first is the one that was used longest ago.
        this.#stages.delete(key);
        this.#stages.set(key, known);
        return stage;
      }
      // The learner went on to a lesson with another table: his class needs that one.
      this.#stages.delete(key);
      await stage.close();
    }
    const server = this.#server;
    if (!server) throw new Error('The database is not ready yet');
    const made = this.#makeStage(server, subject, sql);
    this.#stages.set(key, made);
    made.catch(() => this.#stages.delete(key));
    await this.#restOldStages();
    return made;
  }

  /** The stage of a class if it has been set up; pages look and never wait. */
  async stageIfAny(condition: string): Promise<Stage | undefined> {
    return this.#stages.get(condition)?.catch(() => undefined);
  }

  /** Runs the tests of all lessons up to the view's on its class, once at a time. */
  async runTests({ lesson, subject }: View): Promise<void> {
    const server = this.#server;
    const key = `${subject.condition} ${lesson.label}`;
    if (!server || this.tests.get(key)?.running) return;
    const lessons = this.lessons.filter((each) => each.number <= lesson.number);
    const run: TestRun = { running: true, results: [], error: undefined };
    this.tests.set(key, run);
    const onChange = () => this.emit('change', subject.condition);
    onChange();
    const { signal } = this.#abort;
    const sentence = await runClassTests(run, { lessons, subject, server, signal, onChange });
    this.emit('say', subject.condition, sentence);
  }

  /** Runs one lesson's attack on the view's class, once at a time. */
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

  /** Ends every process that the lab started; the database is its owner's to stop. */
  async close(): Promise<void> {
    this.#abort.abort();
    for (const [path, listener] of this.#watched) unwatchFile(path, listener);
    const stages = await Promise.allSettled(this.#stages.values());
    await Promise.all(
      stages.map((settled) => (settled.status === 'fulfilled' ? settled.value.close() : undefined)),
    );
  }

  /** The lesson's table; the page before the first table shows that one already. */
  #tableOf({ number }: Lesson): string {
    const { lessons } = this;
    const first = lessons.find((each) => each.files.schema)?.number ?? number;
    return schemaFor(lessons, Math.max(number, first));
  }

  /** Ends the processes of classes that nobody has used for long; their tables stay. */
  async #restOldStages(): Promise<void> {
    const old = [...this.#stages.values()].slice(0, -STAGES_AWAKE);
    for (const settled of await Promise.allSettled(old)) {
      if (settled.status === 'fulfilled') await settled.value.restart();
    }
  }

  async #makeStage(server: DatabaseServer, subject: ClassFile, sql: string): Promise<Stage> {
    const schema = await server.createSchema(`lab-${subject.condition}`);
    const connection = await createConnection({ uri: schema.url, multipleStatements: true });
    await connection.query(sql).finally(() => connection.destroy());
    const { condition, lesson } = subject;
    const onChange = () => this.emit('change', condition);
    this.#watch(subject);
    return new Stage({ condition, lesson, schema, onChange });
  }

  /** Asks the file's date again and again: some file systems report no changes. */
  #watch({ path, condition }: ClassFile): void {
    if (this.#watched.has(path)) return;
    const listener: StatsListener = (now, before) => {
      if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
      this.stageIfAny(condition).then((stage) => stage?.restart());
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

/** What to say of a class whose file is not there: only the learner's own can be missing. */
export function noClassYet({ lesson }: ClassFile): string {
  return (
    `There is no lessons/mine/sessions.ts yet. npm run lesson ${lesson.number} begins it, ` +
    'in a terminal; the lab notices it by itself.'
  );
}
