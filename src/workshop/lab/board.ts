/** The gauntlet's cells: who is there, what is promised, and what was seen. Runs nothing. */
import type { Lesson } from '../course/catalogue.ts';
import { promisedVerdict } from '../course/promises.ts';
import { type AttackRun, fileState } from './attacks.ts';
import type { ClassFile, Lab } from './lab.ts';
import { callableMethods } from './methods.ts';

/** A class, whether requests can go around it yet, and its file as it is now. */
export interface Contender extends ClassFile {
  whole: boolean;
  file: number;
}

/** Rows and columns. */
export interface Board {
  lessons: Lesson[];
  classes: Contender[];
  attacks: Lesson[];
}

/** One attack on one class. */
export interface Cell {
  subject: Contender;
  attack: Lesson;
}

export type CellState =
  | 'not run'
  | 'waiting'
  | 'running'
  | 'held'
  | 'breached'
  | 'not applicable'
  | 'failed';

/** What a cell shows. */
export interface Seen {
  state: CellState;
  /** The attack's own last sentence, or why there is none. */
  because: string | undefined;
  /** What the workshop promises of this pair; undefined where it promises nothing. */
  promised: 'held' | 'breached' | undefined;
  /** True where a promise is broken. */
  surprising: boolean;
}

/** The name of a class and an attack, in the lab's store, in addresses and in forms. */
export function cellKey({ subject, attack }: Cell): string {
  return `${subject.condition} ${attack.label}`;
}

/** Classes and attacks as the folders hold them now; the learner's own class comes last. */
export function readBoard(lab: Lab): Board {
  const { lessons } = lab;
  const classes = lessons.map((lesson): ClassFile => {
    const { condition, label, files } = lesson;
    return { condition, name: `lesson ${label}`, path: files.class, lesson };
  });
  if (lab.hasMine) classes.push(lab.findClass('mine'));
  return {
    lessons,
    classes: classes.map((each) => ({
      ...each,
      whole: callableMethods(each.path) === undefined,
      file: fileState(each.path),
    })),
    attacks: lessons.filter(({ files }) => files.attack !== undefined),
  };
}

/**
 * Finds cells by what a button or an address says.
 *
 * @param board Rows and columns.
 * @param wanted `all`, `class lesson-05`, `attack 10`, or a cell's key: `lesson-05 10`.
 * @returns The cells, row by row, and what they are in words; no cell where there is no such thing.
 */
export function findCells(board: Board, wanted: string): { cells: Cell[]; title: string } {
  const [first = '', second = ''] = wanted.split(' ');
  const ofClass = (condition: string) =>
    board.classes.filter((each) => each.condition === condition);
  const withLabel = (label: string) => board.attacks.filter((each) => each.label === label);
  const cross = (classes: Contender[], attacks: Lesson[]): Cell[] =>
    classes.flatMap((subject) => attacks.map((attack) => ({ subject, attack })));
  if (wanted === 'all') {
    return { cells: cross(board.classes, board.attacks), title: 'every attack on every class' };
  }
  if (first === 'class') {
    return { cells: cross(ofClass(second), board.attacks), title: `every attack on ${second}` };
  }
  if (first === 'attack') {
    return {
      cells: cross(board.classes, withLabel(second)),
      title: `attack ${second} on every class`,
    };
  }
  return {
    cells: cross(ofClass(first), withLabel(second)),
    title: `attack ${second} on ${first}`,
  };
}

/**
 * Judges one cell.
 *
 * @param board Rows and columns.
 * @param cell Which.
 * @param run What the attack said on that class, if it was run.
 * @param waiting Whether it is about to run.
 */
export function lookAtCell(
  board: Board,
  cell: Cell,
  run: AttackRun | undefined,
  waiting: boolean = false,
): Seen {
  const promised = promise(board, cell);
  const plain = (state: CellState, because: string | undefined): Seen => ({
    state,
    because,
    promised,
    surprising: false,
  });
  const missing = missingFor(cell);
  if (missing !== undefined) return plain('not applicable', missing);
  if (waiting) return plain('waiting', undefined);
  if (!run) return plain('not run', undefined);
  if (run.verdict === undefined) {
    return plain(run.running ? 'running' : 'not run', undefined);
  }
  // A verdict is about the file that was attacked, and the learner has saved another one since.
  if (run.file !== cell.subject.file) return plain('not run', 'The class has changed since.');
  const { because = '', reason, verdict } = run;
  if (reason === 'not ported') return plain('not applicable', because);
  if (verdict === 'failed' && promised === undefined) {
    return plain('not applicable', `It does not fit this class and its table: ${because}`);
  }
  const surprising = promised !== undefined && verdict !== promised;
  return { state: verdict, because, promised, surprising };
}

/** Why an attack cannot be tried on a class, where that is known without trying. */
function missingFor({ subject, attack }: Cell): string | undefined {
  if (subject.whole || attack.number <= subject.lesson.number) return undefined;
  return attack.kind === 'port'
    ? `The class has no such method yet: lesson ${attack.label} ports it.`
    : 'The class is not whole yet: from lesson 05 on a request goes around it.';
}

/** The learner's class must hold what the lessons before his have mended; of the rest nobody knows. */
function promise({ lessons }: Board, { subject, attack }: Cell): Seen['promised'] {
  if (subject.condition !== 'mine') return promisedVerdict(lessons, attack, subject.lesson);
  return attack.number < subject.lesson.number ? 'held' : undefined;
}
