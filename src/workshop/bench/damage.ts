/**
 * The damage that a test does on purpose: a cut connection, a renamed table. The errors that the class
 * gets from it are part of the test and not its result.
 */
import type { Gate } from '../wire/gate.ts';

interface Kind {
  /** The test's deed, for its sentence. */
  deed: string;
  /** Recognises the errors that follow from it. */
  causes: RegExp;
}

const cut: Kind = {
  deed: 'cut a connection',
  causes: /PROTOCOL_CONNECTION_LOST|ECONNRESET|EPIPE|closed state|Connection lost/,
};
const rename: Kind = { deed: 'moved the table away', causes: /ER_NO_SUCH_TABLE/ };

/** The damage of the running test. */
export class Damage {
  readonly #kinds: Set<Kind> = new Set();

  /** Notes a statement that the test runs beside the class. */
  noteStatement(sql: string): void {
    if (/^\s*KILL\b/i.test(sql)) this.#kinds.add(cut);
    if (/^\s*(RENAME|DROP) TABLE\b/i.test(sql)) this.noteMissingTable();
  }

  /** Notes that the test moves the table away. */
  noteMissingTable(): void {
    this.#kinds.add(rename);
  }

  /** Makes a gate that notes its cut. */
  watch(gate: Gate): Gate {
    return {
      arrived: gate.arrived,
      reached: (call) => gate.reached(call),
      statements: gate.statements,
      open: () => gate.open(),
      cut: () => {
        this.#kinds.add(cut);
        gate.cut();
      },
    };
  }

  /** True for an error that follows from the damage. */
  explains(error: unknown): boolean {
    if (!(error instanceof Error)) return false;
    const text = `${'code' in error ? error.code : ''} ${error.message}`;
    return [...this.#kinds].some(({ causes }) => causes.test(text));
  }

  /** Declares the damage; undefined when the test did none. */
  get sentence(): string | undefined {
    const deeds = [...this.#kinds].map(({ deed }) => deed);
    if (deeds.length === 0) return undefined;
    return `the test itself ${deeds.join(' and ')}, on purpose`;
  }

  /** Begins the next test. */
  reset(): void {
    this.#kinds.clear();
  }
}
