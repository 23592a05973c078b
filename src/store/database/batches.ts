/**
 * Requests that wait while a statement is under way go together in the next one. Nothing is delayed to
 * fill a batch.
 */

/** Milliseconds after which a statement is slow, as behind a lock: the next begins beside it. */
const SLOW = 50;

/** The most statements at once. */
const LANES = 4;

/** As the module is loaded: a test with fake timers replaces the global function. */
const inSameTurn = setImmediate;

/** Gathers items, and runs them batch by batch. */
export class Batches<Item> {
  readonly #take: (waiting: Iterable<Item>) => Item[];
  readonly #run: (batch: readonly Item[]) => Promise<void>;
  readonly #waiting = new Set<Item>();
  #lanes = 0;
  /** Whether a lane will take what waits. */
  #isServed = false;

  /**
   * @param take - Chooses the next batch, of one item at least.
   * @param run - Runs a batch; never rejects.
   */
  constructor(
    take: (waiting: Iterable<Item>) => Item[],
    run: (batch: readonly Item[]) => Promise<void>,
  ) {
    this.#take = take;
    this.#run = run;
  }

  /** Adds an item to the next batch. */
  add(item: Item): void {
    this.#waiting.add(item);
    this.#serve();
  }

  /**
   * Takes an item back.
   *
   * @returns False if its batch has begun.
   */
  remove(item: Item): boolean {
    return this.#waiting.delete(item);
  }

  #serve(): void {
    if (this.#isServed || this.#waiting.size === 0) return;
    this.#isServed = true;
    this.#lanes += 1;
    // Requests that arrive in the same turn of the event loop go together.
    inSameTurn(() => void this.#work());
  }

  async #work(): Promise<void> {
    let isReplaced = false;
    while (this.#waiting.size > 0 && !isReplaced) {
      const batch = this.#take(this.#waiting);
      for (const item of batch) this.#waiting.delete(item);
      const timer = setTimeout(() => {
        if (this.#lanes >= LANES) return;
        isReplaced = true;
        this.#isServed = false;
        this.#serve();
      }, SLOW);
      await this.#run(batch);
      clearTimeout(timer);
    }
    this.#lanes -= 1;
    if (isReplaced) return;
    this.#isServed = false;
    // An item may have been added after the last look.
    this.#serve();
  }
}
