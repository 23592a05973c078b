/**
 * The target of `#sessions` when the condition is missing or unknown.
 *
 * Node falls back to the default silently, and a mistyped condition must not find a class that
 * happens to pass. The export exists because Node otherwise complains about a missing export
 * before this sentence can be read.
 */
export const Sessions: undefined = undefined;

throw new Error(
  'No lesson was chosen. Run tests through `npm run lesson 3`, or name a class yourself: ' +
    'node -C lesson-03 --import tsx --test lessons/03-write/sessions.test.ts',
);
