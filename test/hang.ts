/**
 * Milliseconds after which a test takes a wait for a hang. A computer that is busy with many tests
 * needs minutes for what takes a second alone, so no limit of a test is shorter.
 */
export const HANG = 600_000;
