/**
 * Milliseconds after which a test takes a wait for a hang. A computer that is busy with all tests
 * needs minutes for what takes a second alone; who runs one file waits for its red test.
 */
export const HANG: number = Number(process.env['WORKSHOP_HANG'] ?? 60_000);
