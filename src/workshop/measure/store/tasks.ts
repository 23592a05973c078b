/** The tasks of the store's benchmark, and the contenders that do them. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseServer } from '../../machine/database/server.ts';
import {
  type Contender,
  growTables,
  openExpress,
  openMysql2,
  openOurs,
  SESSIONS,
} from './contenders.ts';
import type { Task } from './task.ts';

/** Clients of the hot session. */
export const HOT = 32;

/** The most clients of a table. */
const MOST = 64;

/** Milliseconds of an application's own work beside a hot session. */
export const PAGE = 5;

const BYTES = 2500;
const LARGE = 20_000;
const GROWN = 100_000;

/** mysql2 by hand, express-mysql-session and ours, on sessions of one size. */
type Trio = [Contender, Contender, Contender];

/** The contenders on sessions of 2.5 KB, of 20 KB, and among 100,000 others. */
interface Contenders {
  usual: Trio;
  large: Trio;
  grown: Trio;
}

/**
 * Opens the contenders of the wanted tables; the others' places have the usual ones.
 *
 * @param url - The schema of the usual contenders.
 * @param opened - Receives each contender, to be closed also after an error.
 */
export async function openContenders(
  server: DatabaseServer,
  url: string,
  isWanted: (table: string) => boolean,
  opened: Contender[],
): Promise<Contenders> {
  const openTrio = async (schema: string, bytes: number): Promise<Trio> => {
    const trio: Contender[] = [];
    for (const open of [openMysql2, openExpress, openOurs]) {
      const contender = await open(schema, bytes);
      opened.push(contender);
      trio.push(contender);
    }
    return trio as Trio;
  };
  const schemaOf = async (name: string): Promise<string> => (await server.createSchema(name)).url;
  const usual = await openTrio(url, BYTES);
  const isLarge = isWanted('large-16') || isWanted('large-64');
  const large = isLarge ? await openTrio(await schemaOf('bench large'), LARGE) : usual;
  if (!isWanted('grown-1')) return { usual, large, grown: usual };
  const schema = await schemaOf('bench grown');
  const grown = await openTrio(schema, BYTES);
  await growTables(schema, GROWN);
  return { usual, large, grown };
}

/** Lists every line of every table, in the order in which they are printed. */
export function tasksOf({ usual, large, grown }: Contenders): Task[] {
  const places = new Map<number, number>();
  /** Each client goes through sessions of its own; session 0 is the hot one. */
  const next = (client: number): number => {
    const turn = (places.get(client) ?? 0) + 1;
    places.set(client, turn);
    return 1 + client + MOST * (turn % (SESSIONS / MOST - 1));
  };
  const all = named(usual);
  const task = (
    table: string,
    name: keyof typeof all,
    label: string,
    clients: number,
    from = all,
  ): Task => {
    const contender = from[name];
    const step = table.startsWith('read') ? 'read' : 'change';
    return { table, name, label, clients, step: (it) => contender[step](next(it)) };
  };
  const hot = (name: keyof typeof all, label: string): Task => {
    const { add, count } = all[name];
    return { table: 'hot', name, label, clients: HOT, step: () => add(0), count };
  };
  const beside = (name: keyof typeof all, label: string): Task => {
    const { add } = all[name];
    const own = task('beside', name, label, 8);
    const step = async (client: number): Promise<void> => {
      await delay(PAGE);
      await own.step(client);
    };
    return { ...own, step, beside: { clients: HOT, step: () => add(PAGE) } };
  };
  const [execute, cycle] = ['mysql2 execute', 'mysql2 FOR UPDATE'];
  const [theirs, mine] = ['express-mysql-session', 'ours'];
  return [
    task('read-1', 'mysql2', execute, 1),
    task('read-1', 'express', theirs, 1),
    task('read-1', 'ours', mine, 1),
    task('change-1', 'express', theirs, 1),
    task('change-1', 'mysql2', cycle, 1),
    task('change-1', 'ours', mine, 1),
    ...[16, MOST].flatMap((clients) => [
      task(`read-${clients}`, 'mysql2', execute, clients),
      task(`read-${clients}`, 'ours', mine, clients),
    ]),
    ...[16, MOST].flatMap((clients) => [
      task(`change-${clients}`, 'mysql2', cycle, clients),
      task(`change-${clients}`, 'express', theirs, clients),
      task(`change-${clients}`, 'ours', mine, clients),
    ]),
    ...[16, MOST].flatMap((clients) => [
      task(`large-${clients}`, 'mysql2', cycle, clients, named(large)),
      task(`large-${clients}`, 'ours', mine, clients, named(large)),
    ]),
    task('grown-1', 'express', theirs, 1, named(grown)),
    task('grown-1', 'mysql2', cycle, 1, named(grown)),
    task('grown-1', 'ours', mine, 1, named(grown)),
    hot('mysql2', cycle),
    hot('express', theirs),
    hot('ours', mine),
    beside('mysql2', cycle),
    beside('ours', mine),
  ];
}

function named([mysql2, express, ours]: Trio): Record<'mysql2' | 'express' | 'ours', Contender> {
  return { mysql2, express, ours };
}
