import { refuse } from './refusal.ts';

/** Cycle detection starts at this depth; most sessions are shallower. */
export const SHALLOW = 8;
/** Levels before the first check; each later check doubles the distance, so the total is linear. */
const FIRST_CHECK = 8;

/** The containers around the current one, from {@link SHALLOW} on, for detecting cycles. */
export class Ancestors {
  readonly #around: object[] = [];
  #nextCheck = FIRST_CHECK;

  /**
   * Adds a container to those around its elements, and checks at times for a cycle.
   *
   * @param container - The array, record, map or properties.
   * @param depth - Its depth, {@link SHALLOW} or more.
   * @throws RefusedValue for a container that is inside itself.
   */
  enter(container: object, depth: number): void {
    const around = this.#around;
    around.length = depth - SHALLOW;
    around.push(container);
    if (around.length < this.#nextCheck) return;
    if (new Set(around).size < around.length) {
      refuse('an array that contains itself has no end; put a PhpReference where it repeats');
    }
    this.#nextCheck *= 2;
  }

  /** Removes the containers, before the next value. */
  clear(): void {
    if (this.#around.length > 0) this.#around.length = 0;
    this.#nextCheck = FIRST_CHECK;
  }
}
