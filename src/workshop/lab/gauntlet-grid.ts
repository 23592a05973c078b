/** The gauntlet's grid: classes by row, attacks by column, and what each cell shows. */
import type { Lesson } from '../course/catalogue.ts';
import { promisedVerdict } from '../course/promises.ts';
import { type AttackRun, fileState } from './attack-runs.ts';
import type { Subject } from './class-file.ts';
import type { Lab } from './lab.ts';
import { callableMethods } from './methods.ts';

/** A class under attack. */
export interface Target extends Subject {
  /** False before lesson 05, where a class cannot serve requests yet. */
  whole: boolean;
  /** The state of its file: {@link fileState}. */
  file: number;
}

export interface Grid {
  lessons: Lesson[];
  classes: Target[];
  attacks: Lesson[];
}

/** One attack on one class. */
export interface Cell {
  subject: Target;
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

/** The content of a cell. */
export interface Seen {
  state: CellState;
  /** The attack's last sentence, or the reason for the state. */
  because: string | undefined;
  /** The promised verdict; undefined where the workshop promises none. */
  promised: 'held' | 'breached' | undefined;
  /** True for a verdict that breaks the promise. */
  surprising: boolean;
}

/** Names a cell in addresses, in forms and among the lab's attacks. */
export function cellKey({ subject, attack }: Cell): string {
  return `${subject.condition} ${attack.label}`;
}

/** Reads classes and attacks from the folders; the learner's own class comes last. */
export function readGrid(lab: Lab): Grid {
  const { lessons } = lab;
  const classes = lessons.map(({ condition }) => lab.findClass(condition));
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
 * Finds the cells that a button or an address names.
 *
 * @param wanted - `all`, `class lesson-05`, `attack 10`, or a cell's key: `lesson-05 10`.
 * @returns The cells, row by row, with a description; none for an unknown name.
 */
export function findCells(grid: Grid, wanted: string): { cells: Cell[]; title: string } {
  const [first = '', second = ''] = wanted.split(' ');
  const cross = (condition: string | undefined, label: string | undefined): Cell[] =>
    grid.classes
      .filter((each) => condition === undefined || each.condition === condition)
      .flatMap((subject) =>
        grid.attacks
          .filter((each) => label === undefined || each.label === label)
          .map((attack) => ({ subject, attack })),
      );
  if (wanted === 'all') {
    return { cells: cross(undefined, undefined), title: 'every attack on every class' };
  }
  if (first === 'class') {
    return { cells: cross(second, undefined), title: `every attack on ${second}` };
  }
  if (first === 'attack') {
    return { cells: cross(undefined, second), title: `attack ${second} on every class` };
  }
  return { cells: cross(first, second), title: `attack ${second} on ${first}` };
}

/** Determines what a cell shows; `waiting` when its attack is queued. */
export function lookAtCell(
  grid: Grid,
  cell: Cell,
  run: AttackRun | undefined,
  waiting: boolean = false,
): Seen {
  const promised = promise(grid, cell);
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
  // The verdict is about the file that was attacked; the learner has saved another version since.
  if (run.file !== cell.subject.file) return plain('not run', 'The class has changed since.');
  const { because = '', reason, verdict } = run;
  if (reason === 'not ported') return plain('not applicable', because);
  if (verdict === 'failed' && promised === undefined) {
    return plain('not applicable', `It does not fit this class and its table: ${because}`);
  }
  const surprising = promised !== undefined && verdict !== promised;
  return { state: verdict, because, promised, surprising };
}

/** Explains why an attack cannot run on a class, where that is known in advance. */
function missingFor({ subject, attack }: Cell): string | undefined {
  if (subject.whole || attack.number <= subject.lesson.number) return undefined;
  return attack.kind === 'port'
    ? `The class has no such method yet: lesson ${attack.label} ports it.`
    : 'The class cannot serve requests yet: it can from lesson 05 on.';
}

/** The learner's class must hold against the attacks of earlier lessons; the others are open. */
function promise({ lessons }: Grid, { subject, attack }: Cell): Seen['promised'] {
  if (subject.condition !== 'mine') return promisedVerdict(lessons, attack, subject.lesson);
  return attack.number < subject.lesson.number ? 'held' : undefined;
}
