/** A contract is a list of cases: data that a test runner, the board and a page of the site share. */

/**
 * The weight of a case:
 *
 * - `required`: without it, sessions are lost, mixed up or open to others.
 * - `recommended`: a site with overlapping requests or a database that fails needs it.
 * - `optional`: worth having.
 */
export type Level = 'required' | 'recommended' | 'optional';

/**
 * One promise of a contract.
 *
 * @typeParam Subject - What the case is run on.
 */
export interface ContractCase<Subject> {
  /** The method or the part that the case is about: `get`, `touch`, `logout`. */
  readonly about: string;
  /** The promise that the case checks, as the test's name. */
  readonly name: string;
  /** How much the promise matters. */
  readonly level: Level;
  /** The harm that a broken promise does. */
  readonly why: string;
  /** The part of the subject that the case needs; without it the case is skipped. @default none */
  readonly needs?: string | undefined;
  /**
   * Runs the case.
   *
   * @param subject - The store or the adapter to test.
   * @throws NotApplicable where the subject lacks the part; any other error where it fails.
   */
  run(subject: Subject): Promise<void>;
}

/**
 * Thrown by a case that its subject has no part for, such as a store without `touch()`.
 *
 * @example
 * new NotApplicable('it has no touch()').message; // 'it has no touch()'
 */
export class NotApplicable extends Error {
  /** The error's class. */
  override name = 'NotApplicable';
}

/** The argument of a test: node:test and vitest give it `skip()`, and Mocha has that on `this`. */
export interface RunnerContext {
  /**
   * Marks the running test as skipped.
   *
   * @param reason - The part that the subject lacks, for the runner's report.
   */
  skip?: ((reason?: string) => unknown) | undefined;
}

/**
 * A runner's `test`, as of node:test, vitest and mocha.
 *
 * @param name - The test's name.
 * @param run - The test; it fails if its promise is rejected.
 */
export type RunnerTest = (name: string, run: (context?: RunnerContext) => Promise<void>) => unknown;

/** Options that every contract takes. */
export interface ContractOptions<Subject> {
  /** The runner's `test`, or its `it`. */
  readonly test: RunnerTest;
  /** Returns the subject of one case; it may be the same for all. */
  readonly create: () => Subject | Promise<Subject>;
  /** Put before each name: the name of the store or adapter. @default '' */
  readonly name?: string | undefined;
  /**
   * Chooses the cases, by their level for example.
   *
   * @param each - A case of the contract.
   * @returns False to leave the case out.
   * @default all
   */
  readonly cases?: ((each: ContractCase<Subject>) => boolean) | undefined;
}

/** Registers a test for each case. */
export function register<Subject>(
  all: readonly ContractCase<Subject>[],
  { test, create, name, cases = () => true }: ContractOptions<Subject>,
): void {
  for (const each of all.filter(cases)) {
    const title = `${name === undefined ? '' : `${name}: `}${each.about}: ${each.name}`;
    // A declared parameter would be the callback of Mocha and Jest, which then take no promise.
    test(title, async function run(this: RunnerContext | undefined, ...given: unknown[]) {
      try {
        await each.run(await create());
      } catch (error) {
        const context = (given[0] ?? this) as RunnerContext | undefined;
        if (!(error instanceof NotApplicable) || context?.skip === undefined) throw error;
        context.skip(error.message);
      }
    });
  }
}

/**
 * Returns a part of the subject.
 *
 * @throws NotApplicable without it.
 */
export function part<Part>(value: Part | undefined, lacking: string): Part {
  if (value === undefined) throw new NotApplicable(lacking);
  return value;
}

/** A gate: `closed` ends when `open()` is called. */
export function gate(): { closed: Promise<void>; open: () => void } {
  let open = (): void => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
}
