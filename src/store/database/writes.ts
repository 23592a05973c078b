/** Saves by compare-and-set, on any connection. */
import type { Life, Row, Save, Table } from '../table/table.ts';
import type { Database } from './database.ts';
import type { Deadline } from './deadline.ts';

/** The row after a save; or as another request has left it. */
export type Outcome = 'gone' | { readonly isMine: boolean; readonly row: Row };

/** Saves rows. */
export interface Writes {
  /**
   * Saves a row if its guard is still the same.
   *
   * @returns Whether it was; the save is durable then.
   * @throws StatementFailure; the signal's reason.
   */
  save(save: Save, deadline: Deadline): Promise<boolean>;
}

/** One statement for each save. */
export class SingleWrites implements Writes {
  readonly #database: Database;
  readonly #table: Table;
  readonly #life: Life;

  constructor(database: Database, table: Table, life: Life) {
    this.#database = database;
    this.#table = table;
    this.#life = life;
  }

  async save(save: Save, deadline: Deadline): Promise<boolean> {
    const update = this.#table.update(save, this.#life);
    return (await this.#database.run(deadline, update)).affected > 0;
  }
}
