/** The ways in which a command ends. */

/** Exit codes: `usage` before anything was sent, `failed` after the server has answered. */
export const EXIT_CODES = { fine: 0, failed: 1, usage: 2, unreachable: 3 } as const;

/** A server's error for messages. MariaDB gives numbers from 1900 to other errors than MySQL, whose names the driver has. */
export function errorName({ errno, code }: { errno?: unknown; code?: unknown }): string {
  return Number(errno) < 1900 && code !== undefined ? String(code) : `error ${String(errno)}`;
}

/** A wrong command line or configuration: nothing was sent. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The table, or what is in it, is not as the command line demands. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** The server cannot be reached, or refuses the login. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/** Ctrl-C, the end of the terminal, or of the program that reads the output. */
export class Interrupted extends Error {
  readonly code: number;

  /** @param code - The exit code. */
  constructor(code: number) {
    super('interrupted');
    this.code = code;
  }
}

/** The reader has closed the pipe, as in `phpsessid list | head`; exits as SIGPIPE would end it. */
export class PipeClosed extends Interrupted {
  constructor() {
    super(141);
  }
}
