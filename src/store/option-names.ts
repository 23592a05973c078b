/** The names of the options, for programs that no compiler has checked. */
import { SessionSetupError } from './errors.ts';

const NAMES = {
  pool: true,
  url: true,
  secrets: true,
  idle: true,
  absolute: true,
  touchAfter: true,
  strategy: true,
  onConflict: true,
  format: true,
  profile: true,
  table: true,
  columns: true,
  extra: true,
  seal: true,
  leaseTable: true,
  leaseTime: true,
  lockTimeout: true,
  statementTimeout: true,
  timeout: true,
  oneWriter: true,
  maxPerUser: true,
  cache: true,
  batch: true,
  gc: true,
};

/**
 * Refuses a name that is no option: with `idel: 60`, sessions would live for the default of `idle`.
 *
 * @throws SessionSetupError.
 */
export function requireKnown(options: object): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown === undefined) return;
  throw new SessionSetupError(
    `there is no option ${JSON.stringify(unknown)}: there are ${Object.keys(NAMES).join(', ')}`,
  );
}
