import { UnserializeError } from '../messages.ts';
import { restoreClass } from './classes.ts';
import type { DecodeOptions } from './options.ts';
import { ValueReader } from './reader.ts';
import { Refusal } from './scanner.ts';
import { type Attempt, type Count, decisive, Slots, SlotsNeeded } from './slots.ts';

/**
 * Reads values as `php_var_unserialize` does, up to the offset at which PHP stops. Classes are never
 * looked up, no name reaches a prototype, and nesting is limited by `maxDepth` alone.
 */
class Decoder extends ValueReader {
  #hasFailed = false;

  /**
   * Reads one input. Most inputs have no reference, so slots are kept only from the second attempt
   * on; a third and fourth one try the possible counts of values in `C:` payloads.
   *
   * @param input - The bytes.
   * @param options - Limits, PHP's version, and the function that messages name.
   * @param body - Calls `read` for each value; runs once per attempt. It must not call code of the
   *   application, since there is one decoder per process.
   * @returns The result of the decisive attempt.
   * @throws The error of `body`.
   */
  run<Result>(input: Buffer, options: DecodeOptions, body: (input: Buffer) => Result): Result {
    try {
      this.#start(input, options, undefined);
      return body(input);
    } catch (error) {
      if (!(error instanceof SlotsNeeded)) throw error;
    } finally {
      this.#finish();
    }
    const attempt = (count: Count): Attempt<Result> => {
      const slots = new Slots(count);
      try {
        this.#start(input, options, slots);
        const result = body(input);
        for (const object of slots.unnamed) restoreClass(object);
        return { slots, isRead: !this.#hasFailed, end: () => result };
      } catch (error) {
        const end = (): never => {
          throw error;
        };
        return { slots, isRead: false, end };
      } finally {
        this.#finish();
      }
    };
    return decisive(attempt).end();
  }

  #start(input: Buffer, options: DecodeOptions, slots: Slots | undefined): void {
    this.load(input, options.version, options.caller);
    this.prepare(options.maxDepth, slots);
    this.#hasFailed = false;
  }

  /** Releases the input and the values. */
  #finish(): void {
    this.unload();
    this.releaseValues();
  }

  /**
   * Returns the error for a refusal, with the messages before it.
   *
   * @param refusal - Anything that `read` threw; all but a Refusal is thrown again.
   */
  errorFor(refusal: unknown): UnserializeError {
    if (!(refusal instanceof Refusal)) throw refusal;
    return this.errorAt(refusal.offset);
  }

  /**
   * Returns the error for a fault at an offset, with the messages before it.
   *
   * @param offset - PHP's offset.
   */
  errorAt(offset: number): UnserializeError {
    this.#hasFailed = true;
    return new UnserializeError(offset, this.end, this.version, this.takeMessages());
  }
}

/** The one decoder of the process: it keeps its working memory from call to call. */
export const decoder: Decoder = new Decoder();
