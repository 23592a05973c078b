/** The writes of a site's store: counted, and the next one held back when that is asked for. */
import type { HeldSave, SessionSite } from '../../contract/index.ts';
import type { Place } from './ground.ts';

/** A site's report of its store's writes. */
export type Watched = Required<Pick<SessionSite, 'holdSave' | 'countWrites'>>;

/** The writes to a schema, as they pass its wire. */
export function watchWire({ wire }: Place): Watched {
  let count = 0;
  wire.watch((event) => {
    if (event.kind === 'began' && WRITE.test(event.statement.sql)) count += 1;
  });
  return {
    countWrites: () => count,
    holdSave() {
      const gate = wire.gate(1, WRITE, { holds: 'answer', opens: 'by hand' });
      return { arrived: gate.arrived, release: () => gate.open() };
    },
  };
}

const WRITE = /^\s*(INSERT|UPDATE|REPLACE|DELETE)/i;

/** The writes to a store in memory: its methods let each call pass here first. */
export class Saves implements Watched {
  #count = 0;
  #next: { arrive(): void; opened: Promise<void> } | undefined;

  readonly countWrites = (): number => this.#count;

  readonly holdSave = (): HeldSave => {
    const [arrival, opening] = [signal(), signal()];
    this.#next = { arrive: arrival.give, opened: opening.given };
    return { arrived: arrival.given, release: opening.give };
  };

  /** Ends at once, unless this write is held back. */
  async pass(): Promise<void> {
    this.#count += 1;
    const gate = this.#next;
    this.#next = undefined;
    gate?.arrive();
    await gate?.opened;
  }

  /** Puts itself before some methods of a store. */
  before<Store extends object>(store: Store, ...methods: (keyof Store & string)[]): Store {
    for (const name of methods) {
      const method = store[name] as (...given: unknown[]) => unknown;
      Object.assign(store, {
        [name]: async (...given: unknown[]) => {
          await this.pass();
          return await method.apply(store, given);
        },
      });
    }
    return store;
  }
}

function signal(): { given: Promise<void>; give: () => void } {
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
