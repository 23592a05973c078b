/** The server's flags in its answers. */

/** The statement is part of a transaction that is open. */
const IN_TRANSACTION = 1;

/** The part of a mysql2 command that receives each packet of its answer. */
interface Command {
  execute?: (packet?: Packet, ...more: unknown[]) => unknown;
}

interface Packet {
  isEOF?(): boolean;
  eofStatusFlags?(): number;
}

/**
 * Reports the flags behind rows, which the driver drops.
 *
 * @param command - What the driver returned; not a command where a program that observes the driver has
 *   replaced its methods, and then nothing is reported.
 */
export function onEndOfRows(command: unknown, report: (flags: number) => void): void {
  const receiver = (command ?? {}) as Command;
  const { execute } = receiver;
  if (typeof execute !== 'function') return;
  receiver.execute = function (packet, ...more) {
    if (packet?.isEOF?.()) report(packet.eofStatusFlags?.() ?? 0);
    return execute.call(this, packet, ...more);
  };
}

/**
 * Whether the server answered within an open transaction.
 *
 * @param result - The driver's result.
 * @param flags - The flags behind its rows.
 */
export function isInTransaction(result: unknown, flags: number): boolean {
  const { serverStatus = 0 } = result as { serverStatus?: number };
  return ((flags | serverStatus) & IN_TRANSACTION) !== 0;
}
