/** The board: the contracts on stores and session layers of npm, and what came of each case. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  adapterCases,
  type ContractCase,
  NotApplicable,
  sessionStoreCases,
} from '../../contract/index.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type Contestant, type Ground, openGround } from './ground.ts';
import { layers } from './layers.ts';
import { stores } from './stores.ts';

/** The end of a case. */
export interface Cell {
  /** The case: what it is about, and its name. */
  readonly case: string;
  readonly outcome: 'kept' | 'broken' | 'lacking';
  /** Why it is not kept. */
  readonly reason?: string | undefined;
}

/** One store or layer. */
export interface Row {
  readonly name: string;
  readonly version: string;
  /** Its configuration. */
  readonly how: string;
  readonly cells: readonly Cell[];
}

/** A run, as docs/board.json keeps it. */
export interface Board {
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly stores: readonly Row[];
  readonly layers: readonly Row[];
}

/** The name of a case in a board. */
export function caseName({ about, name }: ContractCase<never>): string {
  return `${about}: ${name}`;
}

/** The names of all that can be run. */
export const contestants: readonly string[] = [...stores, ...layers].map(({ name }) => name);

/** Milliseconds; a call of a case has ten seconds of its own. */
const PATIENCE = 30_000;

/** Runs the board: these stores and layers, or all. */
export async function runBoard(
  server: DatabaseServer,
  only: readonly string[],
  progress: (line: string) => void,
): Promise<Board> {
  const wanted = ({ name }: { name: string }): boolean => only.length === 0 || only.includes(name);
  const chosen = [stores.filter(wanted), layers.filter(wanted)] as const;
  const ground = await openGround(
    server,
    chosen.flat().some(({ isFetched }) => isFetched),
    progress,
  );
  // A rejection that a peer leaves unhandled is the matter of one case; the board goes on.
  const strays = ['unhandledRejection', 'uncaughtException'] as const;
  const ignore = (): void => {};
  for (const stray of strays) process.on(stray, ignore);
  try {
    return {
      date: new Date().toISOString().slice(0, 10),
      versions: { Node: process.versions.node, database: server.version },
      stores: await runAll(chosen[0], sessionStoreCases, ground, progress),
      layers: await runAll(chosen[1], adapterCases, ground, progress),
    };
  } finally {
    for (const stray of strays) process.off(stray, ignore);
    await ground.close();
  }
}

async function runAll<Subject>(
  list: readonly Contestant<Subject>[],
  cases: readonly ContractCase<Subject>[],
  ground: Ground,
  progress: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const contestant of list) {
    const { name, how } = contestant;
    progress(`${name} …`);
    const cells: Cell[] = [];
    for (const each of cases) cells.push(await runCase(each, contestant, ground));
    rows.push({ name, version: contestant.version(ground), how, cells });
  }
  return rows;
}

async function runCase<Subject>(
  each: ContractCase<Subject>,
  contestant: Contestant<Subject>,
  ground: Ground,
): Promise<Cell> {
  const cell = { case: caseName(each) };
  const late = new AbortController();
  try {
    await Promise.race([
      (async () => each.run(await contestant.open(ground)))(),
      sleep(PATIENCE, undefined, { signal: late.signal }).then(() => {
        throw new Error(`it had not ended after ${PATIENCE / 1000} s`);
      }),
    ]);
    return { ...cell, outcome: 'kept' };
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    return { ...cell, outcome: error instanceof NotApplicable ? 'lacking' : 'broken', reason };
  } finally {
    late.abort();
    await ground.closeSites();
  }
}

/** The required and recommended cases that one of ours does not keep. */
export function ownFaults({ stores, layers }: Board): string[] {
  const optional = new Set(
    [...sessionStoreCases, ...adapterCases]
      .filter(({ level }) => level === 'optional')
      .map((each) => caseName(each)),
  );
  return [...stores, ...layers]
    .filter(({ name }) => name.startsWith('phpsessid'))
    .flatMap(({ name, cells }) =>
      cells
        .filter(({ outcome, case: named }) => outcome !== 'kept' && !optional.has(named))
        .map(({ case: named, reason }) => `${name}: ${named}: ${reason}`),
    );
}
