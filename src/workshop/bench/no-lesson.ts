/**
 * Where `#sessions` lands when no condition, or one that does not exist, was given.
 *
 * Node falls through to the default silently, so a mistyped condition must not find a class that
 * happens to pass. The export exists because Node otherwise complains about a missing export
 * before this sentence can be read.
 */
export const Sessions: undefined = undefined;

throw new Error(
  'No lesson was chosen. Run tests through `npm run lesson 3`, or name a class yourself: ' +
    'node -C lesson-03 --import tsx --test lessons/03-write/sessions.test.ts',
);
