/** Returns the message of a thrown value, which may be of any type. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The command line names something that does not exist; the process exits with code 2. */
export class InvalidCommand extends RangeError {
  override name = 'InvalidCommand';
}
