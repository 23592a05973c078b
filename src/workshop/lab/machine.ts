/** Programs that a page starts when its button is pressed: off, starting, up, or failed with a reason. */

import { errorMessage } from '../machine/error-message.ts';
import type { Lab } from './lab.ts';
import { Refused } from './refused.ts';

/** The topic of the page with several servers. */
export const SERVERS = 'servers';

type MachineState =
  | { state: 'off' }
  | { state: 'starting'; step: string }
  | { state: 'up' }
  | { state: 'failed'; reason: string };

/** The means of a machine's programs while they start. */
export interface Starting {
  progress(line: string): void;
  signal: AbortSignal;
}

/** A group of programs that are started once and end with the lab. */
export abstract class Machine {
  readonly lab: Lab;
  #state: MachineState = { state: 'off' };
  #work: string | undefined;
  #trouble: string | undefined;
  #starting: Promise<void> | undefined;

  constructor(lab: Lab) {
    this.lab = lab;
    lab.onClose(async () => {
      await this.#starting;
      await this.end();
    });
  }

  get state(): MachineState {
    return this.#state;
  }

  /** The task that is under way, in words for the page. */
  get work(): string | undefined {
    return this.#work;
  }

  /** Why the last task could not be done. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Starts the programs, unless that was done, and returns a sentence about it. */
  start(): string {
    if (this.#state.state === 'starting' || this.#state.state === 'up') return 'It runs already.';
    this.#set({ state: 'starting', step: 'starting …' });
    this.#starting = this.#tryToStart();
    return 'It is being started.';
  }

  /**
   * Does one task at a time, in the background.
   *
   * @param title - Its description: `100 visits`.
   * @param task - Resolves to its outcome in one sentence, which is read aloud.
   * @returns A sentence about what happens now.
   * @throws Refused when another task is under way.
   */
  perform(title: string, task: () => Promise<string>): string {
    if (this.#state.state !== 'up') throw new Refused('Start it first.');
    if (this.#work !== undefined)
      throw new Refused(`Still at work: ${this.#work}. Wait for its end.`);
    this.#work = title;
    this.#trouble = undefined;
    this.changed();
    void task()
      .catch((error: unknown) => {
        this.#trouble = `${title}: ${errorMessage(error)}`;
        return this.#trouble;
      })
      .then((said) => {
        this.#work = undefined;
        this.changed();
        this.lab.emit('say', SERVERS, said);
      });
    return `Begun: ${title}.`;
  }

  /** Draws the page again. */
  changed(): void {
    this.lab.emit('change', SERVERS);
  }

  /** Starts the programs. */
  protected abstract begin(starting: Starting): Promise<void>;

  /** Ends the programs, those of a start that failed included. */
  protected abstract end(): Promise<void>;

  async #tryToStart(): Promise<void> {
    const { ending: signal } = this.lab;
    try {
      await this.begin({ progress: (step) => this.#set({ state: 'starting', step }), signal });
      this.#set({ state: 'up' });
      this.lab.emit('say', SERVERS, 'The programs have started.');
    } catch (error) {
      await this.end();
      const reason = errorMessage(error);
      this.#set({ state: 'failed', reason });
      this.lab.emit('say', SERVERS, `Starting failed. ${reason}`);
    }
  }

  #set(state: MachineState): void {
    this.#state = state;
    this.changed();
  }
}
